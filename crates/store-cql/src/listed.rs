//! Reading in an order that goes across table partitions: each is read page by page, and their heads are merged.

use std::collections::VecDeque;

use futures::future::try_join_all;
use ports::{Due, Entity, StoreError};
use scylla::response::PagingState;
use scylla::serialize::row::SerializeRow;
use types::Partition;

use crate::client::Client;
use crate::keys;
use crate::rows::named;
use crate::statements::Read;

/// What each of several table partitions is asked for beyond its even share, so that one asking is mostly enough.
const SPARE: usize = 16;
/// Rows of a page at most.
const PAGE_MAX: usize = 1000;

/// Entities with a snapshot, in byte order, from after one.
pub(crate) async fn entities(
    client: &Client,
    partition: Partition,
    after: Option<&Entity>,
    limit: usize,
) -> Result<Vec<Entity>, StoreError> {
    let after = after.map_or_else(String::new, keys::entity);
    let limit_column = i32::try_from(limit).unwrap_or(i32::MAX);
    let runs = keys::buckets(partition).map(|bucket| (bucket, after.as_str(), limit_column));
    let texts = merged(client, Read::Entities, runs.collect(), limit).await?;
    texts.iter().map(|text| named(text)).collect()
}

/// Due rows of the minutes `from..=to`, by minute and entity, from after one. Only minutes that hold something are read.
pub(crate) async fn due(
    client: &Client,
    partition: Partition,
    from: u32,
    to: u32,
    after: Option<&Due>,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let column = i32::from(partition.0);
    let from = after.map_or(from, |after| after.minute.max(from));
    let range = (column, i64::from(from), i64::from(to) + 1);
    let minutes: Vec<(i64,)> = client.all(Read::DueMinutes, range).await?;
    let mut found: Vec<Due> = Vec::new();
    for (minute,) in minutes {
        let left = limit - found.len();
        if left == 0 {
            break;
        }
        let beyond = after
            .filter(|after| i64::from(after.minute) == minute)
            .map_or_else(String::new, |after| keys::entity(&after.entity));
        let limit_column = i32::try_from(left).unwrap_or(i32::MAX);
        let runs =
            (0..keys::DUE_HASHES).map(|hash| (column, minute, hash, beyond.as_str(), limit_column));
        for text in merged(client, Read::Due, runs.collect(), left).await? {
            found.push(Due {
                minute: u32::try_from(minute)
                    .map_err(|error| crate::error::damaged("a due row", &error))?,
                entity: named(&text)?,
            });
        }
    }
    Ok(found)
}

/// The first `limit` texts of several sorted runs.
async fn merged<V: SerializeRow + Sync>(
    client: &Client,
    read: Read,
    runs: Vec<V>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let share = (limit / runs.len() + SPARE).min(limit).min(PAGE_MAX);
    let size = i32::try_from(share).unwrap_or(i32::MAX);
    let begun = runs
        .into_iter()
        .map(|values| Run::begin(client, read, values, size));
    let mut runs: Vec<Run<'_, V>> = try_join_all(begun).await?;
    let mut found = Vec::new();
    while found.len() < limit {
        let heads = runs.iter_mut().filter(|run| !run.rows.is_empty());
        let Some(first) = heads.min_by(|a, b| a.rows[0].cmp(&b.rows[0])) else {
            break;
        };
        found.extend(first.rows.pop_front());
        first.fill().await?;
    }
    Ok(found)
}

/// A sorted run that is read page by page. Its rows are empty only at its end.
struct Run<'a, V> {
    client: &'a Client,
    read: Read,
    values: V,
    size: i32,
    rows: VecDeque<String>,
    next: Option<PagingState>,
}

impl<'a, V: SerializeRow + Sync> Run<'a, V> {
    async fn begin(
        client: &'a Client,
        read: Read,
        values: V,
        size: i32,
    ) -> Result<Self, StoreError> {
        let mut run = Self {
            client,
            read,
            values,
            size,
            rows: VecDeque::new(),
            next: Some(PagingState::start()),
        };
        run.fill().await?;
        Ok(run)
    }

    /// Reads on until there is a row or no more of them: a server may cut a page anywhere, also to nothing.
    async fn fill(&mut self) -> Result<(), StoreError> {
        while self.rows.is_empty() {
            let Some(from) = self.next.take() else {
                return Ok(());
            };
            let page = self
                .client
                .page::<(String,)>(self.read, &self.values, Some(self.size), from)
                .await?;
            self.rows.extend(page.rows.into_iter().map(|(text,)| text));
            self.next = page.next;
        }
        Ok(())
    }
}
