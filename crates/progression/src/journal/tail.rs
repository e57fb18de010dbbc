//! The open tail: entries that are not sealed yet, kept encoded, with the keys under which they are found.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{ENTRIES_PER_SEGMENT, Entry, Filter, Key};
use crate::codec::{DecodeError, Reader, Writer};
use crate::names::Names;

const LAYOUT: u8 = 2;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Number of the segment that it will become.
    segment: u32,
    bytes: Vec<u8>,
    /// Where each entry ends in `bytes`.
    ends: SmallVec<[u32; 4]>,
    /// Sorted by nothing: there are few.
    keys: Vec<(u64, u8)>,
    /// Programme versions of its entries.
    versions: SmallVec<[Arc<Names>; 1]>,
}

impl Tail {
    pub(crate) fn segment(&self) -> u32 {
        self.segment
    }

    /// The number that the next entry gets.
    pub(crate) fn next_number(&self) -> u64 {
        u64::from(self.segment) * ENTRIES_PER_SEGMENT + self.ends.len() as u64
    }

    /// Appends an entry; the segment that it fills, if it fills one.
    pub(crate) fn push(
        &mut self,
        filter: &mut Filter,
        entry: &Entry,
        keys: &[Key],
    ) -> Option<(u32, Vec<u8>)> {
        let version = self.version(&entry.names);
        let index = self.ends.len() as u8;
        entry.encode(version, &mut Writer(&mut self.bytes));
        self.ends.push(self.bytes.len() as u32);
        self.keys.extend(keys.iter().map(|key| (key.0, index)));
        (self.ends.len() as u64 >= ENTRIES_PER_SEGMENT).then(|| self.seal(filter))
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

    /// Takes a table that is shared in place of an equal one.
    pub(crate) fn share(&mut self, names: &Arc<Names>) {
        let ours = self.versions.iter_mut();
        ours.filter(|ours| ours.version() == names.version())
            .for_each(|ours| *ours = Arc::clone(names));
    }

    fn seal(&mut self, filter: &mut Filter) -> (u32, Vec<u8>) {
        let number = self.segment;
        let mut bytes = Vec::with_capacity(self.bytes.len() + 1024);
        let mut writer = Writer(&mut bytes);
        writer.byte(LAYOUT);
        // A segment is read on its own, so it has the tables of its entries in it.
        self.encode_entries(&mut writer, None);
        filter.add(number, self.keys.iter().map(|(key, _)| Key(*key)));
        *self = Self {
            segment: number.saturating_add(1),
            ..Self::default()
        };
        (number, bytes)
    }

    /// A table that is the state's own is named, not repeated.
    fn encode_entries(&self, writer: &mut Writer<'_>, state: Option<&Arc<Names>>) {
        writer.number(u64::from(self.segment));
        writer.length(self.versions.len());
        for names in &self.versions {
            let own = state.is_some_and(|state| Arc::ptr_eq(state, names));
            writer.flag(own);
            if !own {
                names.encode(writer);
            }
        }
        writer.length(self.ends.len());
        let mut start = 0;
        for end in &self.ends {
            writer.number(u64::from(end - start));
            start = *end;
        }
        writer.0.extend_from_slice(&self.bytes);
    }

    fn decode_entries(
        reader: &mut Reader<'_>,
        state: Option<&Arc<Names>>,
    ) -> Result<Self, DecodeError> {
        let segment = reader.number32()?;
        let versions = (0..reader.length()?)
            .map(|_| match (reader.flag()?, state) {
                (false, _) => Names::decode(reader),
                (true, Some(names)) => Ok(Arc::clone(names)),
                (true, None) => Err(DecodeError::Invalid("a version")),
            })
            .collect::<Result<_, _>>()?;
        let mut ends = SmallVec::new();
        let mut end = 0u32;
        for _ in 0..reader.length()? {
            end = end
                .checked_add(reader.number32()?)
                .ok_or(DecodeError::Truncated)?;
            ends.push(end);
        }
        let bytes = reader.take(end as usize)?.to_vec();
        if ends.len() as u64 > ENTRIES_PER_SEGMENT {
            return Err(DecodeError::Invalid("a segment"));
        }
        Ok(Self {
            segment,
            bytes,
            ends,
            keys: Vec::new(),
            versions,
        })
    }

    /// One entry, by its place in the tail; `None` where it is not there or not readable.
    pub(crate) fn entry(&self, index: usize) -> Option<Entry> {
        self.read(index).ok()
    }

    fn read(&self, index: usize) -> Result<Entry, DecodeError> {
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before).ok_or(DecodeError::Truncated)?,
        };
        let end = *self.ends.get(index).ok_or(DecodeError::Truncated)?;
        let bytes = self
            .bytes
            .get(start as usize..end as usize)
            .ok_or(DecodeError::Truncated)?;
        let number = u64::from(self.segment) * ENTRIES_PER_SEGMENT + index as u64;
        Entry::decode(number, &self.versions, &mut Reader::new(bytes))
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        (0..self.ends.len())
            .filter_map(|index| self.entry(index))
            .collect()
    }

    /// Entries that may be under the key, oldest first.
    pub(crate) fn hits(&self, key: Key) -> impl Iterator<Item = usize> {
        self.keys
            .iter()
            .filter(move |(kept, _)| *kept == key.0)
            .map(|(_, index)| usize::from(*index))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.keys.capacity() * 16 + self.ends.capacity() * 4
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>, state: &Arc<Names>) {
        self.encode_entries(writer, Some(state));
        writer.length(self.keys.len());
        for (key, index) in &self.keys {
            writer.0.extend_from_slice(&key.to_le_bytes());
            writer.byte(*index);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>, state: &Arc<Names>) -> Result<Self, DecodeError> {
        let mut tail = Self::decode_entries(reader, Some(state))?;
        let count = reader.length()?;
        let bytes = reader.take(count.checked_mul(9).ok_or(DecodeError::Truncated)?)?;
        tail.keys = bytes
            .chunks_exact(9)
            .map(|nine| {
                let (key, index) = nine.split_at(8);
                let key = key.first_chunk().copied().unwrap_or_default();
                (u64::from_le_bytes(key), index[0])
            })
            .collect();
        if tail.ends.len() as u64 >= ENTRIES_PER_SEGMENT {
            return Err(DecodeError::Invalid("an open tail"));
        }
        Ok(tail)
    }
}

pub(crate) fn decode_segment(bytes: &[u8]) -> Result<Vec<Entry>, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        LAYOUT => {}
        other => return Err(DecodeError::Layout(other)),
    }
    let segment = Tail::decode_entries(&mut reader, None)?;
    if !reader.is_empty() {
        return Err(DecodeError::Invalid("a segment"));
    }
    (0..segment.ends.len())
        .map(|index| segment.read(index))
        .collect()
}
