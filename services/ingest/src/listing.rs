//! Players of a brand in one order, out of partitions that each have their own.

use std::sync::Arc;

use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use ports::Entity;
use serde_json::value::RawValue;
use types::{BrandId, Partition, PlayerId};

use crate::intake::Intake;
use crate::problem::Problem;
use crate::queries::{PlayerAnswer, Queries, QueryError};

/// Players asked about at once.
const AT_ONCE: usize = 64;

/// A page of players.
pub(crate) struct Listed {
    /// As `simulate` writes them, by the bytes of their ids.
    pub(crate) players: Vec<Box<RawValue>>,
    /// After whom to go on; `None` at the end.
    pub(crate) next: Option<PlayerId>,
}

/// Up to `size` players after `after`.
pub(crate) async fn players(
    intake: &Intake,
    brand: &BrandId,
    after: Option<PlayerId>,
    size: usize,
) -> Result<Listed, Problem> {
    let queries = &intake.queries;
    let of_partition =
        |partition| queries.players(Partition(partition), brand, after.as_ref(), size + 1);
    let asked = (0..intake.appender.partitions()).map(of_partition);
    let mut ids: Vec<PlayerId> = try_join_all(asked).await?.into_iter().flatten().collect();
    ids.sort_unstable();
    let more = ids.len() > size;
    ids.truncate(size);
    let next = ids.last().filter(|_| more).cloned();
    let entities = ids.into_iter().map(|player| Entity {
        brand: brand.clone(),
        player,
    });
    let answers = answers(queries.clone(), entities.collect()).await?;
    Ok(Listed {
        players: answers.into_iter().map(|answer| answer.line).collect(),
        next,
    })
}

/// What is known of these players, in their order; unknown ones are left out.
pub(crate) async fn answers(
    queries: Arc<dyn Queries>,
    entities: Vec<Entity>,
) -> Result<Vec<PlayerAnswer>, QueryError> {
    let asked = entities.into_iter().map(|entity| {
        let queries = queries.clone();
        async move { queries.player(&entity).await }
    });
    let answers: Vec<Option<PlayerAnswer>> =
        stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}
