//! The open tail: entries that are not sealed yet, kept encoded, with the keys under which they are found.

use std::sync::Arc;

use smallvec::SmallVec;

use super::filter::HASH_BITS;
use super::segment::{Entries, Lying};
use super::{ENTRIES_PER_SEGMENT, Entry, Filter, Key, Kinds};
use crate::catalogue::Catalogue;
use crate::codec::{DecodeError, Reader, Writer};
use crate::names::Names;

/// Bytes that nearly every entry fits into, with room.
const ENTRY: usize = 384;
/// The bits of a key that are not its hash's say which entry it is of.
const INDEX_BITS: u32 = u32::BITS - HASH_BITS;
const INDEX: u32 = (1 << INDEX_BITS) - 1;
const _: () = assert!(ENTRIES_PER_SEGMENT <= 1 << INDEX_BITS);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Number of the segment that it will become.
    segment: u32,
    /// The entries, each in a piece of memory of its own: one list of bytes would be moved as it grows, and be cold each time.
    entries: Vec<Box<[u8]>>,
    /// What kinds of keys the journal has, sealed entries' included.
    kinds: Kinds,
    /// The first bits of each key's hash, then the entry. Sorted by nothing: there are few.
    keys: Vec<u32>,
    /// Programme versions of its entries.
    versions: SmallVec<[Arc<Names>; 1]>,
}

impl Tail {
    pub(crate) fn segment(&self) -> u32 {
        self.segment
    }

    /// The number that the next entry gets.
    pub(crate) fn next_number(&self) -> u64 {
        u64::from(self.segment) * ENTRIES_PER_SEGMENT + self.entries.len() as u64
    }

    /// Appends an entry; the segment that it fills, if it fills one.
    pub(crate) fn push(
        &mut self,
        filter: &mut Filter,
        entry: &Entry,
        keys: &[Key],
    ) -> Option<(u32, Vec<u8>)> {
        let version = self.version(&entry.names);
        let mut bytes = Vec::with_capacity(ENTRY);
        entry.encode(version, &mut Writer(&mut bytes));
        let index = self.entries.len() as u32;
        // Copied, so that it takes no more memory than it needs.
        self.entries.push(bytes.as_slice().into());
        keys.iter().for_each(|key| self.kinds.add(*key));
        if self.keys.capacity() == 0 {
            self.keys.reserve_exact(ENTRIES_PER_SEGMENT as usize);
        }
        self.keys.extend(
            keys.iter()
                .map(|key| key.first(HASH_BITS) << INDEX_BITS | index),
        );
        (self.entries.len() as u64 >= ENTRIES_PER_SEGMENT).then(|| self.seal(filter))
    }

    fn version(&mut self, names: &Arc<Names>) -> u64 {
        let known = self
            .versions
            .iter()
            .rposition(|known| Arc::ptr_eq(known, names) || known == names);
        let at = known.unwrap_or_else(|| {
            self.versions.push(Arc::clone(names));
            self.versions.len() - 1
        });
        at as u64
    }

    /// The tables that its entries are read with.
    pub(crate) fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for names in &self.versions {
            catalogue.put(Arc::clone(names));
        }
        catalogue
    }

    /// Takes a table that is shared in place of an equal one.
    pub(crate) fn share(&mut self, names: &Arc<Names>) {
        let ours = self.versions.iter_mut();
        ours.filter(|ours| ours.version() == names.version())
            .for_each(|ours| *ours = Arc::clone(names));
    }

    fn seal(&mut self, filter: &mut Filter) -> (u32, Vec<u8>) {
        let (number, bytes) = (self.segment, self.written().seal());
        filter.add(self.keys.iter().map(|key| key >> INDEX_BITS));
        *self = Self {
            segment: number.saturating_add(1),
            kinds: self.kinds,
            ..Self::default()
        };
        (number, bytes)
    }

    fn written(&self) -> Entries<'_, Box<[u8]>> {
        Entries {
            segment: self.segment,
            versions: &self.versions,
            entries: &self.entries,
        }
    }

    /// One entry, by its place in the tail; `None` where it is not there or not readable.
    pub(crate) fn entry(&self, index: usize) -> Option<Entry> {
        self.written().read(index).ok()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.written().read_all().filter_map(Result::ok).collect()
    }

    /// Whether the journal, this tail and what was sealed before it, has any key of this one's kind.
    pub(crate) fn has_any_like(&self, key: Key) -> bool {
        self.kinds.has(key)
    }

    /// Entries that may be under the key, oldest first.
    pub(crate) fn hits(&self, key: Key) -> impl Iterator<Item = usize> {
        let wanted = key.first(HASH_BITS);
        let found = self
            .keys
            .iter()
            .filter(move |kept| **kept >> INDEX_BITS == wanted);
        found.map(|kept| (kept & INDEX) as usize)
    }

    /// Something of both lists, where the next entry goes.
    pub(crate) fn lines(&self) -> u64 {
        let last = self.entries.last().map_or(0, |last| last.len());
        let key = self.keys.last().copied().unwrap_or_default();
        last as u64 ^ u64::from(key)
    }

    pub(crate) fn bytes(&self) -> usize {
        let entries = self.entries.iter().map(|bytes| bytes.len());
        let lists = self.entries.capacity() * size_of::<Box<[u8]>>() + self.keys.capacity() * 4;
        lists + entries.sum::<usize>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        self.written().encode(writer);
        self.kinds.encode(writer);
        writer.length(self.keys.len());
        for key in &self.keys {
            writer.0.extend_from_slice(&key.to_le_bytes());
        }
    }

    pub(crate) fn decode(
        reader: &mut Reader<'_>,
        catalogue: &Catalogue,
    ) -> Result<Self, DecodeError> {
        let lying = Lying::decode(reader, catalogue)?;
        let mut tail = Self {
            segment: lying.segment,
            entries: lying.entries.iter().map(|bytes| (*bytes).into()).collect(),
            versions: lying.versions,
            kinds: Kinds::decode(reader)?,
            keys: Vec::new(),
        };
        let count = reader.length()?;
        let bytes = reader.take(count.checked_mul(4).ok_or(DecodeError::Truncated)?)?;
        let keys = bytes.as_chunks().0.iter();
        tail.keys = keys.map(|four| u32::from_le_bytes(*four)).collect();
        if tail.entries.len() as u64 >= ENTRIES_PER_SEGMENT {
            return Err(DecodeError::Invalid("an open tail"));
        }
        Ok(tail)
    }
}
