//! Which sealed segments may hold a key: exact look-ups read only those.
//!
//! A piece is made with each segment and eight neighbours of one size merge into one, up to 512 segments. A key is kept by 23 bits of
//! its hash together with its segment, so merging loses nothing: a key that is not there hits with probability n / 2^23, which is
//! below 0.2 % up to 16,384 keys.

use crate::codec::{DecodeError, Reader, Writer};
use crate::journal::Key;

const HASH_BITS: u32 = 23;
const SEGMENT_BITS: u32 = 9;
const LEVEL_MAX: u8 = 3;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    /// Covers 8^level segments.
    level: u8,
    first: u32,
    /// Sorted: hash, then segment counted from `first`.
    keys: Vec<u32>,
}

fn prefix(key: Key) -> u32 {
    (key.0 >> (64 - HASH_BITS)) as u32
}

impl Filter {
    /// Adds the keys of the next segment.
    pub(crate) fn add(&mut self, segment: u32, keys: impl Iterator<Item = Key>) {
        let mut keys: Vec<u32> = keys.map(|key| prefix(key) << SEGMENT_BITS).collect();
        keys.sort_unstable();
        keys.dedup();
        self.pieces.push(Piece {
            level: 0,
            first: segment,
            keys,
        });
        while self.merge() {}
    }

    fn merge(&mut self) -> bool {
        let Some(from) = self.pieces.len().checked_sub(8) else {
            return false;
        };
        let level = self.pieces[from].level;
        if level >= LEVEL_MAX || self.pieces[from..].iter().any(|piece| piece.level != level) {
            return false;
        }
        let eight = self.pieces.split_off(from);
        let first = eight[0].first;
        let moved = |piece: Piece| {
            let up = piece.first.wrapping_sub(first) & ((1 << SEGMENT_BITS) - 1);
            piece.keys.into_iter().map(move |key| key + up)
        };
        let mut keys: Vec<u32> = eight.into_iter().flat_map(moved).collect();
        keys.sort_unstable();
        self.pieces.push(Piece {
            level: level + 1,
            first,
            keys,
        });
        true
    }

    /// The segments that may hold the key, oldest first.
    pub(crate) fn hits(&self, key: Key) -> impl Iterator<Item = u32> {
        let low = prefix(key) << SEGMENT_BITS;
        self.pieces.iter().flat_map(move |piece| {
            let from = piece.keys.partition_point(|kept| *kept < low);
            piece.keys[from..]
                .iter()
                .take_while(move |kept| **kept >> SEGMENT_BITS == low >> SEGMENT_BITS)
                .map(move |kept| piece.first + (kept & ((1 << SEGMENT_BITS) - 1)))
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.pieces
            .iter()
            .map(|piece| size_of::<Piece>() + piece.keys.capacity() * 4)
            .sum()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.pieces.len());
        for piece in &self.pieces {
            writer.byte(piece.level);
            writer.number(u64::from(piece.first));
            writer.length(piece.keys.len());
            piece
                .keys
                .iter()
                .for_each(|key| writer.0.extend_from_slice(&key.to_le_bytes()));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = reader.length()?;
        let mut pieces = Vec::with_capacity(length.min(64));
        for _ in 0..length {
            let level = reader.byte()?;
            let first = reader.number32()?;
            let count = reader.length()?;
            let bytes = reader.take(count.checked_mul(4).ok_or(DecodeError::Truncated)?)?;
            let keys: Vec<u32> = bytes
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect();
            if !keys.is_sorted() || first > u32::MAX - (1 << SEGMENT_BITS) {
                return Err(DecodeError::Invalid("a filter"));
            }
            pieces.push(Piece { level, first, keys });
        }
        Ok(Self { pieces })
    }
}
