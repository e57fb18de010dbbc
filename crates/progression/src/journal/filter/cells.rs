//! The part of a filter that lies in the store: above 16,384 entries a player's state would grow with every event.
//!
//! Each piece of 1,024 segments leaves the state once it is full. What has left is cut by the first bits of the keys' hashes into cells
//! of about 4 KiB; a cell has the keys of every piece, so that a look-up reads one, however much there is. With the next piece all of
//! them are written anew, cut finer as soon as they would be larger: once in 16,384 entries, two bytes for each entry there is.
//!
//! A cell is a row of the player's journal, numbered above all segments by how fine it is cut and its place. It is written in place, so
//! a crash, or another life of the player, may have left one that has more pieces than the state knows: only those that it knows are
//! looked at, and only those are taken over into the next.

use std::ops::Range;

use super::{HASH_BITS, LEVEL_MAX, PART_BITS, RUN, Shape, Sorted, hash_bits, in_piece, width};
use crate::codec::{DecodeError, Reader, Writer};

const LAYOUT: u8 = 1;
/// Rows of a journal from this number on are cells.
pub(crate) const FIRST_CELL: u32 = 1 << 30;
/// Bytes of a cell, about.
const CELL: usize = 4096;
/// The most bits by which cells are cut.
const CUT_MAX: u8 = 16;

/// What a state knows of its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    /// How many pieces are in them.
    runs: u32,
    /// By how many bits of the hash they are cut.
    cut: u8,
}

/// A cell that was read: for each piece the keys whose hashes begin with its bits, without those.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    cut: u8,
    lists: Box<[u8]>,
}

impl Cells {
    pub(super) fn runs(self) -> u32 {
        self.runs
    }

    pub(super) fn segments(self) -> u32 {
        self.runs.saturating_mul(RUN)
    }

    pub(super) fn rows(self) -> Range<u32> {
        let count = if self.runs == 0 { 0 } else { 1 << self.cut };
        let first = FIRST_CELL + (1 << self.cut);
        first..first + count
    }

    pub(super) fn row_of(self, hash: u32) -> Option<u32> {
        let place = u64::from(hash) >> (HASH_BITS - u32::from(self.cut));
        (self.runs > 0).then(|| self.rows().start + place as u32)
    }

    pub(super) fn hits(self, cell: &Cell, hash: u32) -> Vec<u32> {
        let mut hits = Vec::new();
        for (run, keys) in (0..self.runs).zip(Lists::of(cell.cut, &cell.lists)) {
            let first = run * RUN;
            let kept = hash >> (HASH_BITS - hash_bits(first));
            hits.extend(in_piece(keys, LEVEL_MAX, first, kept, below(cell.cut, run)));
        }
        hits
    }

    /// The same with one piece more, and the rows of all cells. `before` are those that there are, in order.
    pub(super) fn with(self, before: &[&Cell], keys: &[u32]) -> (Self, Vec<(u32, Vec<u8>)>) {
        let mut cut = self.cut;
        let mut cells: Vec<Vec<u8>> = before
            .iter()
            .map(|cell| cell.known(self.runs).to_vec())
            .collect();
        if cells.is_empty() {
            cells.push(Vec::new());
        }
        let lists: usize = cells.iter().map(Vec::len).sum();
        let more = Shape::of(keys.len(), width(LEVEL_MAX, self.segments())).bytes();
        while (lists + more) >> cut > CELL && cut < CUT_MAX {
            cells = cells.iter().flat_map(|lists| halves(cut, lists)).collect();
            cut += 1;
        }
        let place = |key: &u32| (u64::from(*key) >> (wide(self.runs) - u32::from(cut))) as usize;
        let mut keys = keys;
        for (at, cell) in cells.iter_mut().enumerate() {
            let here = keys.partition_point(|key| place(key) <= at);
            let (these, rest) = keys.split_at(here);
            keys = rest;
            write_list(cut, self.runs, these, cell);
        }
        let next = Self {
            runs: self.runs.saturating_add(1),
            cut,
        };
        let rows = next.rows().zip(cells);
        let rows = rows.map(|(number, lists)| {
            let mut bytes = Vec::with_capacity(2 + lists.len());
            bytes.extend_from_slice(&[LAYOUT, cut]);
            bytes.extend_from_slice(&lists);
            (number, bytes)
        });
        (next, rows.collect())
    }

