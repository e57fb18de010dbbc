//! The open tail: entries that are not sealed yet, kept encoded, with the keys under which they are found.

use std::sync::Arc;

use smallvec::SmallVec;

use super::filter::HASH_BITS;
use super::{ENTRIES_PER_SEGMENT, Entry, Filter, Key, Kinds};
use crate::catalogue::{Catalogue, VersionId};
use crate::codec::{DecodeError, Reader, Writer};
use crate::names::Names;

const LAYOUT: u8 = 5;
/// Bytes that nearly every entry fits into, and by how many the tail grows.
const ENTRY: usize = 192;
const ENTRIES: usize = 480;
/// Bytes of an entry's length, which stands before it.
const LENGTH: usize = 4;
/// The bits of a key that are not its hash's say which entry it is of.
const INDEX_BITS: u32 = u32::BITS - HASH_BITS;
const INDEX: u32 = (1 << INDEX_BITS) - 1;
const _: () = assert!(ENTRIES_PER_SEGMENT <= 1 << INDEX_BITS);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Number of the segment that it will become.
    segment: u32,
    /// How many entries there are.
    count: u32,
    /// The entries, each behind its length.
    bytes: Vec<u8>,
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
        u64::from(self.segment) * ENTRIES_PER_SEGMENT + u64::from(self.count)
    }

    /// Appends an entry; the segment that it fills, if it fills one.
    pub(crate) fn push(
        &mut self,
        filter: &mut Filter,
        entry: &Entry,
        keys: &[Key],
    ) -> Option<(u32, Vec<u8>)> {
        let version = self.version(&entry.names);
        if self.bytes.capacity() - self.bytes.len() < ENTRY {
            // By as much as a few entries have: doubling would leave half of it empty in every player.
            self.bytes.reserve_exact(ENTRIES);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LENGTH]);
        entry.encode(version, &mut Writer(&mut self.bytes));
        let length = (self.bytes.len() - start - LENGTH) as u32;
        self.bytes[start..start + LENGTH].copy_from_slice(&length.to_le_bytes());
        keys.iter().for_each(|key| self.kinds.add(*key));
        let index = self.count;
        self.keys.extend(
            keys.iter()
                .map(|key| key.first(HASH_BITS) << INDEX_BITS | index),
        );
        self.count += 1;
        (u64::from(self.count) >= ENTRIES_PER_SEGMENT).then(|| self.seal(filter))
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
        let number = self.segment;
        let mut bytes = Vec::with_capacity(self.bytes.len() + 64);
        let mut writer = Writer(&mut bytes);
        writer.byte(LAYOUT);
        self.encode_entries(&mut writer);
        filter.add(self.keys.iter().map(|key| key >> INDEX_BITS));
        *self = Self {
            segment: number.saturating_add(1),
            kinds: self.kinds,
            ..Self::default()
        };
        (number, bytes)
    }

    fn encode_entries(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.segment));
        writer.length(self.versions.len());
        let versions = self.versions.iter();
        versions.for_each(|names| names.id().encode(writer));
        writer.number(u64::from(self.count));
        writer.blob(&self.bytes);
    }

    fn decode_entries(reader: &mut Reader<'_>, catalogue: &Catalogue) -> Result<Self, DecodeError> {
        let segment = reader.number32()?;
        let versions = (0..reader.length()?)
            .map(|_| catalogue.read(reader))
            .collect::<Result<_, _>>()?;
        let count = reader.number32()?;
        let bytes = reader.blob()?;
        let tail = Self {
            segment,
            count,
            bytes: bytes.into(),
            versions,
            ..Self::default()
        };
        let mut all = Entries(Reader::new(bytes));
        let whole = all.by_ref().count() == count as usize && all.0.is_empty();
        if u64::from(count) > ENTRIES_PER_SEGMENT || !whole {
            return Err(DecodeError::Invalid("a segment"));
        }
        Ok(tail)
    }

    /// One entry, by its place in the tail; `None` where it is not there or not readable.
    pub(crate) fn entry(&self, index: usize) -> Option<Entry> {
        let bytes = Entries(Reader::new(&self.bytes)).nth(index)?;
        self.read(index, bytes).ok()
    }

    fn read(&self, index: usize, bytes: &[u8]) -> Result<Entry, DecodeError> {
        let number = u64::from(self.segment) * ENTRIES_PER_SEGMENT + index as u64;
        Entry::decode(number, &self.versions, &mut Reader::new(bytes))
    }

    fn read_all(&self) -> impl Iterator<Item = Result<Entry, DecodeError>> {
        let all = Entries(Reader::new(&self.bytes)).enumerate();
        all.map(|(index, bytes)| self.read(index, bytes))
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.read_all().filter_map(Result::ok).collect()
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

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.keys.capacity() * 4
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        self.encode_entries(writer);
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
        let mut tail = Self::decode_entries(reader, catalogue)?;
        tail.kinds = Kinds::decode(reader)?;
        let count = reader.length()?;
        let bytes = reader.take(count.checked_mul(4).ok_or(DecodeError::Truncated)?)?;
        let keys = bytes.as_chunks().0.iter();
        tail.keys = keys.map(|four| u32::from_le_bytes(*four)).collect();
        if u64::from(tail.count) >= ENTRIES_PER_SEGMENT {
            return Err(DecodeError::Invalid("an open tail"));
        }
        Ok(tail)
    }
}

/// Goes through entries, each behind its length, up to what is none.
struct Entries<'a>(Reader<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(*self.0.take(LENGTH).ok()?.first_chunk()?);
        self.0.take(length as usize).ok()
    }
}

pub(crate) fn decode_segment(
    bytes: &[u8],
    catalogue: &Catalogue,
) -> Result<Vec<Entry>, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        LAYOUT => {}
        other => return Err(DecodeError::Layout(other)),
    }
    let segment = Tail::decode_entries(&mut reader, catalogue)?;
    if !reader.is_empty() {
        return Err(DecodeError::Invalid("a segment"));
    }
    segment.read_all().collect()
}

/// The programme versions that a segment's entries speak of.
pub(crate) fn versions(bytes: &[u8]) -> Result<Vec<VersionId>, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        LAYOUT => {}
        other => return Err(DecodeError::Layout(other)),
    }
    reader.number32()?;
    (0..reader.length()?)
        .map(|_| VersionId::decode(&mut reader))
        .collect()
}
