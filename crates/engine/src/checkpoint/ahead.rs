//! A checkpoint for its own sake: before a partition is handed over, while it is still folded, so that the last one has little left.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use types::Partition as PartitionId;

use super::Stage;
use crate::handle::EngineHandle;
use crate::partition::Partition;
use crate::query::Command;

/// Checkpoints written ahead, at most: what the fold changes meanwhile is left to the last one.
const ROUNDS: usize = 3;
/// A checkpoint that took no longer leaves little to the next.
const SHORT: Duration = Duration::from_millis(200);
/// How long all of them may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Who waits for one.
pub(crate) struct Ahead {
    /// The number of the cut that has to be written; it has not begun yet.
    number: i64,
    written: oneshot::Sender<()>,
}

impl EngineHandle {
    /// Has the partition written while it goes on, until a checkpoint takes only a moment: what a release writes is not folded meanwhile.
    /// An aid: it gives up after some seconds.
    pub async fn write_ahead(&self, partition: PartitionId) {
        let rounds = async {
            for _ in 0..ROUNDS {
                let began = Instant::now();
                let (written, wait) = oneshot::channel();
                let Some(commands) = self.place(partition).and_then(|it| it.commands()) else {
                    return;
                };
                let asked = commands.send(Command::WriteAhead(written)).await;
                if asked.is_err() || wait.await.is_err() || began.elapsed() < SHORT {
                    return;
                }
            }
        };
        if timeout(WITHIN, rounds).await.is_err() {
            tracing::warn!(%partition, "much is left to the last checkpoint");
        }
    }
}

impl Partition {
    /// Takes a cut as soon as it can.
    pub(crate) fn write_ahead(&mut self, written: oneshot::Sender<()>) {
        let number = self.checkpoints.number + 1;
        self.checkpoints.ahead.push(Ahead { number, written });
    }

    /// Whether somebody waits for a cut that has not begun.
    pub(super) fn is_wanted(&self) -> bool {
        let mut ahead = self.checkpoints.ahead.iter();
        ahead.any(|ahead| ahead.number > self.checkpoints.number)
    }

    /// Tells those whose cut is written, or who wait for nothing.
    pub(super) fn answer_ahead(&mut self) {
        let is_idle = matches!(self.checkpoints.stage, Stage::Idle | Stage::Releasing(_));
        if self.checkpoints.ahead.is_empty() || !is_idle {
            return;
        }
        let nothing_new = !self.has_unwritten();
        for ahead in std::mem::take(&mut self.checkpoints.ahead) {
            if nothing_new || ahead.number <= self.checkpoints.number {
                // Who asked may have gone.
                let _gone = ahead.written.send(());
            } else {
                self.checkpoints.ahead.push(ahead);
            }
        }
    }
}
