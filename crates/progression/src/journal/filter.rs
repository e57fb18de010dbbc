//! Which sealed segments may hold a key: exact look-ups read only those.
//!
//! A piece is made with each segment, and four neighbours of one size become one, up to 1,024 segments. A key is kept by 23 bits of its
//! hash, so one that is not there hits with probability n / 2^23: below 0.2 % up to 16,384 keys. The pieces are sorted lists of these,
//! by their distances; beside them stands in which part of its piece a key is, as far as there is room for it in two bytes: a hit in a
//! piece of 64 segments or more names up to 64 of them, in one of up to 16 all of it.
//!
//! A piece of 1,024 segments leaves the state for cells in the store ([`cells`]); the keys of all later segments are kept by 28 bits, so
//! that all of them together add little to the false hits of the first.
//!
//! A filter that keeps no keys (binary fuse, xor) would be no smaller at this rate, could not be merged without the keys, and would
//! not say where in a piece a key is.

mod cells;
mod sorted;

use smallvec::SmallVec;

use super::History;
use crate::codec::{DecodeError, Reader, Writer};
use crate::state::LINE;
use cells::Cells;
pub(crate) use cells::{Cell, FIRST_CELL};
use sorted::{Shape, Sorted};

/// Bits of a key's hash that look-ups come with.
pub(crate) const HASH_BITS: u32 = 28;
/// Bits of it that are kept of the keys of segments up to the first that leave the state.
const EARLY_BITS: u32 = 23;
/// Pieces that become one, as a power of two.
const MERGE_BITS: u32 = 2;
/// How many bits say in which part of a piece a key is, by the piece's level.
const PART_BITS: [u32; 6] = [0, 0, 0, 0, 2, 4];
const LEVEL_MAX: u8 = PART_BITS.len() as u8 - 1;

/// Lines of memory that are fetched ahead: of a larger filter a look-up reads few.
const LINES: usize = 8;

/// How many segments a piece has that leaves the state.
const RUN: u32 = 1 << span_bits(LEVEL_MAX);

/// What has left, and the pieces of all segments from there on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    cells: Cells,
    /// One behind the other, each with its level and its number of keys in front.
    hot: Box<[u8]>,
}

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

/// Bits kept of the hashes of a piece's keys, by its first segment. Pieces that merge have the same.
const fn hash_bits(first: u32) -> u32 {
    if first < RUN { EARLY_BITS } else { HASH_BITS }
}

fn width(level: u8, first: u32) -> u32 {
    hash_bits(first) + PART_BITS[usize::from(level)]
}

impl Filter {
    /// Adds the keys of the next segment, by the first bits of their hashes.
    pub(crate) fn add(&mut self, hashes: impl Iterator<Item = u32>) {
        let dropped = HASH_BITS - hash_bits(self.segments());
        let mut keys: Vec<u32> = hashes.map(|hash| hash >> dropped).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut first = self.segments();
        let mut pieces: SmallVec<[(usize, u8); 16]> =
            self.pieces().map(|it| (it.at, it.level)).collect();
        let mut bytes = std::mem::take(&mut self.hot).into_vec();
        let mut level = 0;
        while let [.., (from, 0..LEVEL_MAX), (_, middle), (_, last)] = *pieces
            && pieces[pieces.len() - 3].1 == level
            && (middle, last) == (level, level)
        {
            first -= 3 << span_bits(level);
            keys = merge(Pieces::of(&bytes[from..], first), level, &keys);
            bytes.truncate(from);
            pieces.truncate(pieces.len() - 3);
            level += 1;
        }
        let mut writer = Writer(&mut bytes);
        writer.byte(level);
        writer.length(keys.len());
        Sorted::write(&keys, width(level, first), &mut writer);
        self.hot = bytes.into();
    }

    /// The segments in memory's pieces that may hold a key whose hash begins with these bits, oldest first. Nearly always there are none.
    pub(crate) fn hits(&self, hash: u32) -> Vec<u32> {
        let mut hits = Vec::new();
        for piece in self.pieces() {
            let kept = hash >> (HASH_BITS - hash_bits(piece.first));
            let parts = PART_BITS[usize::from(piece.level)];
            if piece.keys.has_near(kept << parts, 1 << parts) {
                hits.extend(in_piece(
                    piece.keys,
                    piece.level,
                    piece.first,
                    kept,
                    u32::MAX,
                ));
            }
        }
        hits
    }

    /// The row of the cell that must be looked at too; `None` while nothing has left the state.
    pub(crate) fn cell_of(&self, hash: u32) -> Option<u32> {
        self.cells.row_of(hash)
    }

