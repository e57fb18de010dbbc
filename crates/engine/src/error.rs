//! What can go wrong, by what a caller does about it.

use thiserror::Error;
use types::{BrandId, Epoch, Partition, Position};

/// Why the engine did not start, or a partition stopped.
#[derive(Clone, Debug, Error)]
pub enum EngineError {
    /// The head was folded under another programme: the server was started with the wrong one, or wants a publish.
    #[error(
        "partition {partition} was folded under programme version {folded} of brand {brand}, but this server has {here}: start it \
         with that programme, then publish the other one to it"
    )]
    OtherProgramme {
        /// Which partition.
        partition: Partition,
        /// Whose programme.
        brand: BrandId,
        /// The version in the head.
        folded: Box<str>,
        /// The version given, or `none`.
        here: Box<str>,
    },
    /// A publication that the log names is not to be had, or cannot be read by this server.
    #[error("publication {number} of brand {brand}: {why}")]
    UnknownProgramme {
        /// Whose programme.
        brand: BrandId,
        /// Its number.
        number: u64,
        /// What is wrong.
        why: String,
    },
    /// The store of programmes does not say what is published.
    #[error("programmes: {0}")]
    Programmes(String),
    /// The log has another identity than the one folded, and nothing that was folded stands in it.
    #[error(
        "partition {partition}: the log is not the one that the store was folded from: {why}; put the log back that belongs to the \
         store, or give this log a store of its own (another keyspace, or with the store's folder moved aside an empty one), and the \
         server folds it from its beginning"
    )]
    ForeignLog {
        /// Which partition.
        partition: Partition,
        /// What differs.
        why: String,
    },
    /// The log is not the one whose records were folded, though its rungs are there: the partition is taken over again from where they
    /// part. It is an error where that does not help.
    #[error(
        "partition {partition}: the log is not the one that the store was folded from: another record than the applied one stands at \
         {position}; put the log back that belongs to the store, or move the store's folder aside and the server folds this log from \
         its beginning"
    )]
    OtherLog {
        /// Which partition.
        partition: Partition,
        /// Where another record stands.
        position: Position,
        /// Up to here it is the log that was folded.
        kept: Position,
    },
    /// The log stopped being the one that was read, or records of it are missing: the partition is taken over again, which compares the
    /// log with what was folded. It is an error where that does not help.
    #[error(
        "partition {partition}: the log cannot be read on after {after}: {why}; put a backup of the log back that holds what is missing"
    )]
    LogBroken {
        /// Which partition.
        partition: Partition,
        /// The last position that was read.
        after: Position,
        /// What the log said.
        why: String,
    },
    /// The log cannot be read from where the store stands: records are missing.
    #[error(
        "partition {partition}: the log cannot be read on: {why}; put a backup of the log back that holds what is missing"
    )]
    Log {
        /// Which partition.
        partition: Partition,
        /// What the log said.
        why: String,
    },
    /// This machine's clock is ahead of the log's: timestamps of writes would be of the future, and those of later owners would lose.
    #[error(
        "partition {partition} is not taken over: this machine's clock is {ahead_s} s ahead of the log's, and {most_s} s is the most: set \
         it (is NTP running?), or the clock of the log's servers"
    )]
    ClockAhead {
        /// Which partition.
        partition: Partition,
        /// By how many seconds.
        ahead_s: u64,
        /// How many are allowed.
        most_s: u64,
    },
    /// The partition was never folded, as far as the store knows, and the log does not begin at its beginning any more.
    #[error(
        "partition {partition}: the store has nothing of it, and the log was truncated, so that it cannot be folded anew: {why}; put the \
         backup of the store back that belongs to this log"
    )]
    StoreEmpty {
        /// Which partition.
        partition: Partition,
        /// Where the log begins.
        why: String,
    },
    /// The partition's head is gone from the store while it was owned.
    #[error(
        "partition {partition}: its head is gone from the store: somebody removed or replaced the store's tables while it was running; put \
         them back from a backup, or, where the log still begins at its beginning, start again and the server folds it anew"
    )]
    HeadGone {
        /// Which partition.
        partition: Partition,
    },
    /// Another owner has taken the partition over: this one is history.
    #[error("partition {partition} of epoch {epoch} was taken over by another owner")]
    Fenced {
        /// Which partition.
        partition: Partition,
        /// The epoch that ended.
        epoch: Epoch,
    },
    /// What the store holds cannot be read by this version.
    #[error("partition {partition}: the store holds what this version cannot read: {why}")]
    Store {
        /// Which partition.
        partition: Partition,
        /// What the store said.
        why: String,
    },
    /// The partition has come to a logic version that this process does not have: its records would be folded otherwise than by
    /// everybody else.
    #[error(
        "partition {partition} is folded under logic version {version}, and this server has {oldest} to {newest}: it folds nothing of it; \
         start a server of a release that has version {version}"
    )]
    LogicLacking {
        /// Which partition.
        partition: Partition,
        /// What it has come to.
        version: u32,
        /// The oldest that the process has.
        oldest: u32,
        /// The newest.
        newest: u32,
    },
    /// The operating system gave no thread.
    #[error("no thread for partitions: {0}")]
    Thread(String),
    /// It was told to stop before it had started.
    #[error("stopped")]
    Stopped,
}

/// Why a player was not repaired.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RepairError {
    /// Nothing is to be repaired.
    #[error("the player is not set aside")]
    NotSetAside,
    /// Another one was asked for the same.
    #[error("a repair of the player is under way")]
    Running,
    /// The cause is not gone, or the records that wait cannot be read. The player stays set aside.
    #[error("the player is still set aside: {0}")]
    StillBroken(String),
    /// The partition did not answer.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Why a question got no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The partition is not owned here (any more). Ask again, later or elsewhere.
    #[error("the partition is moving")]
    Moving,
    /// Too many questions wait. Ask again later.
    #[error("too many questions wait")]
    Overloaded,
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
    /// The player is set aside since its state violates an invariant.
    #[error("the player is quarantined: {0}")]
    Quarantined(String),
}
