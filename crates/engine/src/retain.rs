//! Letting the log forget what nothing will read again, where a retention is set.
//!
//! What is needed: everything after the head's cursor, and of players that are set aside everything after the place from which their
//! records wait. Emissions that wait have rows of their own, and what players did long ago stands in their journals. At each look the
//! partition says how far it lets go; a log that cannot be asked is asked again at the next.

use std::rc::Rc;
use std::time::Duration;

use ports::{EventLog, ReadError};
use tokio::time::Instant;
use types::{Partition as PartitionId, Position};

use crate::config::Clock;
use crate::context::Tenure;
use crate::error::RepairError;
use crate::partition::Partition;

/// How long the log keeps what nothing needs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// At least so long, by the time the records carry.
    pub keep: Duration,
    /// Between two looks of a partition.
    pub every: Duration,
}

impl Retention {
    /// Looked at every ten minutes.
    pub fn of(keep: Duration) -> Self {
        Self {
            keep,
            every: Duration::from_secs(600),
        }
    }
}

/// When a partition looks again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextLook(Option<Instant>);

impl NextLook {
    /// The first ones of the partitions are spread over the time between two.
    pub(crate) fn first(tenure: &Tenure) -> Self {
        let of = u32::from(tenure.ports.log.partitions().max(1));
        let share =
            |retention: Retention| retention.every / of * (u32::from(tenure.partition.0) + 1);
        let retention = tenure.config.retention;
        Self(retention.map(|retention| Instant::now() + share(retention)))
    }
}

impl Partition {
    /// Says to the log how far it may forget, when it is time.
    pub(crate) fn retain(&mut self) {
        let (Some(retention), Some(next)) = (self.tenure.config.retention, self.next_look.0) else {
            return;
        };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next_look = NextLook(Some(now + retention.every));
        let floor = self.needed_after();
        let clock = match self.tenure.config.clock {
            Clock::Log => (self.tenure.config.now)(),
            Clock::Event => self.checkpoints.cursor.clock,
        };
        let nanos = i64::try_from(retention.keep.as_nanos()).unwrap_or(i64::MAX);
        let before = clock.saturating_add_nanos(-nanos);
        let tenure = Rc::clone(&self.tenure);
        self.tasks.spawn_local(async move {
            let (log, partition) = (&tenure.ports.log, tenure.partition);
            match log.truncate(partition, floor, before).await {
                Ok(kept) => {
                    tenure.measures.log_begins(kept);
                    tracing::debug!(%partition, %floor, %kept, "the log is kept after this");
                }
                Err(error) => {
                    tracing::warn!(%partition, %floor, %error, "the log is not truncated")
                }
            }
        });
    }

    /// Everything after it may be read again.
    fn needed_after(&self) -> Position {
        let waiting = self.slots.all_aside().map(|(_, aside)| aside.from.position);
        let cursor = self.checkpoints.cursor.position;
        waiting.fold(cursor, Position::min)
    }
}

/// Refuses to fold a player from the log's beginning where that is gone: what its state has of it would be lost.
pub(crate) async fn is_whole(
    log: &dyn EventLog,
    partition: PartitionId,
) -> Result<(), RepairError> {
    match log.read(partition, Position::START).await {
        Err(error @ ReadError::Truncated { .. }) => Err(RepairError::StillBroken(format!(
            "it cannot be folded from the log's beginning, since {error}; repair it on its snapshot"
        ))),
        // What is wrong besides is seen, and said, when it is read.
        Ok(_) | Err(_) => Ok(()),
    }
}
