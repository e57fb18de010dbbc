//! What is due by time alone: worked out anew from the whole life each time it is asked.

use types::Timestamp;

use super::emission::Cause;
use super::life::Life;

/// What fires; of one instant in this order, then in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A tier set is reviewed: its index.
    TierReview(usize),
}

impl Life<'_> {
    /// The next timer after everything that has happened, and when.
    pub(super) fn next_timer(&self) -> Option<(Timestamp, Timer)> {
        let sets = 0..self.programme.tiers.len();
        let reviews = sets.filter_map(|set| Some((self.next_review(set)?, Timer::TierReview(set))));
        // After the end of time nothing happens.
        reviews.filter(|(due, _)| *due < Timestamp::MAX).min()
    }

    /// Fires a timer that is due.
    pub(super) fn fire(&mut self, due: Timestamp, timer: Timer) {
        match timer {
            Timer::TierReview(set) => {
                let name = format!("tier_review/{}", self.programme.tiers[set].id);
                self.review(set, due, Cause::Timer { name: &name, due });
            }
        }
    }
}
