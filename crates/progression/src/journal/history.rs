//! Sealed segments that were loaded for a record, and the search through them and the open tail.

use std::collections::BTreeMap;

use super::filter::HASH_BITS as FILTER_BITS;
use super::{ENTRIES_PER_SEGMENT, Entry, Filter, Key, Tail, decode_segment};
use crate::catalogue::Catalogue;
use crate::codec::DecodeError;

/// The sealed segments that the caller has loaded, as of the record's position.
#[derive(Clone, Debug, Default)]
pub struct History {
    segments: BTreeMap<u32, Vec<Entry>>,
}

impl History {
    /// Nothing loaded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a segment, which is read with these names.
    pub fn insert(
        &mut self,
        number: u32,
        bytes: &[u8],
        catalogue: &Catalogue,
    ) -> Result<(), DecodeError> {
        let entries = decode_segment(bytes, catalogue)?;
        self.segments.insert(number, entries);
        Ok(())
    }
}

/// Looks for entries; remembers which segments it would have needed.
pub(crate) struct Search<'a> {
    tail: &'a Tail,
    filter: &'a Filter,
    history: &'a History,
    /// Segments that may hold what was looked for and are not loaded.
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
        for segment in self.filter.hits(key.first(FILTER_BITS)) {
            if let Some(entries) = self.history.segments.get(&segment) {
                found.extend(entries.iter().filter(|entry| is(entry)).cloned());
            } else {
                self.miss(segment);
            }
        }
        let open = self.tail.hits(key).filter_map(|at| self.tail.entry(at));
        found.extend(open.filter(is));
        found.sort_by_key(|entry| entry.number);
        found.dedup_by_key(|entry| entry.number);
        found
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

    fn miss(&mut self, segment: u32) {
        if !self.missing.contains(&segment) {
            self.missing.push(segment);
        }
    }
}
