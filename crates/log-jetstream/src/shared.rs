//! What appends and readers of one log have in common.

use std::sync::atomic::{AtomicU64, Ordering};

use ports::ReadError;
use types::{Partition, Position, Timestamp};

use crate::api::{Api, ApiError};
use crate::frame::{self, Frame, Record, Seed};
use crate::identity;
use crate::layout::Layout;
use crate::settings::Clock;

pub(crate) struct Shared {
    pub(crate) api: Api,
    pub(crate) layout: Layout,
    pub(crate) clock: Clock,
    /// The log's own number.
    pub(crate) log: u64,
    /// The incarnation as it was last read.
    pub(crate) incarnation: AtomicU64,
}

/// A partition's last message.
pub(crate) struct Last {
    pub(crate) position: Position,
    /// The server's stamp.
    pub(crate) stamp: Timestamp,
    /// The recorded time of its last record.
    pub(crate) time: Timestamp,
}

impl Shared {
    pub(crate) fn seed(&self, partition: Partition) -> Seed {
        Seed::new(self.log, partition)
    }

    /// The partition's clock after a message that came at a server's `stamp`.
    pub(crate) fn after(&self, clock: Timestamp, stamp: Timestamp, frame: &Frame) -> Timestamp {
        let records = frame.records.iter();
        records.fold(clock, |clock, record| self.at(clock, stamp, record))
    }

    /// The recorded time of a message's record, where the partition's clock was at `clock`.
    pub(crate) fn at(&self, clock: Timestamp, stamp: Timestamp, record: &Record) -> Timestamp {
        match self.clock {
            Clock::Server => clock.max(stamp),
            Clock::Event => record.own_time.map_or(clock, |time| clock.max(time)),
        }
    }

    /// Whether the log has such a partition.
    pub(crate) fn checked(&self, partition: Partition) -> Result<(), String> {
        let partitions = self.layout.partitions;
        match partition.0 < partitions {
            true => Ok(()),
            false => Err(format!("partition {partition} of a log with {partitions}")),
        }
    }

    /// The incarnation as the record says it now.
    pub(crate) async fn refresh(&self) -> Result<u64, ReadError> {
        let standing = identity::read(&self.api, &self.layout).await;
        let standing = standing.map_err(|trouble| ReadError::Unavailable(trouble.into_text()))?;
        // Without its record the log is not the one that was opened.
        let record = standing
            .map(|standing| standing.record)
            .filter(|record| record.log == self.log)
            .ok_or(ReadError::OtherIncarnation)?;
        self.incarnation
            .store(record.incarnation, Ordering::Release);
        Ok(record.incarnation)
    }

    /// The last record of a partition; `None` where there is none.
    pub(crate) async fn last(&self, partition: Partition) -> Result<Option<Last>, ReadError> {
        let stream = self.layout.stream_of(partition);
        let stored = self
            .api
            .last(&stream, &self.layout.subject(partition))
            .await
            .map_err(|error| unavailable(&error))?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let Some(frame) = frame::decode(self.seed(partition), &stored.body) else {
            tracing::error!(%partition, sequence = stored.sequence, "the partition's last message is no batch of this log");
            return Err(ReadError::OtherIncarnation);
        };
        Ok(Some(Last {
            position: Position {
                sequence: stored.sequence,
                index: (frame.records.len() as u32).saturating_sub(1),
            },
            stamp: stored.time,
            time: self.after(Timestamp::MIN, stored.time, &frame),
        }))
    }
}

/// For a reader any failed request is passing.
pub(crate) fn unavailable(error: &ApiError) -> ReadError {
    ReadError::Unavailable(error.to_string())
}
