//! Opening fjall: its keyspaces and memory bounds, and setting a state aside that does not serve.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use fjall::config::CompressionPolicy;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode,
};
use ports::{Head, Stamp};
use types::Partition;

use super::keys;
use crate::error::OpenError;

/// Values from here on are kept apart from their keys: compaction then moves keys only.
const SEPARATE_BYTES: u32 = 512;
/// Background threads for flushes and compactions.
const WORKERS: usize = 2;
/// fjall's journals together: what an opening has to read again at most.
const JOURNALS_BYTES: u64 = 128 << 20;
/// Key in `heads` of the log's incarnation; longer than a partition's key.
const INCARNATION: &[u8] = b"incarnation";

/// The open database.
#[derive(Clone)]
pub(crate) struct Spaces {
    pub(crate) db: Database,
    pub(crate) snap: Keyspace,
    pub(crate) journal: Keyspace,
    pub(crate) outbox: Keyspace,
    pub(crate) heads: Keyspace,
    pub(crate) quarantine: Keyspace,
    pub(crate) due: Keyspace,
}

/// What is known of a partition without reading its rows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its head.
    pub(crate) head: Option<Head>,
    /// The highest stamp of any of its rows.
    pub(crate) stamp: Stamp,
}

/// Why a state does not serve.
enum Fault {
    /// Setting it aside helps.
    Damaged(String),
    /// It would not help.
    NotNow(String),
}

/// Opens the state of the log with this incarnation and so many partitions; sets it aside and starts anew where it is damaged or
/// belongs to another log. One that is ahead of its log is the engine's to put right: it has what the log has lost.
pub(crate) fn open(
    folder: &Path,
    incarnation: u64,
    partitions: u16,
    cache_bytes: u64,
) -> Result<(Spaces, Vec<Known>), OpenError> {
    let problem = match attempt(folder, incarnation, partitions, cache_bytes) {
        Ok(opened) => return Ok(opened),
        Err(Fault::NotNow(problem)) => return Err(state_error(folder, problem)),
        Err(Fault::Damaged(problem)) => problem,
    };
    let aside = set_aside(folder)?;
    tracing::warn!(
        problem, moved_to = %aside.display(),
        "the state does not serve and was moved aside; it is folded anew from the log"
    );
    attempt(folder, incarnation, partitions, cache_bytes).map_err(|fault| match fault {
        Fault::Damaged(problem) | Fault::NotNow(problem) => state_error(folder, problem),
    })
}

fn state_error(folder: &Path, problem: String) -> OpenError {
    OpenError::State {
        folder: folder.to_owned(),
        problem,
    }
}

fn set_aside(folder: &Path) -> Result<PathBuf, OpenError> {
    let free = (1..)
        .map(|n| folder.with_file_name(format!("state.damaged-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.with_file_name("state.damaged"));
    fs::rename(folder, &free).map_err(OpenError::io(folder))?;
    Ok(free)
}

fn attempt(
    folder: &Path,
    incarnation: u64,
    partitions: u16,
    cache_bytes: u64,
) -> Result<(Spaces, Vec<Known>), Fault> {
    let spaces = spaces(folder, cache_bytes).map_err(fault)?;
    match spaces.heads.get(INCARNATION).map_err(fault)? {
        Some(found) if *found == incarnation.to_be_bytes() => {}
        Some(_) => return Err(Fault::Damaged("it belongs to another log".to_owned())),
        None => {
            let insert = spaces.heads.insert(INCARNATION, incarnation.to_be_bytes());
            insert
                .and_then(|()| spaces.db.persist(PersistMode::SyncAll))
                .map_err(fault)?;
        }
    }
    let known = (0..partitions)
        .map(|partition| known(&spaces, Partition(partition)))
        .collect::<Result<_, _>>()?;
    Ok((spaces, known))
}

/// A new state, for rows of a copy.
pub(crate) fn empty(folder: &Path) -> Result<Spaces, String> {
    spaces(folder, super::CACHE_BYTES).map_err(|error| error.to_string())
}

/// Whether the rows are a state of the log with this incarnation and so many partitions.
pub(crate) fn check(spaces: &Spaces, incarnation: u64, partitions: u16) -> Result<(), String> {
    let found = spaces.heads.get(INCARNATION);
    let found = found.map_err(|error| error.to_string())?;
    if found.is_none_or(|found| *found != incarnation.to_be_bytes()) {
        return Err("its rows belong to another log".to_owned());
    }
    let mut partitions = (0..partitions).map(Partition);
    partitions.try_for_each(|partition| match known(spaces, partition) {
        Ok(_) => Ok(()),
        Err(Fault::Damaged(why) | Fault::NotNow(why)) => Err(why),
    })
}

fn known(spaces: &Spaces, partition: Partition) -> Result<Known, Fault> {
    let row = |key: Vec<u8>| spaces.heads.get(key).map_err(fault);
    let head = match row(head_key(partition))? {
        Some(bytes) => Some(
            keys::decode_head(&bytes)
                .ok_or_else(|| Fault::Damaged(format!("head of partition {partition}")))?,
        ),
        None => None,
    };
    let stamp = row(stamp_key(partition))?
        .and_then(|bytes| keys::stamp_of(&bytes))
        .unwrap_or(Stamp(i64::MIN));
    Ok(Known { head, stamp })
}

/// Key in `heads` of a partition's head.
pub(crate) fn head_key(partition: Partition) -> Vec<u8> {
    [keys::partition(partition).as_slice(), b"h"].concat()
}

/// Key in `heads` of the highest stamp of a partition's rows.
pub(crate) fn stamp_key(partition: Partition) -> Vec<u8> {
    [keys::partition(partition).as_slice(), b"s"].concat()
}

fn spaces(folder: &Path, cache_bytes: u64) -> fjall::Result<Spaces> {
    let db = Database::builder(folder)
        .cache_size(cache_bytes)
        .max_journaling_size(JOURNALS_BYTES)
        .worker_threads(WORKERS)
        .open()?;
    let plain = |memtable_bytes: u64| {
        KeyspaceCreateOptions::default()
            .max_memtable_size(memtable_bytes)
            .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
    };
    let separated = |memtable_bytes: u64| {
        plain(memtable_bytes).with_kv_separation(Some(
            KvSeparationOptions::default()
                .separation_threshold(SEPARATE_BYTES)
                .compression(CompressionType::Lz4),
        ))
    };
    Ok(Spaces {
        snap: db.keyspace("snap", || separated(32 << 20))?,
        journal: db.keyspace("journal", || separated(16 << 20))?,
        outbox: db.keyspace("outbox", || plain(8 << 20))?,
        heads: db.keyspace("heads", || plain(1 << 20))?,
        quarantine: db.keyspace("quarantine", || plain(1 << 20))?,
        due: db.keyspace("due", || plain(4 << 20))?,
        db,
    })
}

fn fault(error: fjall::Error) -> Fault {
    let io = match &error {
        fjall::Error::Io(io) => Some(io),
        fjall::Error::Storage(fjall::LsmError::Io(io)) => Some(io),
        _ => None,
    };
    // The operating system's refusal says nothing against the data; a file that is missing or ends early does.
    let damage = io.is_none_or(|io| {
        matches!(
            io.kind(),
            ErrorKind::NotFound | ErrorKind::UnexpectedEof | ErrorKind::InvalidData
        )
    });
    let text = error.to_string();
    if damage && !matches!(error, fjall::Error::Locked) {
        Fault::Damaged(text)
    } else {
        Fault::NotNow(text)
    }
}
