//! Reading rows by their keys.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use ports::{Entity, StoreError};
use types::Partition;

use crate::client::Client;
use crate::error::damaged;
use crate::keys;
use crate::statements::Read;

/// Keys of one table partition that are asked for at once.
const KEYS: usize = 32;
/// Segments that are asked for at once: they are larger.
const SEGMENTS: usize = 8;
/// Requests of one call under way at once. The whole process has a bound of its own.
const AT_ONCE: usize = 32;
/// Spans of the outbox that are read at once: each may hold thousands of rows.
const SPANS_AT_ONCE: usize = 4;

/// Snapshots in the order asked for. Those of one bucket are asked for together.
pub(crate) async fn snapshots(
    client: &Client,
    partition: Partition,
    entities: &[Entity],
) -> Result<Vec<Option<Bytes>>, StoreError> {
    let keys: Vec<String> = entities.iter().map(keys::entity).collect();
    let mut buckets: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for key in &keys {
        let bucket = keys::bucket(partition, key);
        buckets.entry(bucket).or_default().push(key.clone());
    }
    let mut asked = Vec::with_capacity(buckets.len());
    for (bucket, keys) in buckets {
        asked.extend(keys.chunks(KEYS).map(|some| (bucket, some.to_vec())));
    }
    let read: Vec<Vec<(String, Option<Bytes>)>> = stream::iter(asked)
        .map(|values| client.all(Read::States, values))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found: HashMap<String, Bytes> = HashMap::with_capacity(keys.len());
    for (entity, bytes) in read.into_iter().flatten() {
        let bytes = bytes.ok_or_else(|| damaged("a snapshot", &"it has no bytes"))?;
        found.insert(entity, bytes);
    }
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

/// Segments in the order asked for.
pub(crate) async fn segments(
    client: &Client,
    partition: Partition,
    entity: &Entity,
    numbers: &[u32],
) -> Result<Vec<Option<Bytes>>, StoreError> {
    let (column, entity) = (i32::from(partition.0), keys::entity(entity));
    let numbers: Vec<i64> = numbers.iter().map(|number| i64::from(*number)).collect();
    let asked: Vec<Vec<i64>> = numbers.chunks(SEGMENTS).map(<[i64]>::to_vec).collect();
    let read: Vec<Vec<(i64, Option<Bytes>)>> = stream::iter(asked)
        .map(|some| client.all(Read::Segments, (column, entity.as_str(), some)))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found: HashMap<i64, Bytes> = HashMap::with_capacity(numbers.len());
    for (number, bytes) in read.into_iter().flatten() {
        let bytes = bytes.ok_or_else(|| damaged("a segment", &"it has no bytes"))?;
        found.insert(number, bytes);
    }
    let in_order = numbers.iter().map(|number| found.get(number).cloned());
    Ok(in_order.collect())
}

/// Outbox rows of a range, span by span: only those that hold something.
pub(crate) async fn outbox(
    client: &Client,
    partition: Partition,
    from: u64,
    to: u64,
) -> Result<Vec<(u64, Bytes)>, StoreError> {
    if from >= to {
        return Ok(Vec::new());
    }
    let column = i32::from(partition.0);
    let (first, last) = (keys::span(from), keys::span(to - 1));
    let spans: Vec<(i64,)> = client
        .all(
            Read::OutboxSpans,
            (column, bounded(first), bounded(last).saturating_add(1)),
        )
        .await?;
    let range = (bounded(from), bounded(to));
    let read: Vec<Vec<(i64, Option<Bytes>)>> = stream::iter(spans)
        .map(|(span,)| client.all(Read::Outbox, (column, span, range.0, range.1)))
        .buffered(SPANS_AT_ONCE)
        .try_collect()
        .await?;
    let rows = read.into_iter().flatten().map(|(number, bytes)| {
        let bytes = bytes.ok_or_else(|| damaged("an outbox row", &"it has no bytes"))?;
        Ok((number.cast_unsigned(), bytes))
    });
    rows.collect()
}

/// A number as a column holds it: none is written past its largest.
fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// All quarantined entities.
pub(crate) async fn quarantined(
    client: &Client,
    partition: Partition,
) -> Result<Vec<(Entity, Bytes)>, StoreError> {
    let column = i32::from(partition.0);
    let rows: Vec<(String, Option<Bytes>)> = client.all(Read::Quarantined, (column,)).await?;
    let rows = rows
        .into_iter()
        .map(|(entity, bytes)| Ok((named(&entity)?, bytes.unwrap_or_default())));
    rows.collect()
}

/// The entity that a row names.
pub(crate) fn named(text: &str) -> Result<Entity, StoreError> {
    keys::entity_of(text).ok_or_else(|| damaged("a row", &format!("{text:?} names no entity")))
}
