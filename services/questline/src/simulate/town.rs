//! What players share where no log lies between them: stocks, and an order of time for everybody's timers.

use std::collections::BTreeSet;

use programme::model::Programme;
use progression::{Decision, Stocks, Subject};
use types::Timestamp;

/// Stocks, and who is due when. `Id` orders the timers of one instant.
#[derive(Clone, Debug)]
pub(crate) struct Town<Id> {
    pub(crate) stocks: Stocks,
    timers: BTreeSet<(Timestamp, Id)>,
}

impl<Id> Default for Town<Id> {
    fn default() -> Self {
        Self {
            stocks: Stocks::new(),
            timers: BTreeSet::new(),
        }
    }
}

impl<Id: Ord + Clone> Town<Id> {
    /// Takes the earliest timer that is due by `now`.
    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<(Timestamp, Id)> {
        let (at, _) = self.timers.first()?;
        (*at <= now).then(|| self.timers.pop_first()).flatten()
    }

    /// Delivers what a decision tells.
    pub(crate) fn told(
        &mut self,
        programme: &Programme,
        subject: Subject<'_>,
        decision: &Decision,
    ) {
        for tell in &decision.tells {
            self.stocks.deliver(programme, subject, tell);
        }
    }

    /// A player's next timer is another one now.
    pub(crate) fn waits(
        &mut self,
        id: Id,
        before: &mut Option<Timestamp>,
        next: Option<Timestamp>,
    ) {
        if let Some(before) = std::mem::replace(before, next) {
            self.timers.remove(&(before, id.clone()));
        }
        self.timers.extend(next.map(|next| (next, id)));
    }
}
