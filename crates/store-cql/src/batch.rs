//! Batches, and the guard on their way to the server: one table, one partition of it, at most 128 KB.
//!
//! ScyllaDB has no atomic batch over several tables and Cassandra takes one silently, so a test on Cassandra would never tell. Larger
//! batches are refused by Cassandra where they span partitions, and nowhere where they do not: they stall a replica instead.

use std::collections::{BTreeMap, HashSet};

use ports::Row;
use thiserror::Error;
use types::Partition;

use crate::line::{Line, Place};

/// What the rows of a batch may weigh, in bytes.
pub(crate) const BATCH_BYTES_MAX: usize = 128 << 10;
/// What a single row may weigh: half of the smallest commit log segment that a server takes is 16 MiB.
pub(crate) const ROW_BYTES_MAX: usize = 8 << 20;

/// Rows that go to the server as one.
#[derive(Debug)]
pub(crate) struct Batch {
    place: Place,
    lines: Vec<Line>,
    bytes: usize,
}

/// Why a row does not go into a batch.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Refusal {
    #[error("a batch of {of} was given a row of {given}")]
    OtherTable {
        of: &'static str,
        given: &'static str,
    },
    #[error("a batch of {of} was given a row of another partition")]
    OtherPartition { of: &'static str },
    #[error("a batch of {bytes} bytes is larger than {BATCH_BYTES_MAX}")]
    Full { bytes: usize },
}

impl Batch {
    /// Begins with a row. A row that is larger than a batch goes alone.
    pub(crate) fn new(line: Line) -> Self {
        Self {
            place: line.place(),
            bytes: line.size(),
            lines: vec![line],
        }
    }

    /// Takes one more row, or says why not.
    pub(crate) fn add(&mut self, line: Line) -> Result<(), (Refusal, Line)> {
        if let Some(refusal) = self.refuses(&line) {
            return Err((refusal, line));
        }
        self.bytes += line.size();
        self.lines.push(line);
        Ok(())
    }

    fn refuses(&self, line: &Line) -> Option<Refusal> {
        let place = line.place();
        let (of, given) = (self.place.table.table(), place.table.table());
        let bytes = self.bytes + line.size();
        if place.table != self.place.table {
            Some(Refusal::OtherTable { of, given })
        } else if place != self.place {
            Some(Refusal::OtherPartition { of })
        } else if bytes > BATCH_BYTES_MAX {
            Some(Refusal::Full { bytes })
        } else {
            None
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Rows that cannot be sent at all.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Unsendable {
    #[error("a row of {table} of {bytes} bytes; a row may have {ROW_BYTES_MAX}")]
    TooLarge { table: &'static str, bytes: usize },
    #[error("an outbox row numbered past {}", i64::MAX)]
    TooFar,
}

/// Rows as batches, as few as the guard allows.
pub(crate) fn pack(partition: Partition, rows: Vec<Row>) -> Result<Vec<Batch>, Unsendable> {
    let mut open: BTreeMap<Place, Batch> = BTreeMap::new();
    let mut full = Vec::new();
    let mut indexed = HashSet::new();
    for row in rows {
        let (line, index) = Line::of(partition, row).ok_or(Unsendable::TooFar)?;
        if line.size() > ROW_BYTES_MAX {
            let (table, bytes) = (line.place().table.table(), line.size());
            return Err(Unsendable::TooLarge { table, bytes });
        }
        let index = index.filter(|index| indexed.insert(index.clone()));
        for line in std::iter::once(line).chain(index) {
            put(&mut open, &mut full, line);
        }
    }
    full.extend(open.into_values());
    Ok(full)
}

fn put(open: &mut BTreeMap<Place, Batch>, full: &mut Vec<Batch>, line: Line) {
    let place = line.place();
    let Some(batch) = open.get_mut(&place) else {
        open.insert(place, Batch::new(line));
        return;
    };
    if let Err((_, line)) = batch.add(line) {
        full.push(std::mem::replace(batch, Batch::new(line)));
    }
}

#[cfg(test)]
mod tests;
