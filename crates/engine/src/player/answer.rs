//! What a player answers its partition after records.

use tokio::sync::mpsc;
use types::{Position, Timestamp};

use crate::pump::Queued;
use crate::row::Emitted;
use crate::slots::SlotId;

/// What became of a player's records; `None`: the actor is gone, and with it what it held since its last snapshot.
pub(crate) type Answered = (SlotId, Option<Box<Worked>>);

/// Owes the partition an answer, and gives it whatever happens: a message is dropped with the actor that it was for. All players' answers
/// come in one queue, which wakes the partition once for as many as are there.
pub(crate) struct Answer {
    id: SlotId,
    to: Option<mpsc::UnboundedSender<Answered>>,
}

impl Answer {
    pub(crate) fn new(id: SlotId, to: &mpsc::UnboundedSender<Answered>) -> Self {
        Self {
            id,
            to: Some(to.clone()),
        }
    }

    pub(super) fn give(mut self, worked: Worked) {
        self.send(Some(Box::new(worked)));
    }

    fn send(&mut self, worked: Option<Box<Worked>>) {
        if let Some(to) = self.to.take() {
            // A partition that has ended asks no more.
            drop(to.send((self.id, worked)));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.send(None);
    }
}

/// What became of the records.
pub(crate) struct Worked {
    pub(crate) emitted: Vec<Emitted>,
    pub(crate) outcomes: [u32; 5],
    pub(crate) folded: usize,
    /// How many of them were ticks.
    pub(crate) ticks: usize,
    /// When the next timer is due.
    pub(crate) due: Option<Timestamp>,
    pub(crate) applied: Position,
    /// Anything was folded, rather than skipped as folded already.
    pub(crate) changed: bool,
    pub(crate) known: bool,
    pub(crate) bytes: usize,
    pub(crate) spent_ns: u64,
    /// What is left, and the segments that its first record needs.
    pub(crate) rest: Vec<Queued>,
    pub(crate) wants: Vec<u32>,
    /// An invariant is violated at the first record of the rest.
    pub(crate) broken: Option<String>,
    /// The record there was to be passed over as applied, and is another.
    pub(crate) foreign: Option<Position>,
}
