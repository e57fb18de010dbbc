//! The port `EventLog` on NATS JetStream, and beside it the port `Liveness` of the nodes that share the log ([`JetStreamLiveness`]).
//!
//! # How it lies in JetStream
//! Partitions are subjects, spread in equal parts over a few replicated file streams; a control stream says which log it is. Streams are
//! made by this crate, compared field by field at every opening, and refused where they differ. Nothing in a stream goes by age or
//! number; a full one refuses.
//!
//! # What the port's words mean here
//! - **Batch**: one message, at most 2 MiB. Its sequence is the stream's, which several partitions share: sequences of a partition have
//!   holes that mean nothing. Around 50 records a message are worth 8 to 10 times the throughput of one; the caller packs.
//! - **Durable**: acknowledged by the stream, that is synced by a majority of its replicas if the servers have `sync_interval: always`,
//!   which opening checks ([`Syncing`]).
//! - **Order**: of one batch of a partition at a time is published by one log; one that is not acknowledged is published again until the
//!   time given for it is over. So what a caller appends one after the other stands in that order. A repeat may stand twice: the core
//!   knows duplicates; no message ids are used.
//! - **Unknown**: the time was over and some try was not answered. `Unavailable` and `Full` mean that no try can have been taken.
//! - **Recorded time**: the stamp of the stream's leader; an entry's own time is not looked at, unless the log was made for replays
//!   ([`Clock::Event`]): then it is the entry's own. A reader raises it to the maximum of what it has read. Leaders' clocks differ a little, so a reader that begins later may give a record an earlier time than one that began
//!   before; the fold keeps the maximum with its cursor. [`end`](ports::EventLog::end) gives the stamp as it is.
//! - **Gap**: a batch that was acknowledged is missing between two of its publisher's, or a message is not a batch of this log.
//! - **Truncated**: the retention floor ([`truncate`](ports::EventLog::truncate)) is past the position. The position it names is one to read after.
//! - **Another incarnation**: the position's message is not there though nothing of its age was removed; or it is another than the one
//!   that was read; or the log's record names another incarnation. A log that was restored from an older state gives positions a second
//!   time: a reader sees it at its own cursor, an owner that takes over at the ladder in its head, and either calls
//!   [`begin_incarnation`](ports::EventLog::begin_incarnation).
//! - **Tick**: an ordinary record; the server's stamp is what it is for.

mod api;
mod append;
mod behind;
mod chain;
mod connect;
mod dark;
mod error;
mod feed;
mod floor;
mod frame;
mod identity;
mod layout;
mod liveness;
mod log;
mod metrics;
mod open;
mod reader;
mod retention;
mod seam;
mod servers;
mod settings;
mod shared;
mod streams;
mod version;

pub use error::OpenError;
pub use liveness::JetStreamLiveness;
pub use log::JetStreamLog;
pub use settings::{Clock, Login, Settings, Syncing, Tls};
