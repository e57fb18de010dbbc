//! Keys and values of the state. Keys sort as the ports ask: by partition, brand, player, number; integers are big-endian.
//!
//! A brand holds no byte below `-`, an entity no zero byte, so a zero byte ends both without changing the order.

use bytes::Bytes;
use ports::{Due, Entity, Head, OwnerId, Stamp};
use types::{BrandId, Epoch, Partition, PlayerId, Position};

const STAMP: usize = 8;
const HEAD: usize = 53;
const HEAD_VERSION: u8 = 1;

/// What every key of a partition starts with.
pub(crate) fn partition(partition: Partition) -> [u8; 2] {
    partition.0.to_be_bytes()
}

/// Key of an entity's snapshot or quarantine row.
pub(crate) fn entity(partition: Partition, entity: &Entity) -> Vec<u8> {
    let (brand, player) = (entity.brand.as_str(), entity.player.as_str());
    let mut key = Vec::with_capacity(2 + brand.len() + 1 + player.len() + 5);
    key.extend_from_slice(&partition.0.to_be_bytes());
    key.extend_from_slice(brand.as_bytes());
    key.push(0);
    key.extend_from_slice(player.as_bytes());
    key
}

/// The entity of such a key.
pub(crate) fn entity_of(key: &[u8]) -> Option<Entity> {
    let text = std::str::from_utf8(key.get(2..)?).ok()?;
    let (brand, player) = text.split_once('\0')?;
    Some(Entity {
        brand: BrandId::new(brand).ok()?,
        player: PlayerId::stored(player).ok()?,
    })
}

/// Key of a journal segment.
pub(crate) fn segment(partition: Partition, of: &Entity, number: u32) -> Vec<u8> {
    let mut key = entity(partition, of);
    key.push(0);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Key of an outbox row.
pub(crate) fn outbox(partition: Partition, number: u64) -> [u8; 10] {
    let mut key = [0; 10];
    key[..2].copy_from_slice(&partition.0.to_be_bytes());
    key[2..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number of such a key.
pub(crate) fn outbox_number(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(2..10)?.try_into().ok()?))
}

/// Key of a due row; keys sort by minute, then entity.
pub(crate) fn due(of: Partition, due: &Due) -> Vec<u8> {
    let mut key = due_from(of, due.minute);
    key.extend_from_slice(&entity(of, &due.entity)[2..]);
    key
}

/// What the keys of a minute start with.
pub(crate) fn due_from(of: Partition, minute: u32) -> Vec<u8> {
    [partition(of).as_slice(), &minute.to_be_bytes()].concat()
}

/// The due row of such a key.
pub(crate) fn due_of(key: &[u8]) -> Option<Due> {
    let minute = u32::from_be_bytes(*key.get(2..)?.first_chunk()?);
    // The entity stands behind four bytes more than in its own key.
    let entity = entity_of(key.get(4..)?)?;
    Some(Due { minute, entity })
}

/// A row's value: its stamp, then its bytes.
pub(crate) fn stamped(stamp: Stamp, bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(STAMP + bytes.len());
    value.extend_from_slice(&stamp.0.to_be_bytes());
    value.extend_from_slice(bytes);
    value
}

/// The stamp of such a value.
pub(crate) fn stamp_of(value: &[u8]) -> Option<Stamp> {
    let stamp = value.get(..STAMP)?.try_into().ok()?;
    Some(Stamp(i64::from_be_bytes(stamp)))
}

/// The bytes of such a value.
pub(crate) fn bytes_of(value: Bytes) -> Option<Bytes> {
    (value.len() >= STAMP).then(|| value.slice(STAMP..))
}

/// A head as it is kept.
pub(crate) fn encode_head(head: &Head) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + head.fold.len());
    out.push(HEAD_VERSION);
    out.extend_from_slice(&head.owner.0.to_be_bytes());
    out.extend_from_slice(&head.epoch.0.to_be_bytes());
    out.extend_from_slice(&head.epoch_stamp.0.to_be_bytes());
    out.extend_from_slice(&head.last_stamp.0.to_be_bytes());
    out.extend_from_slice(&head.cursor.sequence.to_be_bytes());
    out.extend_from_slice(&head.cursor.index.to_be_bytes());
    out.extend_from_slice(&head.fold);
    out
}

/// The head that such bytes hold.
pub(crate) fn decode_head(bytes: &[u8]) -> Option<Head> {
    let fixed: &[u8; HEAD] = bytes.first_chunk()?;
    let eight = |at: usize| {
        fixed[at..]
            .first_chunk()
            .map(|eight| u64::from_be_bytes(*eight))
    };
    (fixed[0] == HEAD_VERSION).then_some(())?;
    Some(Head {
        owner: OwnerId(u128::from_be_bytes(*fixed[1..].first_chunk()?)),
        epoch: Epoch(eight(17)?),
        epoch_stamp: Stamp(eight(25)?.cast_signed()),
        last_stamp: Stamp(eight(33)?.cast_signed()),
        cursor: Position {
            sequence: eight(41)?,
            index: u32::from_be_bytes(*fixed[49..].first_chunk()?),
        },
        fold: Bytes::copy_from_slice(&bytes[HEAD..]),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ports::{Entity, Head, OwnerId, Stamp};
    use proptest::prelude::*;
    use types::{BrandId, Epoch, Partition, PlayerId, Position};

    use super::{decode_head, encode_head, entity, entity_of};

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
        fn keys_sort_as_entities_do(a in entities(), b in entities()) {
            let (p, q) = (entity(Partition(1), &a), entity(Partition(1), &b));
            prop_assert_eq!(p.cmp(&q), a.cmp(&b));
            prop_assert_eq!(entity_of(&p), Some(a));
        }

        #[test]
        fn a_head_reads_back(
            owner: u128, epoch: u64, stamps: (i64, i64), sequence: u64, index: u32, fold: Vec<u8>,
        ) {
            let head = Head {
                owner: OwnerId(owner),
                epoch: Epoch(epoch),
                epoch_stamp: Stamp(stamps.0),
                last_stamp: Stamp(stamps.1),
                cursor: Position { sequence, index },
                fold: Bytes::from(fold),
            };
            prop_assert_eq!(decode_head(&encode_head(&head)), Some(head));
        }

        #[test]
        fn any_bytes_are_a_head_or_not(bytes: Vec<u8>) {
            let _ = decode_head(&bytes);
        }
    }
}
