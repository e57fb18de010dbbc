use proptest::prelude::*;

use super::{Filter, HASH_BITS};
use crate::codec::{DecodeError, Reader, Writer};

/// A hash as good as those of keys: the first bits of a product with an odd constant, twice.
fn hash(key: u64) -> u32 {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((mixed ^ mixed >> 32) >> (64 - HASH_BITS)) as u32
}

/// So many segments of sixteen keys each, numbered on.
fn filter(segments: u32) -> Filter {
    let mut filter = Filter::default();
    for segment in 0..u64::from(segments) {
        filter.add((segment * 16..segment * 16 + 16).map(hash));
    }
    filter
}

fn decoded(bytes: &[u8]) -> Result<Filter, DecodeError> {
    Filter::decode(&mut Reader::new(bytes))
}

/// Bytes for each event; what the newest segments cost more is a constant.
#[test]
fn a_filter_has_two_bytes_for_each_event() {
    for segments in [1, 4, 15, 63, 64, 200, 255, 256, 600, 1_023, 1_024, 2_000] {
        let (bytes, events) = (filter(segments).bytes(), segments as usize * 16);
        assert!(
            bytes <= 2 * events + 256,
            "{bytes} bytes for {events} events"
        );
    }
}

#[test]
fn no_key_is_ever_missed_and_few_others_hit() {
    for segments in [5, 63, 255, 1_023] {
        let filter = filter(segments);
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
            hits as u64 * 1_000 <= others * 2,
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
    ] {
        let filter = filter(segments);
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
