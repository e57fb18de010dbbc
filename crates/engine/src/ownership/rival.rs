//! Another process's lease under the node's own name: of the one before, that was killed, or of one that runs beside it.

use std::time::Duration;

use ports::OwnerId;

/// So many heartbeats after the refusal are no remains of one that has ended.
const RUNS: u32 = 3;

/// The process whose lease stands under the name.
#[derive(Debug)]
pub(super) struct Rival {
    pub(super) process: OwnerId,
    /// When it was met, or last heard.
    heard: Duration,
    beats: u32,
}

impl Rival {
    pub(super) fn new(process: OwnerId, now: Duration) -> Self {
        Self {
            process,
            heard: now,
            beats: 0,
        }
    }

    pub(super) fn hear(&mut self, process: OwnerId, now: Duration) {
        if process == self.process {
            self.heard = now;
            self.beats += 1;
        }
    }

    /// It is there: two processes were given one name.
    pub(super) fn runs(&self) -> bool {
        self.beats >= RUNS
    }

    /// Nothing was heard of it for so long: its lease may be ended.
    pub(super) fn is_gone(&self, now: Duration, silence: Duration) -> bool {
        now.saturating_sub(self.heard) >= silence
    }
}
