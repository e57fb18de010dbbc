//! The tables: fjall behind names that a gateway needs, and the inbox's own four.

use std::fs;
use std::path::Path;

use fjall::{KeyspaceCreateOptions, PersistMode, Readable, SingleWriterTxDatabase, Snapshot};
use prost::Message;
use proto::emission::v1::Emission;
use serde::Serialize;

use crate::error::Error;

/// A table: bytes to bytes, ordered by key.
pub type Table = fjall::SingleWriterTxKeyspace;

/// What the inbox itself counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Emissions received, repeats included. Counted without `fsync`: after a power cut it may lack some repeats.
    pub received: u64,
    /// Emissions with an id of their own.
    pub distinct: u64,
    /// Known ids that came with another body.
    pub alarms: u64,
}

/// All tables of one inbox.
pub struct Tables {
    database: SingleWriterTxDatabase,
    pub(crate) meta: Table,
    /// Emission id -> record number.
    pub(crate) ids: Table,
    /// Record number -> emission.
    pub(crate) emissions: Table,
    /// Emission id and checksum of the other body -> the emission as it came.
    pub(crate) alarms: Table,
}

const NEXT: &str = "next";
const TOTALS: &str = "totals";
const VERSION: &str = "version";

impl Tables {
    /// Opens the tables in `folder`. Tables that don't open, or were folded by another version, give way to empty ones.
    pub(crate) fn open(folder: &Path, version: u32) -> Result<Self, Error> {
        let tables = match Self::open_as_is(folder) {
            Ok(tables) => tables,
            Err(error) => {
                let aside = aside(folder);
                tracing::error!(%error, ?aside, "tables moved aside: they are folded anew");
                fs::rename(folder, aside)?;
                Self::open_as_is(folder)?
            }
        };
        let stored = tables.number(VERSION)?;
        if stored.is_some_and(|stored| stored != u64::from(version)) {
            tracing::info!(version, "tables of another version: they are folded anew");
            drop(tables);
            fs::remove_dir_all(folder)?;
            let tables = Self::open_as_is(folder)?;
            tables
                .meta
                .insert(VERSION, u64::from(version).to_be_bytes())?;
            return Ok(tables);
        }
        tables
            .meta
            .insert(VERSION, u64::from(version).to_be_bytes())?;
        Ok(tables)
    }

    fn open_as_is(folder: &Path) -> Result<Self, Error> {
        let database = SingleWriterTxDatabase::builder(folder)
            .worker_threads(1)
            .cache_size(32 << 20)
            .open()?;
        let table = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        Ok(Self {
            meta: table("meta")?,
            ids: table("ids")?,
            emissions: table("emissions")?,
            alarms: table("alarms")?,
            database,
        })
    }

    /// Opens a table of the gateway's own.
    pub fn table(&self, name: &str) -> Result<Table, Error> {
        Ok(self
            .database
            .keyspace(name, KeyspaceCreateOptions::default)?)
    }

    pub(crate) fn write(&self) -> Tx<'_> {
        Tx(self.database.write_tx())
    }

    pub(crate) fn read(&self) -> Reader {
        Reader {
            snapshot: self.database.read_tx(),
            meta: self.meta.clone(),
            ids: self.ids.clone(),
            emissions: self.emissions.clone(),
        }
    }

    pub(crate) fn persist(&self) -> Result<(), Error> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    /// The number of the first record that is not folded yet.
    pub(crate) fn next(&self) -> Result<u64, Error> {
        Ok(self.number(NEXT)?.unwrap_or(0))
    }

    fn number(&self, key: &str) -> Result<Option<u64>, Error> {
        self.meta
            .get(key)?
            .map(|row| decode_number(&row))
            .transpose()
    }
}

/// Changes that become visible together.
pub struct Tx<'a>(fjall::SingleWriterWriteTx<'a>);

