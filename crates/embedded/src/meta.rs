//! `meta.json`: what is fixed when a data folder is made.

use std::fmt;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::OpenError;

/// The layout this code reads and writes.
const FORMAT: u32 = 1;
/// The file's name in the data folder.
pub(crate) const FILE: &str = "meta.json";

/// Which clock says a record's time. Fixed when the data folder is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// The log's own clock; an entry's time is not looked at.
    #[default]
    Log,
    /// The entry's time, raised to the partition's last; an entry without one takes the partition's last.
    Event,
}

impl fmt::Display for ClockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Log => "log",
            Self::Event => "event",
        })
    }
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    format: u32,
    pub(crate) partitions: u16,
    pub(crate) clock: ClockMode,
    /// Drawn when the folder is made: which log the positions belong to.
    pub(crate) incarnation: u64,
    /// RFC 3339.
    created: String,
}

impl Meta {
    /// A new folder's.
    pub(crate) fn new(partitions: u16, clock: ClockMode, created: types::Timestamp) -> Self {
        Self {
            format: FORMAT,
            partitions,
            clock,
            incarnation: RandomState::new().hash_one(created.nanos()),
            created: created.to_string(),
        }
    }

    /// What stands in the folder; `None` where there is no file.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let file = folder.join(FILE);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::io(&file)(error)),
        };
        let problem = match serde_json::from_slice::<Self>(&bytes) {
            Ok(meta) if meta.format == FORMAT && meta.partitions > 0 => return Ok(Some(meta)),
            Ok(meta) => format!(
                "format {} with {} partitions is not known to this version, which reads format {FORMAT}",
                meta.format, meta.partitions
            ),
            Err(error) => format!("not readable ({error}): restore it from a backup"),
        };
        Err(OpenError::Meta { file, problem })
    }

    /// Puts the file in place whole, or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), OpenError> {
        let temporary = folder.join("meta.json.tmp");
        let target = folder.join(FILE);
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| OpenError::Meta {
            file: target.clone(),
            problem: error.to_string(),
        })?;
        let mut file = File::create(&temporary).map_err(OpenError::io(&temporary))?;
        file.write_all(&bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, &target))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(OpenError::io(&target))
    }
}
