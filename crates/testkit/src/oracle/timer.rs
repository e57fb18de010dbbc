//! What is due by time alone: worked out anew from the whole life each time it is asked.

use std::collections::{BTreeMap, BTreeSet};

use types::{PlayerId, Timestamp};

use super::emission::Cause;
use super::life::{Life, Why};

/// What fires; of one instant in this order, then in file order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// An offer lapses: its mission's index, and its completion's.
    Claim(usize, usize),
    /// Points expire: their index.
    Expiry(usize),
    /// A hold is over: the points, its id.
    Hold(String, usize),
    /// A mission's streak breaks: its index.
    Streak(usize),
    /// A tier set is reviewed: its index.
    TierReview(usize),
}

/// Every player's next timer. The first of all fires first: by time, player, kind and place in the file.
#[derive(Default)]
pub(super) struct Timers {
    all: BTreeSet<(Timestamp, PlayerId, Timer)>,
    of: BTreeMap<PlayerId, (Timestamp, Timer)>,
}

impl Timers {
    /// Asks a player anew, to whom something has happened.
    pub(super) fn ask(&mut self, life: &Life<'_>) {
        if let Some((due, timer)) = self.of.remove(&life.player) {
            self.all.remove(&(due, life.player.clone(), timer));
        }
        if let Some((due, timer)) = life.next_timer() {
            self.of.insert(life.player.clone(), (due, timer.clone()));
            self.all.insert((due, life.player.clone(), timer));
        }
    }

    /// The next one, where it is due by then.
    pub(super) fn take(&mut self, by: Timestamp) -> Option<(Timestamp, PlayerId, Timer)> {
        self.all.first().filter(|(due, ..)| *due <= by)?;
        self.all.pop_first()
    }
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
        let expiries = (0..self.programme.points.len()).filter_map(|points| {
            let due = self.purse(points).next_expiry()?;
            Some((due, Timer::Expiry(points)))
        });
        let holds = (0..self.programme.points.len()).flat_map(|points| {
            let open = self.purse(points).holds.into_iter();
            open.map(move |held| (held.until, Timer::Hold(held.id, points)))
        });
        let all = reviews
            .chain(streaks)
            .chain(lapses)
            .chain(expiries)
            .chain(holds);
        all.filter(|(due, _)| *due < Timestamp::MAX).min()
    }

    /// Fires a timer that is due.
    pub(super) fn fire(&mut self, due: Timestamp, timer: Timer) {
        match timer {
            Timer::Claim(_, completion) => self.lapse(completion, due),
            Timer::Expiry(points) => {
                let name = format!("expiry/{}", self.programme.points[points].id);
                self.let_lapse(points, due, Cause::Timer { name: &name, due });
            }
            Timer::Hold(id, points) => {
                let name = format!("hold/{id}");
                self.let_lapse(points, due, Cause::Timer { name: &name, due });
            }
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

    /// Holds that are over end, and what is past its time then is gone: one fact for one instant.
    fn let_lapse(&mut self, points: usize, due: Timestamp, cause: Cause<'_>) {
        for held in self.purse(points).holds {
            if held.until <= due {
                self.note(points, 0, Why::Released(held.id), due);
            }
        }
        self.expire(points, due, cause);
    }
}