impl Tx<'_> {
    /// A row, as this transaction left it.
    pub fn get(&self, table: &Table, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(table, key)?.map(|row| row.to_vec()))
    }

    /// Rows whose keys begin with `prefix`, as this transaction left them.
    pub fn rows(&self, table: &Table, prefix: &[u8]) -> Result<Page, Error> {
        let rows = self.0.prefix(table, prefix).map(|guard| {
            let (key, row) = guard.into_inner()?;
            Ok((key.to_vec(), row.to_vec()))
        });
        Ok(Page {
            rows: rows.collect::<Result<_, Error>>()?,
            more: false,
        })
    }

    /// Sets a row.
    pub fn put(&mut self, table: &Table, key: impl AsRef<[u8]>, row: impl AsRef<[u8]>) {
        self.0.insert(table, key.as_ref(), row.as_ref());
    }

    /// Removes a row.
    pub fn remove(&mut self, table: &Table, key: impl AsRef<[u8]>) {
        self.0.remove(table, key.as_ref());
    }

    pub(crate) fn advance(&mut self, tables: &Tables, next: u64, totals: Totals) {
        self.put(&tables.meta, NEXT, next.to_be_bytes());
        let totals = [totals.received, totals.distinct, totals.alarms].map(u64::to_be_bytes);
        self.put(&tables.meta, TOTALS, totals.concat());
    }

    pub(crate) fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit()?)
    }
}

/// One page of a table.
#[derive(Debug)]
pub struct Page {
    /// Keys and rows.
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// The tables as they were at one instant. Blocking.
pub struct Reader {
    snapshot: Snapshot,
    meta: Table,
    ids: Table,
    emissions: Table,
}

impl Reader {
    /// A row.
    pub fn get(&self, table: &Table, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.snapshot.get(table, key)?.map(|row| row.to_vec()))
    }

    /// At most `limit` rows whose keys begin with `prefix`, after the key `after`, in the order of their keys.
    pub fn page(
        &self,
        table: &Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page, Error> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let from = after.map_or(Included(prefix), Excluded);
        let mut rows = Vec::new();
        for guard in self.snapshot.range::<&[u8], _>(table, (from, Unbounded)) {
            let (key, row) = guard.into_inner()?;
            if !key.starts_with(prefix) {
                break;
            }
            if rows.len() == limit {
                return Ok(Page { rows, more: true });
            }
            rows.push((key.to_vec(), row.to_vec()));
        }
        Ok(Page { rows, more: false })
    }

    /// The record of an emission.
    pub fn number(&self, id: &str) -> Result<Option<u64>, Error> {
        let row = self.get(&self.ids, id)?;
        row.map(|row| decode_number(&row)).transpose()
    }

    /// The emission of a record.
    pub fn emission(&self, number: u64) -> Result<Option<Emission>, Error> {
        let row = self.get(&self.emissions, number.to_be_bytes())?;
        row.map(|row| decode_emission(&row)).transpose()
    }

    /// At most `limit` emissions after record `after`, in order of arrival, with their numbers.
    pub fn emissions(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<(u64, Emission)>, bool), Error> {
        let after = after.map(u64::to_be_bytes);
        let page = self.page(
            &self.emissions,
            b"",
            after.as_ref().map(<[u8; 8]>::as_slice),
            limit,
        )?;
        let decoded: Result<_, Error> = page
            .rows
            .iter()
            .map(|(key, row)| Ok((decode_number(key)?, decode_emission(row)?)))
            .collect();
        Ok((decoded?, page.more))
    }

    /// What was counted.
    pub fn totals(&self) -> Result<Totals, Error> {
        let Some(row) = self.get(&self.meta, TOTALS)? else {
            return Ok(Totals::default());
        };
        let (numbers, _) = row.as_chunks::<8>();
        let [received, distinct, alarms] = numbers else {
            return Err(Error::Unreadable("totals"));
        };
        Ok(Totals {
            received: u64::from_be_bytes(*received),
            distinct: u64::from_be_bytes(*distinct),
            alarms: u64::from_be_bytes(*alarms),
        })
    }
}

pub(crate) fn decode_number(bytes: &[u8]) -> Result<u64, Error> {
    let bytes = bytes.try_into().map_err(|_| Error::Unreadable("number"))?;
    Ok(u64::from_be_bytes(bytes))
}

pub(crate) fn decode_emission(bytes: &[u8]) -> Result<Emission, Error> {
    Emission::decode(bytes).map_err(|_| Error::Unreadable("emission"))
}

/// The first free name beside the folder.
fn aside(folder: &Path) -> std::path::PathBuf {
    let names = (1_u32..).map(|n| folder.with_extension(format!("unreadable-{n}")));
    names
        .into_iter()
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.with_extension("unreadable"))
}
