//! Which sealed segments may hold a key: exact look-ups read only those.
//!
//! A piece is made with each segment, and four neighbours of one size become one, up to 1,024 segments. A key is kept by 23 bits of its
//! hash, so one that is not there hits with probability n / 2^23: below 0.2 % up to 16,384 keys. The pieces are sorted lists of these,
//! by their distances; beside them stands in which part of its piece a key is, as far as there is room for it in two bytes: a hit in a
//! piece of 64 segments or more names up to 64 of them, in one of up to 16 all of it.
//!
//! A filter that keeps no keys (binary fuse, xor) would be no smaller at this rate, could not be merged without the keys, and would
//! not say where in a piece a key is.

mod sorted;

use smallvec::SmallVec;

use crate::codec::{DecodeError, Reader, Writer};
use sorted::{Shape, Sorted};

/// Bits of a key's hash that are kept.
pub(crate) const HASH_BITS: u32 = 23;
/// Pieces that become one, as a power of two.
const MERGE_BITS: u32 = 2;
/// How many bits say in which part of a piece a key is, by the piece's level.
const PART_BITS: [u32; 6] = [0, 0, 0, 0, 2, 4];
const LEVEL_MAX: u8 = PART_BITS.len() as u8 - 1;

/// Pieces one behind the other, each with its level and its number of keys in front, from segment 0 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter(Box<[u8]>);

/// A piece as it lies.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    /// Where it begins.
    at: usize,
    level: u8,
    /// Its first segment.
    first: u32,
    keys: Sorted<'a>,
}

/// How many segments a piece covers, as a power of two.
const fn span_bits(level: u8) -> u32 {
    MERGE_BITS * level as u32
}

fn width(level: u8) -> u32 {
    HASH_BITS + PART_BITS[usize::from(level)]
}

impl Filter {
    /// Adds the keys of the next segment, by the first bits of their hashes.
    pub(crate) fn add(&mut self, hashes: impl Iterator<Item = u32>) {
        let mut keys: Vec<u32> = hashes.collect();
        keys.sort_unstable();
        keys.dedup();
        let mut bytes = std::mem::take(&mut self.0).into_vec();
        let mut pieces: SmallVec<[(usize, u8); 16]> =
            Pieces::of(&bytes).map(|it| (it.at, it.level)).collect();
        let mut level = 0;
        while let [.., (from, 0..LEVEL_MAX), (_, middle), (_, last)] = *pieces
            && pieces[pieces.len() - 3].1 == level
            && (middle, last) == (level, level)
        {
            keys = merge(&bytes[from..], level, &keys);
            bytes.truncate(from);
            pieces.truncate(pieces.len() - 3);
            level += 1;
        }
        let mut writer = Writer(&mut bytes);
        writer.byte(level);
        writer.length(keys.len());
        Sorted::write(&keys, width(level), &mut writer);
        self.0 = bytes.into();
    }

    /// The segments that may hold a key whose hash begins with these bits, oldest first. Nearly always there are none.
    pub(crate) fn hits(&self, hash: u32) -> Vec<u32> {
        let mut hits = Vec::new();
        for piece in Pieces::of(&self.0) {
            let parts = PART_BITS[usize::from(piece.level)];
            let segments = 1 << (span_bits(piece.level) - parts);
            let from = hash << parts;
            for number in piece.keys.near(from, 1 << parts) {
                let first = piece.first + (number - from) * segments;
                hits.extend(first..first + segments);
            }
        }
        hits
    }

    /// How many segments it knows.
    pub(crate) fn segments(&self) -> u32 {
        Pieces::of(&self.0)
            .map(|piece| 1 << span_bits(piece.level))
            .sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.blob(&self.0);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.blob()?;
        let mut pieces = Pieces::of(bytes);
        let sound = pieces.all(|piece| piece.keys.is_sound());
        match sound && pieces.rest.is_empty() {
            true => Ok(Self(bytes.into())),
            false => Err(DecodeError::Invalid("a filter")),
        }
    }
}

/// The keys of four pieces of a level as those of one: three as they lie, and the newest.
fn merge(three: &[u8], level: u8, newest: &[u32]) -> Vec<u32> {
    let (parts, above) = (
        PART_BITS[usize::from(level)],
        PART_BITS[usize::from(level) + 1],
    );
    let up = move |(child, number): (u32, u32)| {
        let (hash, part) = (number >> parts, number & ((1 << parts) - 1));
        let segment = (child << span_bits(level)) + (part << (span_bits(level) - parts));
        hash << above | segment >> (span_bits(level + 1) - above)
    };
    let older = (0..).zip(Pieces::of(three));
    let older = older.flat_map(|(child, piece)| piece.keys.all().map(move |key| (child, key)));
    let newest = newest.iter().map(|key| (3, *key));
    let mut keys: Vec<u32> = older.chain(newest).map(up).collect();
    // Four runs that are sorted already, which a stable sort makes use of.
    keys.sort();
    keys.dedup();
    keys
}

/// Goes through pieces, up to what is none.
struct Pieces<'a> {
    all: usize,
    rest: Reader<'a>,
    first: u32,
}

impl<'a> Pieces<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self {
            all: bytes.len(),
            rest: Reader::new(bytes),
            first: 0,
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let mut reader = self.rest.clone();
        let level = reader.byte().ok().filter(|level| *level <= LEVEL_MAX)?;
        let count = reader.length().ok()?;
        let piece = Piece {
            at: self.all - self.rest.left(),
            level,
            first: self.first,
            keys: Sorted::read(Shape::of(count, width(level)), &mut reader).ok()?,
        };
        self.first = self.first.checked_add(1 << span_bits(level))?;
        self.rest = reader;
        Some(piece)
    }
}

#[cfg(test)]
mod tests;
