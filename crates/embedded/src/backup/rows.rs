//! The rows of the state as one file: for each its table, the lengths of key and value, and both.

use bytes::Buf as _;
use fjall::{Keyspace, PersistMode, Readable as _, Snapshot};

use super::manifest::BackupError;
use super::source::Copying;
use crate::state::Spaces;

/// Table, bytes of the key, bytes of the value.
const HEADER: usize = 9;
/// Rows go to the state in batches of so many bytes.
const BATCH_BYTES: usize = 4 << 20;
/// No row has more: what says so is damaged.
const ROW_MAX: usize = 256 << 20;

/// The tables, by their numbers in the file.
fn tables(spaces: &Spaces) -> [&Keyspace; 6] {
    [
        &spaces.heads,
        &spaces.snap,
        &spaces.journal,
        &spaces.outbox,
        &spaces.due,
        &spaces.quarantine,
    ]
}

/// Hands over every row as it was at the snapshot's instant.
pub(super) fn copy(
    spaces: &Spaces,
    instant: &Snapshot,
    to: &mut Copying<'_>,
) -> Result<(), BackupError> {
    for (number, table) in (0_u8..).zip(tables(spaces)) {
        for row in instant.iter(table) {
            let (key, value) = row.into_inner().map_err(unread)?;
            let mut header = [0; HEADER];
            header[0] = number;
            header[1..5].copy_from_slice(&(key.len() as u32).to_le_bytes());
            header[5..].copy_from_slice(&(value.len() as u32).to_le_bytes());
            for part in [header.as_slice(), &key, &value] {
                to.bytes(part)?;
            }
        }
    }
    Ok(())
}

/// Puts rows into an empty state.
pub(super) struct Filling<'a> {
    spaces: &'a Spaces,
    /// What came and is not put in yet: whole rows, and the beginning of one.
    waiting: Vec<u8>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(spaces: &'a Spaces) -> Self {
        Self {
            spaces,
            waiting: Vec::new(),
        }
    }

    /// Takes the next bytes of the file.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.waiting.extend_from_slice(bytes);
        match self.waiting.len() >= BATCH_BYTES {
            true => self.put(),
            false => Ok(()),
        }
    }

    /// Puts in what is left, durably.
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        self.put()?;
        if !self.waiting.is_empty() {
            return Err(BackupError::State("its last row is cut short".to_owned()));
        }
        let synced = self.spaces.db.persist(PersistMode::SyncAll);
        synced.map_err(unread)
    }

    fn put(&mut self) -> Result<(), BackupError> {
        let mut batch = self.spaces.db.batch();
        let mut rest = self.waiting.as_slice();
        while let Some((table, key, value, after)) = next(rest)? {
            let tables = tables(self.spaces);
            let table = tables.get(usize::from(table));
            let table = table.ok_or_else(|| BackupError::State(UNKNOWN.to_owned()))?;
            batch.insert(table, key, value);
            rest = after;
        }
        let kept = rest.len();
        batch.commit().map_err(unread)?;
        self.waiting.drain(..self.waiting.len() - kept);
        Ok(())
    }
}

const UNKNOWN: &str = "a row of a table that this version does not know";

type Row<'a> = (u8, &'a [u8], &'a [u8], &'a [u8]);

/// The first row, and what follows it; `None` where it is not all there.
fn next(bytes: &[u8]) -> Result<Option<Row<'_>>, BackupError> {
    let Some((mut header, rest)) = bytes.split_at_checked(HEADER) else {
        return Ok(None);
    };
    let table = header.get_u8();
    let (key, value) = (header.get_u32_le() as usize, header.get_u32_le() as usize);
    if key.max(value) > ROW_MAX {
        return Err(BackupError::State("a row of no length".to_owned()));
    }
    let Some((row, after)) = rest.split_at_checked(key + value) else {
        return Ok(None);
    };
    let (key, value) = row.split_at(key);
    Ok(Some((table, key, value, after)))
}

fn unread(error: fjall::Error) -> BackupError {
    BackupError::State(error.to_string())
}
