//! Memory ahead of time.
//!
//! Of very many players the one whose event is next lies in none of the caches. Between two looks at his state lies more work than the
//! processor sees ahead, so it would wait for one line of memory after the other. Here they are read at once, none after another.

use std::hint::black_box;

use super::{MissionState, Missions, State};

/// Bytes of a line of memory.
pub(crate) const LINE: usize = 64;

impl State {
    /// Reads a word of each piece of memory that nearly every event needs. What it reads is nothing to anybody.
    pub(crate) fn fetch(&self) {
        let own = self.accepted
            ^ self.caps.len() as u64
            ^ self.grants.len() as u64
            ^ self.taken
            ^ self.points.first().map_or(0, |account| account.earned_n)
            ^ self.tiers.first().map_or(0, |tier| tier.changes);
        let lists =
            self.missions.lines() ^ self.orders.lines() ^ self.tail.lines() ^ self.filter.lines();
        black_box(own ^ lists);
    }
}

impl Missions {
    /// As [`State::fetch`], of those that do not lie in the list: a snapshot has them all.
    pub(crate) fn fetch_all(&self) {
        let lines = self.all_whole().map(|(_, state)| state.lines());
        black_box(lines.fold(0, |all, lines| all ^ lines));
    }
}

impl MissionState {
    /// Of its first line and of its last.
    fn lines(&self) -> u64 {
        let parts = self.slots.first().map_or(0, |slot| slot.parts.len());
        self.standing ^ parts as u64 ^ u64::from(self.course.is_some())
    }
}
