//! Whether the partition's head still names this tenure.
//!
//! Another owner shows with the next head that is to be written, which in a quiet partition may be a minute away. Who has a reason to
//! doubt has the head read.

use std::rc::Rc;
use std::time::Duration;

use ports::{Head, StoreError};
use tokio::time::Instant;
use types::Partition as PartitionId;

use crate::error::{EngineError, QueryError};
use crate::handle::EngineHandle;
use crate::partition::{Event, Partition};
use crate::query::{Command, Reply};

/// An outcome is told only under a head that was seen within this time: the sender takes it for good.
const OUTCOME: Duration = Duration::from_secs(3);

/// Asks whether the head has named this tenure within this time.
pub(crate) struct Confirm {
    pub(crate) within: Duration,
    pub(crate) reply: Reply<()>,
}

impl EngineHandle {
    /// Has the partition's head read. Where it names another owner the partition stops by itself, and the answer is *moving*.
    pub async fn confirm(&self, partition: PartitionId) -> Result<(), QueryError> {
        self.confirm_within(partition, Duration::ZERO).await
    }

    /// Before an outcome is told, where there may be other owners.
    pub(crate) async fn confirm_outcome(&self, partition: PartitionId) -> Result<(), QueryError> {
        match self.is_shared() {
            true => self.confirm_within(partition, OUTCOME).await,
            false => Ok(()),
        }
    }

    async fn confirm_within(
        &self,
        partition: PartitionId,
        within: Duration,
    ) -> Result<(), QueryError> {
        let command = |reply| Command::Confirm(Confirm { within, reply });
        self.send(partition, command).await
    }
}

impl Partition {
    /// Answers at once where a head was seen lately, or once it has been read.
    pub(crate) fn confirm(&mut self, Confirm { within, reply }: Confirm) {
        if self.checkpoints.seen.elapsed() < within {
            drop(reply.send(Ok(())));
            return;
        }
        let tenure = Rc::clone(&self.tenure);
        let asked = Instant::now();
        self.await_event(async move {
            let head = tenure.ports.store.head(tenure.partition).await;
            Event::Confirmed(asked, head, reply)
        });
    }

    /// The head was read.
    pub(crate) fn confirmed(
        &mut self,
        asked: Instant,
        head: Result<Option<Head>, StoreError>,
        reply: Reply<()>,
    ) -> Result<(), EngineError> {
        let answer = match head {
            Ok(None) => return Err(self.tenure.head_gone()),
            Ok(Some(head)) if head.epoch != self.tenure.epoch => {
                return Err(self.tenure.fenced());
            }
            Ok(Some(_)) => {
                self.checkpoints.seen = self.checkpoints.seen.max(asked);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(partition = %self.tenure.partition, %error, "the head is not read");
                Err(QueryError::Overloaded)
            }
        };
        drop(reply.send(answer));
        Ok(())
    }
}
