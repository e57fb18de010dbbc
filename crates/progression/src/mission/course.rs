//! What of a mission is the player's for good: joining, the start, the runs of a rolling window.

use types::Timestamp;

use crate::codec::{DecodeError, Reader, Writer};

/// Reopened runs that are remembered: the newest.
const MOVED_MAX: usize = 64;

/// Kept only where one of it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// Since when the player has joined.
    pub(crate) opted_in: Option<Timestamp>,
    /// Since when the window from the player's start runs.
    pub(crate) started: Option<Timestamp>,
    /// Runs of a rolling window that have been completed, reopened ones included.
    pub(crate) runs: u32,
    /// When the events of the earliest standing completions occurred, by time; kept where another mission waits for this one.
    pub(crate) unlocks: Vec<Timestamp>,
    /// Reopened runs, and for which run their events have counted since.
    moved: Vec<(u32, u32)>,
}

impl Course {
    /// The run that counts now.
    pub(crate) fn next_run(&self) -> u32 {
        self.runs.saturating_add(1)
    }

    /// A run has been reopened and its events count for the next one.
    pub(super) fn free(&mut self, run: u32) {
        if self.moved.len() >= MOVED_MAX {
            self.moved.remove(0);
        }
        self.moved.push((run, self.next_run()));
    }

    /// Where the events are that were to count for a run.
    pub(super) fn landed(&self, run: u32) -> u32 {
        // By time, and each points further on: one pass follows them all.
        let follow = |run, (from, to): &(u32, u32)| if *from == run { *to } else { run };
        self.moved.iter().fold(run, follow)
    }

    pub(crate) fn bytes(&self) -> usize {
        let unlocks = self.unlocks.capacity() * size_of::<Timestamp>();
        size_of::<Self>() + unlocks + self.moved.capacity() * size_of::<(u32, u32)>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        for at in [self.opted_in, self.started] {
            writer.flag(at.is_some());
            if let Some(at) = at {
                writer.time(at);
            }
        }
        writer.number(u64::from(self.runs));
        writer.length(self.moved.len());
        for (from, to) in &self.moved {
            writer.number(u64::from(*from));
            writer.number(u64::from(*to));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let time = |reader: &mut Reader<'_>| match reader.flag()? {
            true => reader.time().map(Some),
            false => Ok(None),
        };
        Ok(Self {
            opted_in: time(reader)?,
            started: time(reader)?,
            runs: reader.number32()?,
            unlocks: Vec::new(),
            moved: (0..reader.length()?)
                .map(|_| Ok((reader.number32()?, reader.number32()?)))
                .collect::<Result<_, DecodeError>>()?,
        })
    }
}
