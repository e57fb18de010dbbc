//! What is due by time alone: worked out anew from the whole life each time it is asked.

use types::Timestamp;

use super::emission::Cause;
use super::life::Life;

/// What fires; of one instant in this order, then in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// An offer lapses: its mission's index, and its completion's.
    Claim(usize, usize),
    /// A mission's streak breaks: its index.
    Streak(usize),
    /// A tier set is reviewed: its index.
    TierReview(usize),
}

impl Life<'_> {
    /// The next timer after everything that has happened, and when.
    pub(super) fn next_timer(&self) -> Option<(Timestamp, Timer)> {
        let sets = 0..self.programme.tiers.len();
        let reviews = sets.filter_map(|set| Some((self.next_review(set)?, Timer::TierReview(set))));
        let missions = 0..self.programme.missions.len();
        let streaks = missions.filter_map(|ix| Some((self.next_break(ix)?, Timer::Streak(ix))));
        let lapses = self.next_lapse().into_iter();
        let lapses = lapses.map(|(due, mission, ix)| (due, Timer::Claim(mission, ix)));
        // After the end of time nothing happens.
        reviews
            .chain(streaks)
            .chain(lapses)
            .filter(|(due, _)| *due < Timestamp::MAX)
            .min()
    }

    /// Fires a timer that is due.
    pub(super) fn fire(&mut self, due: Timestamp, timer: Timer) {
        match timer {
            Timer::Claim(_, completion) => self.lapse(completion, due),
            Timer::Streak(mission) => {
                let name = format!("streak/{}", self.programme.missions[mission].id);
                self.break_chains(mission, due, Cause::Timer { name: &name, due });
            }
            Timer::TierReview(set) => {
                let name = format!("tier_review/{}", self.programme.tiers[set].id);
                self.review(set, due, Cause::Timer { name: &name, due });
            }
        }
    }
}
