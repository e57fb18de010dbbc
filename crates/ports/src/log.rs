//! The log.

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use types::{Partition, Position, Timestamp};

/// A partitioned, durable log.
///
/// - Records of a partition have strictly increasing positions and never change.
/// - `append` returns after the whole batch is durable. The batch becomes one log message: one sequence, indexes from 0.
/// - Batches appended to one partition by one caller, one after the other, stand in that order. What another caller appends at the
///   same time may stand before, between or after.
/// - A record's time never runs back within its partition, as one reader gives it. Where several clocks stamp the log, readers that begin
///   at different places may differ by what the clocks do: who folds keeps the running maximum with its cursor.
/// - A reader gives every record once, in order, from any position, or an error.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// How many partitions there are: fixed when the log was made.
    fn partitions(&self) -> u16;

    /// Which log this is: another number means that positions stored before mean nothing here, see [`is_same_log`]. As it was
    /// when this was last heard of: a reader that is opened hears of it.
    fn incarnation(&self) -> u64;

    /// Ends the incarnation `ended` and begins the next: for the owner that found that positions given under `ended` are gone, or were
    /// given a second time. Several may find it at once: all get the same number. A log that only one process reads may keep its number,
    /// since nobody else holds positions of it. What stands in the log stays.
    ///
    /// # Errors
    /// `OtherIncarnation` if the log is neither at `ended` nor at the next: [`Self::incarnation`] says at which. `Unavailable`.
    async fn begin_incarnation(&self, ended: u64) -> Result<u64, ReadError>;

    /// Makes the entries durable as one message of the partition, in order. Never called with none.
    async fn append(
        &self,
        partition: Partition,
        entries: Vec<Entry>,
    ) -> Result<Appended, AppendError>;

    /// A reader of the records after a position.
    async fn read(
        &self,
        partition: Partition,
        after: Position,
    ) -> Result<Box<dyn LogReader>, ReadError>;

    /// Lets the log forget what a partition holds up to `cursor` and recorded before `recorded_before`, whichever is earlier. It may keep
    /// more, and it never removes anything after `cursor`: who read that last reads on. Positions and the incarnation stay as they are.
    /// Gives the position after which everything is kept, which never goes back; who reads from before it is told
    /// [`ReadError::Truncated`].
    ///
    /// `cursor` is the lowest of everything that will ever be read from again. At the start nothing is removed. A log that keeps everything
    /// for ever does nothing here.
    ///
    /// # Errors
    /// `OtherIncarnation` if the log never gave `cursor`: nothing is removed then. `Unavailable`: whether anything was removed is not known.
    async fn truncate(
        &self,
        _partition: Partition,
        _cursor: Position,
        _recorded_before: Timestamp,
    ) -> Result<Position, ReadError> {
        Ok(Position::START)
    }

    /// What the log's own clock shows now; `None` where it has none: its records carry their times, or it stamps them by this machine's
    /// clock.
    async fn clock(&self) -> Result<Option<Timestamp>, ReadError> {
        Ok(None)
    }

    /// The position of the last durable record, and its time; [`Position::START`] and the earliest time where there is none.
    async fn end(&self, partition: Partition) -> Result<(Position, Timestamp), ReadError>;
}

/// Incarnations of one log that are further apart are none: it would have been restored every second for a century.
const INCARNATIONS_MAX: u64 = 1 << 32;

/// Whether two incarnations are of one log, before and after it was found restored; else they are two logs. A log that is made draws its
/// first number from all there are, and counts on from it.
pub fn is_same_log(one: u64, other: u64) -> bool {
    one.wrapping_sub(other) <= INCARNATIONS_MAX || other.wrapping_sub(one) <= INCARNATIONS_MAX
}

/// Reads one partition, in order.
#[async_trait]
pub trait LogReader: Send {
    /// The next records, at least one and at most `limit`; waits until there is one. Dropping the future loses nothing. After
    /// [`ReadError::Unavailable`] it may be called again, and goes on; after any other error the reader is at its end.
    async fn next(&mut self, limit: usize) -> Result<Vec<LogRecord>, ReadError>;
}

/// What is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The record's time where the log runs on event time; `None` where the log's own clock says it.
    /// Raised to the partition's last time where it lies before that.
    pub recorded_at: Option<Timestamp>,
    /// The record's bytes, at most 128 KiB.
    pub body: Bytes,
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Position of its first record; the others follow by index.
    pub first: Position,
}

/// One record as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Where it stands.
    pub position: Position,
    /// The log's time of it.
    pub recorded_at: Timestamp,
    /// Its bytes.
    pub body: Bytes,
}

/// Why nothing was appended, or why that is not known.
#[derive(Debug, Error)]
pub enum AppendError {
    /// No room: nothing was appended. Refuse intake until there is room.
    #[error("the log is full")]
    Full,
    /// Not reachable or stopping: nothing was appended. Try again.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// Whether the batch was appended is not known. Appending it again is safe: the core knows duplicates.
    #[error("unknown whether the batch was appended: {0}")]
    Unknown(String),
}

/// Why a reader cannot go on.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Records between the last one given and the next are missing.
    #[error("gap in the log after {after}")]
    Gap {
        /// The last position before the gap.
        after: Position,
    },
    /// The records asked for are older than the log keeps.
    #[error("the log begins after {first}: what stood before was removed")]
    Truncated {
        /// Everything after this position is kept.
        first: Position,
    },
    /// The log is not the one that the position came from.
    #[error("another incarnation of the log")]
    OtherIncarnation,
    /// Not reachable now. Try again.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
}