    pub(super) fn encode(self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.runs));
        writer.byte(self.cut);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (runs, cut) = (reader.number32()?, reader.byte()?);
        let fits = cut <= CUT_MAX && runs < FIRST_CELL / RUN && (runs > 0 || cut == 0);
        match fits {
            true => Ok(Self { runs, cut }),
            false => Err(DecodeError::Invalid("a filter")),
        }
    }
}

impl Cell {
    /// Reads a row.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            LAYOUT => {}
            other => return Err(DecodeError::Layout(other)),
        }
        let cut = reader.byte()?;
        let bytes = reader.take(reader.left())?;
        let mut lists = Lists::of(cut.min(CUT_MAX), bytes);
        let sound = lists.by_ref().all(Sorted::is_sound) && lists.rest.is_empty();
        match sound && cut <= CUT_MAX {
            true => Ok(Self {
                cut,
                lists: bytes.into(),
            }),
            false => Err(DecodeError::Invalid("a cell of a filter")),
        }
    }

    /// Whether it has the keys of so many pieces.
    pub(crate) fn has(&self, runs: u32) -> bool {
        Lists::of(self.cut, &self.lists).count() >= runs as usize
    }

    /// The lists of the first pieces.
    fn known(&self, runs: u32) -> &[u8] {
        let mut lists = Lists::of(self.cut, &self.lists);
        lists.by_ref().take(runs as usize).for_each(drop);
        &self.lists[..self.lists.len() - lists.rest.left()]
    }
}

/// Bits of a number in the list of a piece that is not cut.
fn wide(run: u32) -> u32 {
    width(LEVEL_MAX, run.saturating_mul(RUN))
}

/// The bits of a number that stand in a cell's list.
fn below(cut: u8, run: u32) -> u32 {
    ((1u64 << (wide(run) - u32::from(cut))) - 1) as u32
}

/// One cell's lists as those of the two that it becomes.
fn halves(cut: u8, lists: &[u8]) -> [Vec<u8>; 2] {
    let mut halves = [Vec::new(), Vec::new()];
    for (run, keys) in (0..).zip(Lists::of(cut, lists)) {
        let keys: Vec<u32> = keys.all().collect();
        let middle = keys.partition_point(|key| *key <= below(cut + 1, run));
        let (low, high) = keys.split_at(middle);
        write_list(cut + 1, run, low, &mut halves[0]);
        write_list(cut + 1, run, high, &mut halves[1]);
    }
    halves
}

fn write_list(cut: u8, run: u32, keys: &[u32], out: &mut Vec<u8>) {
    let keys: Vec<u32> = keys.iter().map(|key| key & below(cut, run)).collect();
    let mut writer = Writer(out);
    writer.length(keys.len());
    Sorted::write(&keys, wide(run) - u32::from(cut), &mut writer);
}

/// Goes through a cell's lists, up to what is none.
struct Lists<'a> {
    cut: u8,
    run: u32,
    rest: Reader<'a>,
}

impl<'a> Lists<'a> {
    fn of(cut: u8, bytes: &'a [u8]) -> Self {
        Self {
            cut,
            run: 0,
            rest: Reader::new(bytes),
        }
    }
}

impl<'a> Iterator for Lists<'a> {
    type Item = Sorted<'a>;

    fn next(&mut self) -> Option<Sorted<'a>> {
        let mut reader = self.rest.clone();
        let count = reader.length().ok()?;
        let width = wide(self.run) - u32::from(self.cut);
        let keys = Sorted::read(Shape::of(count, width), &mut reader).ok()?;
        self.run = self.run.checked_add(1)?;
        self.rest = reader;
        Some(keys)
    }
}

const _: () = assert!(HASH_BITS + PART_BITS[LEVEL_MAX as usize] <= u32::BITS);
