//! Where rows lie: how partitions of the log are spread over partitions of tables, so that none of those grows without bound.
//!
//! All of it is fixed for the life of a keyspace: a row that is looked for elsewhere is lost.

use std::ops::Range;

use ports::Entity;
use types::{BrandId, Partition, PlayerId};
use xxhash_rust::xxh3::xxh3_64;

/// Table partitions over which a partition's snapshots are spread: 10 million players in 64 partitions are 10,000 rows in each.
pub(crate) const BUCKETS: i32 = 16;
/// Table partitions over which what falls due in one minute is spread: at midnight it may be everybody.
pub(crate) const DUE_HASHES: i32 = 8;
/// Outbox rows of one table partition.
const SPAN: u64 = 4096;

/// An entity as it stands in a row: brand and player, parted by a space.
///
/// No brand holds a space, and a space is lower than whatever a brand holds: rows sort as entities do.
pub(crate) fn entity(entity: &Entity) -> String {
    format!("{} {}", entity.brand, entity.player)
}

/// The entity of such a text.
pub(crate) fn entity_of(text: &str) -> Option<Entity> {
    let (brand, player) = text.split_once(' ')?;
    Some(Entity {
        brand: BrandId::new(brand).ok()?,
        player: PlayerId::stored(player).ok()?,
    })
}

/// The bucket of an entity's snapshot.
pub(crate) fn bucket(partition: Partition, entity: &str) -> i32 {
    buckets(partition).start + spread(xxh3_64(entity.as_bytes()), BUCKETS)
}

/// All buckets of a partition.
pub(crate) fn buckets(partition: Partition) -> Range<i32> {
    let first = i32::from(partition.0) * BUCKETS;
    first..first + BUCKETS
}

/// Which of a minute's table partitions holds an entity's due row.
pub(crate) fn due_hash(entity: &str) -> i32 {
    spread(xxh3_64(entity.as_bytes()) >> 32, DUE_HASHES)
}

/// The span of an outbox row.
pub(crate) fn span(number: u64) -> u64 {
    number / SPAN
}

fn spread(hash: u64, over: i32) -> i32 {
    // Below `over`, which is one of the two constants above.
    (hash % u64::from(over.unsigned_abs())) as i32
}

#[cfg(test)]
mod tests {
    use ports::Entity;
    use proptest::prelude::*;
    use types::{BrandId, Partition, PlayerId};

    use super::{DUE_HASHES, bucket, buckets, due_hash, entity, entity_of};

    fn entities() -> impl Strategy<Value = Entity> {
        ("[A-Za-z0-9._-]{1,4}", "\\PC{1,4}").prop_filter_map("ids", |(brand, player)| {
            Some(Entity {
                brand: BrandId::new(&brand).ok()?,
                player: PlayerId::new(&player).ok()?,
            })
        })
    }

    proptest! {
        #[test]
        fn texts_sort_as_entities_do(a in entities(), b in entities()) {
            prop_assert_eq!(entity(&a).cmp(&entity(&b)), a.cmp(&b));
            prop_assert_eq!(entity_of(&entity(&a)), Some(a));
        }

        #[test]
        fn every_row_lies_where_it_is_looked_for(partition: u16, a in entities()) {
            let text = entity(&a);
            prop_assert!(buckets(Partition(partition)).contains(&bucket(Partition(partition), &text)));
            prop_assert!((0..DUE_HASHES).contains(&due_hash(&text)));
        }

        #[test]
        fn buckets_of_partitions_do_not_meet(a: u16, b: u16) {
            prop_assume!(a < b);
            prop_assert!(buckets(Partition(a)).end <= buckets(Partition(b)).start);
        }
    }

    /// The place of a row is for ever: these are read from a keyspace of an older binary.
    #[test]
    fn places_do_not_change() {
        let texts = ["shop 12346", "shop 12347", "b é/1"];
        let places = texts.map(|text| (text, bucket(Partition(2), text), due_hash(text)));
        let expected = [
            ("shop 12346", 36, 2),
            ("shop 12347", 32, 6),
            ("b é/1", 34, 1),
        ];
        assert_eq!(places, expected);
    }
}