    /// The segments that may hold a key by what has left the state, oldest first. `cell` is the one of its hash.
    pub(crate) fn hits_in(&self, cell: &Cell, hash: u32) -> Vec<u32> {
        self.cells.hits(cell, hash)
    }

    /// Rows that must be at hand before the next piece can leave; none where none is full.
    pub(crate) fn rows_to_leave(&self) -> std::ops::Range<u32> {
        match self.full() {
            true => self.cells.rows(),
            false => 0..0,
        }
    }

    /// Whether this is the number of a row that the filter has.
    pub(crate) fn has_row(&self, number: u32) -> bool {
        self.cells.rows().contains(&number)
    }

    fn full(&self) -> bool {
        // The first byte is the level of the oldest piece.
        self.hot.first() == Some(&LEVEL_MAX)
    }

    /// Lets the oldest piece leave where it is full: the cells that there are then.
    pub(crate) fn leave(&mut self, history: &History) -> Vec<(u32, Vec<u8>)> {
        if !self.full() {
            return Vec::new();
        }
        let before = self.cells.rows().map(|row| history.cell(self, row));
        let before: Option<Vec<&Cell>> = before.collect();
        let (Some(before), Some(piece)) = (before, self.pieces().next()) else {
            return Vec::new();
        };
        let keys: Vec<u32> = piece.keys.all().collect();
        let rest = self.pieces().nth(1).map_or(self.hot.len(), |it| it.at);
        let (cells, written) = self.cells.with(&before, &keys);
        self.cells = cells;
        self.hot = self.hot[rest..].into();
        written
    }

    fn pieces(&self) -> Pieces<'_> {
        Pieces::of(&self.hot, self.cells.segments())
    }

    /// How many pieces have left.
    pub(crate) fn left(&self) -> u32 {
        self.cells.runs()
    }

    /// How many segments it knows.
    pub(crate) fn segments(&self) -> u32 {
        let hot = self.pieces().map(|piece| 1 << span_bits(piece.level));
        hot.fold(self.cells.segments(), u32::saturating_add)
    }

    /// Something of each line of memory of a small filter.
    pub(crate) fn lines(&self) -> u64 {
        let lines = self.hot.iter().step_by(LINE).take(LINES);
        lines.fold(0, |all, byte| all ^ u64::from(*byte))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.hot.len()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        self.cells.encode(writer);
        writer.blob(&self.hot);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let cells = Cells::decode(reader)?;
        let bytes = reader.blob()?;
        let mut pieces = Pieces::of(bytes, cells.segments());
        let sound = pieces.all(|piece| piece.keys.is_sound());
        match sound && pieces.rest.is_empty() {
            true => Ok(Self {
                cells,
                hot: bytes.into(),
            }),
            false => Err(DecodeError::Invalid("a filter")),
        }
    }
}

/// The segments of a piece that may hold a key, by the bits of its hash that the piece keeps; `within` are the bits of its numbers that
/// stand in this list.
fn in_piece(
    keys: Sorted<'_>,
    level: u8,
    first: u32,
    hash: u32,
    within: u32,
) -> impl Iterator<Item = u32> {
    let parts = PART_BITS[usize::from(level)];
    let segments = 1 << (span_bits(level) - parts);
    let from = hash << parts & within;
    let near = keys.near(from, 1 << parts);
    near.flat_map(move |number| {
        let first = first + (number - from) * segments;
        first..first + segments
    })
}

/// The keys of four pieces of a level as those of one: three as they lie, and the newest.
fn merge(three: Pieces<'_>, level: u8, newest: &[u32]) -> Vec<u32> {
    let (parts, above) = (
        PART_BITS[usize::from(level)],
        PART_BITS[usize::from(level) + 1],
    );
    let up = move |(child, number): (u32, u32)| {
        let (hash, part) = (number >> parts, number & ((1 << parts) - 1));
        let segment = (child << span_bits(level)) + (part << (span_bits(level) - parts));
        hash << above | segment >> (span_bits(level + 1) - above)
    };
    let older = (0..).zip(three);
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
    /// Pieces from a first segment on.
    fn of(bytes: &'a [u8], first: u32) -> Self {
        Self {
            all: bytes.len(),
            rest: Reader::new(bytes),
            first,
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
            keys: Sorted::read(Shape::of(count, width(level, self.first)), &mut reader).ok()?,
        };
        self.first = self.first.checked_add(1 << span_bits(level))?;
        self.rest = reader;
        Some(piece)
    }
}

#[cfg(test)]
mod tests;
