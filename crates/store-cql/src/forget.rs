//! Giving room back: whole partitions of tables, which nobody reads any more, never single rows of one that is still read.
//!
//! A deletion lies under the highest stamp that this process wrote the partition with: whatever a later owner writes beats it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, StreamExt, TryStreamExt};
use ports::{Stamp, StoreError};
use types::Partition;

use crate::client::Client;
use crate::keys;
use crate::statements::{Change, Read};

/// Deletions of one call under way at once.
const AT_ONCE: usize = 8;

/// What is known of each partition that was written.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<HashMap<u16, Marks>>);

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    stamp: Stamp,
    /// Up to which span and minute everything is forgotten already: what lies below is not looked through again.
    spans: i64,
    minutes: i64,
}

impl Written {
    /// The partition is written under a stamp.
    pub(crate) fn note(&self, partition: Partition, stamp: Stamp) {
        self.with(partition, |marks| marks.stamp = marks.stamp.max(stamp));
    }

    /// `None` where this process wrote nothing of the partition.
    fn marks(&self, partition: Partition) -> Option<Marks> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(&partition.0).copied()
    }

    fn with(&self, partition: Partition, change: impl FnOnce(&mut Marks)) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(marks.entry(partition.0).or_default());
    }
}

/// Spans of the outbox that lie wholly below a number.
pub(crate) async fn outbox(
    client: &Client,
    written: &Written,
    partition: Partition,
    below: u64,
) -> Result<(), StoreError> {
    let Some(marks) = written.marks(partition) else {
        return Ok(());
    };
    let column = i32::from(partition.0);
    let below = i64::try_from(keys::span(below)).unwrap_or(i64::MAX);
    if below <= marks.spans {
        return Ok(());
    }
    let spans: Vec<(i64,)> = client
        .all(Read::OutboxSpans, (column, marks.spans, below))
        .await?;
    stream::iter(spans)
        .map(|(span,)| client.forget(Change::ForgetSpan, (column, span), marks.stamp))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    client
        .forget(Change::ForgetSpansBelow, (column, below), marks.stamp)
        .await?;
    written.with(partition, |marks| marks.spans = marks.spans.max(below));
    Ok(())
}

/// Due rows of the minutes below one.
pub(crate) async fn due(
    client: &Client,
    written: &Written,
    partition: Partition,
    below: u32,
) -> Result<(), StoreError> {
    let Some(marks) = written.marks(partition) else {
        return Ok(());
    };
    let (column, below) = (i32::from(partition.0), i64::from(below));
    if below <= marks.minutes {
        return Ok(());
    }
    let minutes: Vec<(i64,)> = client
        .all(Read::DueMinutes, (column, marks.minutes, below))
        .await?;
    let places = minutes
        .into_iter()
        .flat_map(|(minute,)| (0..keys::DUE_HASHES).map(move |hash| (column, minute, hash)));
    stream::iter(places)
        .map(|place| client.forget(Change::ForgetMinute, place, marks.stamp))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    client
        .forget(Change::ForgetMinutesBelow, (column, below), marks.stamp)
        .await?;
    written.with(partition, |marks| marks.minutes = marks.minutes.max(below));
    Ok(())
}
