//! What can go wrong.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why an inbox cannot go on. After any of these, open it again.
#[derive(Debug, Error)]
pub enum Error {
    /// Another process has the folder open.
    #[error("{0} is used by another process")]
    Locked(PathBuf),
    /// The journal cannot be read or written.
    #[error("journal: {0}")]
    Journal(#[from] io::Error),
    /// The journal misses records that were answered for: restore the folder from a backup.
    #[error("{file} is damaged at byte {offset}: records that were acknowledged are missing")]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// Where its last whole frame ends.
        offset: u64,
    },
    /// The tables know records that the journal does not have: the folder was put together from two.
    #[error("the tables are at record {tables}, the journal ends before {journal}")]
    Ahead {
        /// The next record that the tables expect.
        tables: u64,
        /// The next record that the journal would write.
        journal: u64,
    },
    /// The tables cannot be read or written.
    #[error("tables: {0}")]
    Tables(#[from] fjall::Error),
    /// A row or a record is not what was written: a defect, or a folder of another programme.
    #[error("unreadable {0}")]
    Unreadable(&'static str),
    /// Closed, or stopped by an earlier error that was logged.
    #[error("the inbox has stopped")]
    Stopped,
}
