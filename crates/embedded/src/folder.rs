//! The data folder: one process at a time, its log and its state together.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::Timestamp;

use crate::backup;
use crate::error::OpenError;
use crate::log::{self, SegmentLog, Setup};
use crate::meta::{self, ClockMode, Meta};
use crate::people::PeopleFiles;
use crate::programmes::ProgrammeFiles;
use crate::state::{self, FjallStore};

/// Partitions of a new folder where none are named.
const PARTITIONS: u16 = 8;

/// The clock that the log asks in the mode [`ClockMode::Log`].
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a data folder is opened.
#[derive(Clone)]
pub struct Options {
    /// Partitions; `None` takes what the folder was made with, 8 for a new one.
    pub partitions: Option<u16>,
    /// The clock; `None` takes what the folder was made with, [`ClockMode::Log`] for a new one.
    pub clock: Option<ClockMode>,
    /// Wall-clock time.
    pub now: Now,
    /// Bytes of the state's block cache.
    pub cache_bytes: u64,
    /// A segment of the log that reaches this many bytes is closed.
    pub segment_bytes: u64,
}

impl Options {
    /// The defaults, on this clock.
    pub fn new(now: Now) -> Self {
        Self {
            partitions: None,
            clock: None,
            now,
            cache_bytes: state::CACHE_BYTES,
            segment_bytes: log::SEGMENT_BYTES,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("partitions", &self.partitions)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// An open data folder. It is free for others once both ports and all that was read from them are dropped.
pub struct DataFolder {
    /// The log.
    pub log: Arc<SegmentLog>,
    /// The checkpoints.
    pub state: Arc<FjallStore>,
    /// What was published, and drafts.
    pub programmes: Arc<ProgrammeFiles>,
    /// Who was erased, and the keys of everybody else.
    pub people: Arc<PeopleFiles>,
    /// What copies it while it is in use.
    pub backup: backup::Source,
    /// The clock it was made with.
    pub clock: ClockMode,
}

impl DataFolder {
    /// Opens the folder, making it where there is none. Reads up to a segment of the log and waits for the disk: not for an async
    /// thread.
    pub fn open(folder: &Path, options: Options) -> Result<Self, OpenError> {
        fs::create_dir_all(folder).map_err(OpenError::io(folder))?;
        let lock = Arc::new(FolderLock::take(folder)?);
        let log_folder = folder.join(log::FOLDER);
        let meta = match Meta::read(folder)? {
            Some(meta) => meta,
            None => make(folder, &log_folder, &options)?,
        };
        check(folder, &meta, &options)?;
        let now = Arc::clone(&options.now);
        let setup = Setup::new(options.now, options.segment_bytes);
        let log = SegmentLog::open(&log_folder, &meta, setup, Arc::clone(&lock))?;
        let programmes = ProgrammeFiles::open(folder, Arc::clone(&lock))?;
        let people = Arc::new(PeopleFiles::open(folder, Arc::clone(&lock))?);
        let state_folder = folder.join(state::FOLDER);
        let state = FjallStore::open(
            &state_folder,
            meta.incarnation,
            meta.partitions,
            options.cache_bytes,
            lock,
        )?;
        let (log, state) = (Arc::new(log), Arc::new(state));
        Ok(Self {
            backup: backup::Source {
                folder: folder.to_owned(),
                log: Arc::clone(&log),
                state: Arc::clone(&state),
                people: Arc::clone(&people),
                now,
            },
            people,
            log,
            state,
            programmes: Arc::new(programmes),
            clock: meta.clock,
        })
    }
}

/// Makes a new folder's log; `meta.json` comes last and says that it is complete.
fn make(folder: &Path, log_folder: &Path, options: &Options) -> Result<Meta, OpenError> {
    let partitions = options.partitions.unwrap_or(PARTITIONS);
    if partitions == 0 {
        return Err(OpenError::Partitions {
            folder: folder.to_owned(),
            made: PARTITIONS,
            asked: 0,
        });
    }
    // A crash while the folder was made leaves at most an empty first segment; anything more is a log without its meta.json.
    if log_folder.join("00000002.seg").exists() || first_segment_used(log_folder) {
        return Err(OpenError::Meta {
            file: folder.join(meta::FILE),
            problem: "missing, yet there is a log: restore it from a backup".to_owned(),
        });
    }
    let meta = Meta::new(
        partitions,
        options.clock.unwrap_or_default(),
        (options.now)(),
    );
    SegmentLog::create(log_folder, &meta)?;
    meta.write(folder)?;
    Ok(meta)
}

fn first_segment_used(log_folder: &Path) -> bool {
    // The header of a segment says how many partitions it has; behind it an unused one has nothing.
    let Ok(bytes) = fs::read(log_folder.join("00000001.seg")) else {
        return false;
    };
    log::has_frames(&bytes)
}

fn check(folder: &Path, meta: &Meta, options: &Options) -> Result<(), OpenError> {
    let made = meta.partitions;
    if let Some(asked) = options.partitions.filter(|asked| *asked != made) {
        return Err(OpenError::Partitions {
            folder: folder.to_owned(),
            made,
            asked,
        });
    }
    if let Some(asked) = options.clock.filter(|asked| *asked != meta.clock) {
        return Err(OpenError::Clock {
            folder: folder.to_owned(),
            made: meta.clock,
            asked,
        });
    }
    Ok(())
}

/// Keeps other processes out as long as it lives. The operating system frees it when the process ends, however it ends.
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path: PathBuf = folder.join("LOCK");
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(OpenError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
                folder: folder.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(OpenError::io(&path)(error)),
        }
    }
}
