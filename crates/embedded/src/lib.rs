//! The ports on local disk, in one data folder: a segment log that owns what was acknowledged, fjall for checkpoints, files for
//! programmes.
//!
//! - The log is synced to disk before an append returns; it alone must survive a power cut.
//! - The state is written without waiting for the disk: `kill -9` loses nothing of it, a power cut at most its last seconds, always
//!   as a prefix, so that the head never runs ahead of the rows it vouches for. The engine folds the rest again from the log.
//! - State that does not open or belongs to another log is moved aside and made anew from the log.
//!
//! ```text
//! DATA/LOCK              held while a process uses the folder
//! DATA/meta.json         format, partitions, clock, incarnation: fixed when the folder is made
//! DATA/log/00000001.seg  segments of the log, one sequence for all partitions
//! DATA/programmes/       a file for each published version and for each draft
//! DATA/people/           who was erased, and the keys of everybody else
//! DATA/state/            fjall
//! ```
//!
//! Nothing here knows the engine or another adapter.

pub mod backup;
mod error;
mod folder;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod log;
mod meta;
mod metrics;
mod people;
mod programmes;
mod state;

pub use error::OpenError;
pub use folder::{DataFolder, Now, Options};
pub use log::{Batch, LogFiles, SegmentLog};
pub use meta::ClockMode;
pub use people::PeopleFiles;
pub use programmes::{ProgrammeFiles, newest_publication};
pub use state::FjallStore;
