//! Why a data folder does not open. Every message names the file and says what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::meta::ClockMode;

/// Why a data folder does not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has the folder open.
    #[error(
        "the data folder {folder} is in use by another process (its LOCK file is held): stop that process or name another folder"
    )]
    Locked {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder was made with another number of partitions.
    #[error(
        "the data folder {folder} was made with {made} partitions and cannot be opened with {asked}: leave the setting out, or use a new folder"
    )]
    Partitions {
        /// The data folder.
        folder: PathBuf,
        /// How many it has.
        made: u16,
        /// How many were asked for.
        asked: u16,
    },
    /// The folder was made with another clock.
    #[error(
        "the data folder {folder} was made with the {made} clock and cannot be opened with the {asked} clock: leave the setting out, or use a new folder"
    )]
    Clock {
        /// The data folder.
        folder: PathBuf,
        /// The clock it has.
        made: ClockMode,
        /// The clock that was asked for.
        asked: ClockMode,
    },
    /// `meta.json` is not ours, is damaged or is missing while there is a log.
    #[error("{file}: {problem}")]
    Meta {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A segment of the log is damaged where acknowledged records stood, or is missing. Nothing was changed.
    #[error(
        "the log is damaged: {file} at byte {offset}: {problem}; nothing was changed: restore the file from a backup"
    )]
    Damaged {
        /// The segment file.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// A segment was cut off while the log was read, by the process that has the folder open.
    #[error("{file}: cut off while the log was read: read it again")]
    CutMeanwhile {
        /// The segment file.
        file: PathBuf,
    },
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// What was being opened, read or written.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// The state folder is sound as far as known, yet cannot be opened now.
    #[error("the state folder {folder} does not open: {problem}")]
    State {
        /// The state folder.
        folder: PathBuf,
        /// Why.
        problem: String,
    },
}

impl OpenError {
    /// For `map_err`: the operating system's answer about a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
