//! Sealed segments that were loaded for a record, and the search through them and the open tail.

use std::collections::BTreeMap;

use types::MicroPoints;

use super::filter::{Cell, FIRST_CELL, HASH_BITS};
use super::{ENTRIES_PER_SEGMENT, Entry, Filter, Key, Tail, decode_segment};
use crate::catalogue::Catalogue;
use crate::codec::DecodeError;
use crate::effect::Effect;

/// The rows of the journal that the caller has loaded, as of the record's position: sealed segments, and cells of the filter.
#[derive(Clone, Debug, Default)]
pub struct History {
    segments: BTreeMap<u32, Vec<Entry>>,
    cells: BTreeMap<u32, Cell>,
}

impl History {
    /// Nothing loaded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row, in the place of another of its number; a segment is read with these names.
    pub fn insert(
        &mut self,
        number: u32,
        bytes: &[u8],
        catalogue: &Catalogue,
    ) -> Result<(), DecodeError> {
        if number >= FIRST_CELL {
            self.cells.insert(number, Cell::decode(bytes)?);
            return Ok(());
        }
        let entries = decode_segment(bytes, catalogue)?;
        self.segments.insert(number, entries);
        Ok(())
    }

    /// Takes a row away that is not what it was any more.
    pub fn forget(&mut self, number: u32) {
        self.cells.remove(&number);
        self.segments.remove(&number);
    }

    /// Whether the row of this number is here.
    pub fn has(&self, number: u32) -> bool {
        self.cells.contains_key(&number) || self.segments.contains_key(&number)
    }

    /// A cell that has what left the filter; one that lacks some of it is no cell of this state.
    pub(crate) fn cell(&self, filter: &Filter, number: u32) -> Option<&Cell> {
        let cell = self.cells.get(&number)?;
        cell.has(filter.left()).then_some(cell)
    }
}

/// Looks for entries; remembers which segments it would have needed.
pub(crate) struct Search<'a> {
    tail: &'a Tail,
    filter: &'a Filter,
    history: &'a History,
    /// Rows that may say of what was looked for, or where, and are not loaded.
    pub(crate) missing: Vec<u32>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(tail: &'a Tail, filter: &'a Filter, history: &'a History) -> Self {
        Self {
            tail,
            filter,
            history,
            missing: Vec::new(),
        }
    }

    /// Entries under the key for which `is` holds, oldest first.
    pub(crate) fn all(&mut self, key: Key, is: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut found = Vec::new();
        if !self.tail.has_any_like(key) {
            return found;
        }
        let mut open = self.tail.hits(key).peekable();
        let sealed = self.hits(key.first(HASH_BITS));
        if sealed.is_empty() && open.peek().is_none() {
            return found;
        }
        for segment in sealed {
            if let Some(entries) = self.history.segments.get(&segment) {
                found.extend(entries.iter().filter(|entry| is(entry)).cloned());
            } else {
                self.miss(segment);
            }
        }
        let open = open.filter_map(|at| self.tail.entry(at));
        found.extend(open.filter(is));
        found.sort_by_key(|entry| entry.number);
        found.dedup_by_key(|entry| entry.number);
        found
    }

    /// The segments that may hold a key.
    fn hits(&mut self, hash: u32) -> Vec<u32> {
        let mut hits = Vec::new();
        if let Some(number) = self.filter.cell_of(hash) {
            match self.history.cell(self.filter, number) {
                Some(cell) => hits = self.filter.hits_in(cell, hash),
                None => self.miss(number),
            }
        }
        hits.extend(self.filter.hits(hash));
        hits
    }

    /// Rows that the filter needs so that what is full of it can leave the state.
    pub(crate) fn leaving(&mut self) {
        for number in self.filter.rows_to_leave() {
            if self.history.cell(self.filter, number).is_none() {
                self.miss(number);
            }
        }
    }

    /// How much of a credit has expired, by the points' first name and the n of the movement that gave it.
    pub(crate) fn expired(&mut self, points: &str, n: u64) -> MicroPoints {
        let of_it = |entry: &Entry| {
            let effects = entry.effects.iter().filter_map(|effect| match effect {
                Effect::Expired {
                    points: ix, lots, ..
                } if entry.names.first_points(*ix) == points => Some(lots),
                _ => None,
            });
            let lots = effects.flatten().filter(|(of, _)| *of == n);
            MicroPoints(lots.map(|(_, amount)| amount.0).sum())
        };
        let some = |entry: &Entry| of_it(entry) > MicroPoints::ZERO;
        let entries = self.all(Key::expired(points, n), some);
        MicroPoints(entries.iter().map(|entry| of_it(entry).0).sum())
    }

    /// The entry with this number.
    pub(crate) fn entry(&mut self, number: u64) -> Option<Entry> {
        let at = |number: u64| usize::try_from(number % ENTRIES_PER_SEGMENT).unwrap_or(0);
        let segment = u32::try_from(number / ENTRIES_PER_SEGMENT).ok()?;
        if segment == self.tail.segment() {
            return self.tail.entry(at(number));
        }
        let Some(entries) = self.history.segments.get(&segment) else {
            if segment < self.tail.segment() {
                self.miss(segment);
            }
            return None;
        };
        entries.get(at(number)).cloned()
    }

    /// Every entry from a segment on, oldest first.
    pub(crate) fn since(&mut self, first: u32) -> Vec<Entry> {
        let mut found = Vec::new();
        for segment in first..self.tail.segment() {
            match self.history.segments.get(&segment) {
                Some(entries) => found.extend(entries.iter().cloned()),
                None => self.miss(segment),
            }
        }
        found.extend(self.tail.entries());
        found
    }

    fn miss(&mut self, number: u32) {
        if !self.missing.contains(&number) {
            self.missing.push(number);
        }
    }
}
