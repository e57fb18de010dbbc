//! Entries one behind the other, as a sealed segment and the open tail of a snapshot have them.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{ENTRIES_PER_SEGMENT, Entry};
use crate::catalogue::{Catalogue, VersionId};
use crate::codec::{DecodeError, Reader, Writer};
use crate::names::Names;

const LAYOUT: u8 = 6;
/// The one before it, which is still read: no verdict there stands in the place of another.
const BEFORE: u8 = 5;
/// Bytes of an entry's length, which stands before it.
const LENGTH: usize = 4;

/// Entries that are encoded, and what they are read with.
pub(super) struct Entries<'a, Bytes> {
    /// Number of the segment that they are, or will become.
    pub(super) segment: u32,
    pub(super) versions: &'a [Arc<Names>],
    pub(super) entries: &'a [Bytes],
}

impl<Bytes: AsRef<[u8]>> Entries<'_, Bytes> {
    /// As a segment.
    pub(super) fn seal(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length() + 64);
        let mut writer = Writer(&mut bytes);
        writer.byte(LAYOUT);
        self.encode(&mut writer);
        bytes
    }

    fn length(&self) -> usize {
        let each = self.entries.iter();
        each.map(|bytes| LENGTH + bytes.as_ref().len()).sum()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.segment));
        writer.length(self.versions.len());
        let versions = self.versions.iter();
        versions.for_each(|names| names.id().encode(writer));
        writer.length(self.entries.len());
        writer.length(self.length());
        for bytes in self.entries {
            let bytes = bytes.as_ref();
            let length = bytes.len() as u32;
            writer.0.extend_from_slice(&length.to_le_bytes());
            writer.0.extend_from_slice(bytes);
        }
    }

    /// One entry, by its place.
    pub(super) fn read(&self, index: usize) -> Result<Entry, DecodeError> {
        let bytes = self.entries.get(index);
        let bytes = bytes.ok_or(DecodeError::Invalid("an entry"))?;
        let number = u64::from(self.segment) * ENTRIES_PER_SEGMENT + index as u64;
        Entry::decode(number, self.versions, &mut Reader::new(bytes.as_ref()))
    }

    /// All entries, oldest first.
    pub(super) fn read_all(&self) -> impl Iterator<Item = Result<Entry, DecodeError>> {
        (0..self.entries.len()).map(|index| self.read(index))
    }
}

/// Entries as they lie in bytes.
pub(super) struct Lying<'a> {
    pub(super) segment: u32,
    pub(super) versions: SmallVec<[Arc<Names>; 1]>,
    pub(super) entries: SmallVec<[&'a [u8]; ENTRIES_PER_SEGMENT as usize]>,
}

impl<'a> Lying<'a> {
    pub(super) fn decode(
        reader: &mut Reader<'a>,
        catalogue: &Catalogue,
    ) -> Result<Self, DecodeError> {
        let segment = reader.number32()?;
        let versions = (0..reader.length()?)
            .map(|_| catalogue.read(reader))
            .collect::<Result<_, _>>()?;
        let count = reader.number()?;
        let mut bytes = Reader::new(reader.blob()?);
        if count > ENTRIES_PER_SEGMENT {
            return Err(DecodeError::Invalid("a segment"));
        }
        let entries = (0..count)
            .map(|_| one(&mut bytes))
            .collect::<Result<_, _>>()?;
        match bytes.is_empty() {
            true => Ok(Self {
                segment,
                versions,
                entries,
            }),
            false => Err(DecodeError::Invalid("a segment")),
        }
    }
}

fn one<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let length = reader.take(LENGTH)?.first_chunk();
    let length = u32::from_le_bytes(*length.ok_or(DecodeError::Truncated)?);
    reader.take(length as usize)
}

fn reader(bytes: &[u8]) -> Result<Reader<'_>, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        LAYOUT | BEFORE => Ok(reader),
        other => Err(DecodeError::Layout(other)),
    }
}

/// The entries of a segment, oldest first.
pub(super) fn decode(bytes: &[u8], catalogue: &Catalogue) -> Result<Vec<Entry>, DecodeError> {
    let mut reader = reader(bytes)?;
    let lying = Lying::decode(&mut reader, catalogue)?;
    if !reader.is_empty() {
        return Err(DecodeError::Invalid("a segment"));
    }
    let entries = Entries {
        segment: lying.segment,
        versions: &lying.versions,
        entries: &lying.entries,
    };
    entries.read_all().collect()
}

/// The programme versions that a segment's entries speak of.
pub(super) fn versions(bytes: &[u8]) -> Result<Vec<VersionId>, DecodeError> {
    let mut reader = reader(bytes)?;
    reader.number32()?;
    (0..reader.length()?)
        .map(|_| VersionId::decode(&mut reader))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{BEFORE, Entries, LAYOUT, decode, versions};
    use crate::Catalogue;
    use crate::codec::DecodeError;

    #[test]
    fn a_segment_of_the_layout_before_is_read_and_no_other() {
        let none: Entries<'_, Box<[u8]>> = Entries {
            segment: 3,
            versions: &[],
            entries: &[],
        };
        for layout in 0..=u8::MAX {
            let mut bytes = none.seal();
            bytes[0] = layout;
            let known = layout == LAYOUT || layout == BEFORE;
            let unknown = || DecodeError::Layout(layout);
            let read = decode(&bytes, &Catalogue::default()).map(|entries| entries.len());
            assert_eq!(read, if known { Ok(0) } else { Err(unknown()) });
            assert_eq!(versions(&bytes).is_ok(), known);
        }
    }
}
