//! The backfill: a file of events through ingest, in order, resumable.
//!
//! One batch is under way at a time. So the events of a player keep their order, and on event time no event is raised to the time of one
//! that overtook it. A batch that may or may not have arrived is sent again: the core knows duplicates.

mod batch;
mod progress_file;
mod sender;

pub(crate) use progress_file::{ProgressFile, digest_of};
pub(crate) use sender::{Sender, Sent};
