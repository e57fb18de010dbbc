use proptest::prelude::*;

use super::{Cell, FIRST_CELL, Filter, HASH_BITS, RUN};
use crate::catalogue::Catalogue;
use crate::codec::{DecodeError, Reader, Writer};
use crate::journal::History;

/// A hash as good as those of keys: the first bits of a product with an odd constant, twice.
fn hash(key: u64) -> u32 {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((mixed ^ mixed >> 32) >> (64 - HASH_BITS)) as u32
}

/// So many segments of sixteen keys each, numbered on, all of them in memory.
fn filter(segments: u32) -> Filter {
    let mut filter = Filter::default();
    for segment in 0..u64::from(segments) {
        filter.add((segment * 16..segment * 16 + 16).map(hash));
    }
    filter
}

/// A filter from which pieces leave, and the store.
#[derive(Default)]
struct Kept {
    filter: Filter,
    rows: History,
    /// Bytes of each row there is.
    sizes: std::collections::BTreeMap<u32, usize>,
}

impl Kept {
    fn of(segments: u32) -> Self {
        let mut kept = Self::default();
        (0..segments).for_each(|_| drop(kept.grow()));
        kept
    }

    /// One segment more, and the rows that it brings.
    fn grow(&mut self) -> Vec<(u32, Vec<u8>)> {
        let segment = u64::from(self.filter.segments());
        self.filter.add((segment * 16..segment * 16 + 16).map(hash));
        let rows = self.filter.leave(&self.rows);
        for (number, bytes) in &rows {
            self.write(*number, bytes);
        }
        rows
    }

    fn write(&mut self, number: u32, bytes: &[u8]) {
        let written = self.rows.insert(number, bytes, &Catalogue::default());
        assert_eq!(written, Ok(()), "row {number}");
        self.sizes.insert(number, bytes.len());
    }

    fn hits(&self, hash: u32) -> Vec<u32> {
        let cell = self.filter.cell_of(hash);
        let cell = cell.map(|row| {
            self.rows
                .cell(&self.filter, row)
                .expect("a row that was written")
        });
        let mut hits = cell.map_or_else(Vec::new, |cell| self.filter.hits_in(cell, hash));
        hits.extend(self.filter.hits(hash));
        hits
    }
}

fn decoded(bytes: &[u8]) -> Result<Filter, DecodeError> {
    Filter::decode(&mut Reader::new(bytes))
}

/// Bytes for each event; what the newest segments cost more is a constant.
#[test]
fn a_filter_has_two_bytes_for_each_event() {
    for segments in [1, 4, 15, 63, 64, 200, 255, 256, 600, 1_023] {
        let (bytes, events) = (filter(segments).bytes(), segments as usize * 16);
        assert!(
            bytes <= 2 * events + 256,
            "{bytes} bytes for {events} events"
        );
    }
}

#[test]
fn what_stays_in_the_state_is_bounded_however_much_there_is() {
    let mut kept = Kept::default();
    for segments in 1..=10 * RUN {
        kept.grow();
        let bytes = kept.filter.bytes();
        assert!(bytes <= 42 << 10, "{bytes} bytes at {segments} segments");
    }
}

#[test]
fn a_look_up_reads_one_cell_of_about_four_kib() {
    for runs in [1, 2, 3, 5, 10] {
        let kept = Kept::of(runs * RUN);
        let rows = kept.filter.cells.rows();
        let sizes: Vec<usize> = rows.clone().map(|row| kept.sizes[&row]).collect();
        let all = sizes.iter().sum::<usize>();
        assert!(
            all <= 42_000 * runs as usize,
            "{all} bytes of {runs} pieces"
        );
        let most = sizes.iter().max().copied().unwrap_or_default();
        assert!(most <= 4_096 * 5 / 4, "{most} bytes of {runs} pieces");
        assert!(
            rows.len() as u32 * 1_600 <= all as u32,
            "{} cells of {runs} pieces",
            rows.len()
        );
    }
}

#[test]
fn of_a_cell_that_knows_more_than_the_state_nothing_more_is_seen() {
    let mut now = Kept::of(2 * RUN + 5);
    let later = Kept::of(3 * RUN);
    let known = |kept: &Kept, keys: std::ops::Range<u64>| -> Vec<Vec<u32>> {
        keys.map(hash).map(|hash| kept.hits(hash)).collect()
    };
    let before = known(&now, 0..60_000);
    // A crash has left the cells that the next piece would have brought.
    for (number, bytes) in Kept::of(3 * RUN - 1).grow() {
        now.write(number, &bytes);
    }
    assert_eq!(known(&now, 0..60_000), before);
    // And what comes after it is the same as if there had been none.
    while now.filter.segments() < 3 * RUN {
        now.grow();
    }
    assert_eq!(now.filter, later.filter);
    assert_eq!(known(&now, 0..60_000), known(&later, 0..60_000));
}

#[test]
fn a_cell_that_knows_less_than_the_state_is_none() {
    let early = Kept::of(RUN);
    let late = Kept::of(2 * RUN);
    assert!(
        early
            .rows
            .cell(&late.filter, early.filter.cells.rows().start)
            .is_none()
    );
}

#[test]
fn no_key_is_ever_missed_and_few_others_hit() {
    for segments in [5, 63, 255, 1_023, 1_024, 1_300, 5_000] {
        let filter = Kept::of(segments);
        for key in 0..u64::from(segments) * 16 {
            let segment = (key / 16) as u32;
            assert!(
                filter.hits(hash(key)).contains(&segment),
                "{key} of {segments}"
            );
        }
        let others = 200_000u64;
        let strangers = (1 << 40..(1 << 40) + others).map(hash);
        let hits = strangers
            .filter(|hash| !filter.hits(*hash).is_empty())
            .count();
        assert!(
            hits as u64 * 10_000 <= others * 22,
            "{hits} of {others} at {segments} segments"
        );
    }
}

#[test]
fn a_hit_names_few_segments() {
    for (segments, most) in [
        (3, 1),
        (15, 4),
        (63, 16),
        (255, 64),
        (1_023, 64),
        (1_500, 64),
        (3_000, 64),
    ] {
        let filter = Kept::of(segments);
        let named = (0..u64::from(segments) * 16).map(|key| filter.hits(hash(key)).len());
        // Another key with the same hash may name as many again.
        let usual = named.filter(|named| *named <= most).count();
        assert!(
            usual * 100 >= segments as usize * 16 * 99,
            "{usual} of {segments} segments"
        );
    }
}

proptest! {
    #[test]
    fn segments_of_any_number_of_keys_are_found(sizes in prop::collection::vec(0..40u64, 0..90)) {
        let (mut filter, mut next) = (Filter::default(), 0);
        let mut placed = Vec::new();
        for (segment, size) in (0u32..).zip(&sizes) {
            let keys = next..next + size;
            placed.extend(keys.clone().map(|key| (key, segment)));
            filter.add(keys.map(hash));
            next += size;
        }
        prop_assert_eq!(filter.segments() as usize, sizes.len());
        for (key, segment) in placed {
            prop_assert!(filter.hits(hash(key)).contains(&segment));
        }
        let mut bytes = Vec::new();
        filter.encode(&mut Writer(&mut bytes));
        prop_assert_eq!(decoded(&bytes), Ok(filter));
    }

    #[test]
    fn a_damaged_cell_is_a_cell_or_an_error(at in any::<usize>(), with in any::<u8>(), cut in any::<bool>()) {
        let mut filter = filter(RUN);
        let (number, mut bytes) = filter.leave(&History::new()).swap_remove(3);
        prop_assert!(number > FIRST_CELL);
        let at = at % bytes.len();
        bytes[at] = with;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(cell) = Cell::decode(&bytes) {
            let hits = filter.hits_in(&cell, hash(1));
            prop_assert!(hits.len() <= bytes.len() * 64);
            prop_assert!(hits.iter().all(|segment| *segment < RUN));
        }
    }

    #[test]
    fn a_damaged_filter_is_a_filter_or_an_error(segments in 1..90u32, at in any::<usize>(), with in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = Vec::new();
        filter(segments).encode(&mut Writer(&mut bytes));
        let at = at % bytes.len();
        bytes[at] = with;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(filter) = decoded(&bytes) {
            prop_assert!(filter.hits(hash(1)).len() <= bytes.len() * 64);
            prop_assert!(filter.hits(hash(1)).iter().all(|segment| *segment < filter.segments()));
        }
    }
}
