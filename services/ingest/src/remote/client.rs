//! The ingest node's side.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use events::partition_of;
use ports::Entity;
use proto::cluster::v1 as wire;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};
use tonic::{Response, Status};
use types::{BrandId, EventId, Partition, PlayerId, Position, SourceId};

use super::hints::Hints;
use super::nodes::{Client, NoEndpoint, Nodes};
use super::wire::{applied, json, jsons, place, position, query_error};
use crate::queries::{
    Draft, JournalAnswer, OutcomeAnswer, PlayerAnswer, PreviewAnswer, Queries, QueryError,
};

/// How long a question waits for a partition that moves.
const MOVES_WITHIN: Duration = Duration::from_secs(1);

/// Asks the engine nodes: for each partition the one that says that it holds it, else the one that answered last, else the others in turn.
pub struct RemoteQueries {
    nodes: Nodes,
    /// Which node answered last, by partition.
    owners: Vec<AtomicUsize>,
    hints: Option<Hints>,
}

impl std::fmt::Debug for RemoteQueries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteQueries")
            .field("nodes", &self.nodes.count())
            .field("partitions", &self.owners.len())
            .finish_non_exhaustive()
    }
}

impl RemoteQueries {
    /// Asks these nodes about a log of so many partitions, first of all the one that the hints name. Connects when the first question comes.
    pub fn new(
        endpoints: &[String],
        partitions: u16,
        hints: Option<Hints>,
    ) -> Result<Self, NoEndpoint> {
        let owners = (0..partitions).map(|_| AtomicUsize::new(0)).collect();
        Ok(Self {
            nodes: Nodes::new(endpoints)?,
            owners,
            hints,
        })
    }

    /// Asks the partition's node; where it moves just now, the one that holds it then.
    async fn ask<Q, A, F>(
        &self,
        partition: Partition,
        question: Q,
        call: impl Fn(Client, Q) -> F,
    ) -> Result<A, QueryError>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let deadline = Instant::now() + MOVES_WITHIN;
        loop {
            let holder = self.hints.as_ref().and_then(|hints| hints.of(partition));
            let asked = self.ask_once(partition, holder.as_ref(), &question, &call);
            match (asked.await, &self.hints) {
                (Err(said @ (QueryError::Moving | QueryError::Stopping)), Some(hints))
                    if Instant::now() < deadline =>
                {
                    let moves = hints.moves(partition, holder.as_ref());
                    timeout_at(deadline, moves).await.map_err(|_| said)?;
                }
                (answer, _) => return answer,
            }
        }
    }

    /// Asks whoever is said to hold the partition, then those named.
    async fn ask_once<Q, A, F>(
        &self,
        partition: Partition,
        holder: Option<&Arc<str>>,
        question: &Q,
        call: &impl Fn(Client, Q) -> F,
    ) -> Result<A, QueryError>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let owner = self.owners.get(usize::from(partition.0));
        let owner = owner.ok_or(QueryError::Moving)?;
        if let Some(client) = holder.and_then(|address| self.nodes.hinted(address)) {
            match answered(call(client, question.clone()).await) {
                Err(QueryError::Moving | QueryError::Stopping) => {}
                answer => return answer,
            }
        }
        let first = owner.load(Ordering::Relaxed);
        let mut said = QueryError::Moving;
        for number in first..first + self.nodes.count() {
            let (address, client) = self.nodes.named(number);
            if holder.is_some_and(|asked| **asked == *address) {
                continue;
            }
            match answered(call(client, question.clone()).await) {
                Ok(answer) => {
                    owner.store(number % self.nodes.count(), Ordering::Relaxed);
                    return Ok(answer);
                }
                // It folds the partition, and cannot answer now.
                Err(QueryError::Overloaded) => return Err(QueryError::Overloaded),
                Err(error) => said = error,
            }
        }
        Err(said)
    }

    fn partition(&self, entity: &Entity) -> Partition {
        // As many as a u16 can number: so they were made.
        partition_of(&entity.brand, &entity.player, self.owners.len() as u16)
    }
}

fn answered<A>(answer: Result<Response<A>, Status>) -> Result<A, QueryError> {
    let answer = answer.map_err(|status| query_error(&status))?;
    Ok(answer.into_inner())
}

#[async_trait]
impl Queries for RemoteQueries {
    async fn player(&self, entity: &Entity) -> Result<Option<PlayerAnswer>, QueryError> {
        let question = wire::FindPlayerRequest {
            brand: entity.brand.to_string(),
            player: entity.player.to_string(),
        };
        let call = |mut node: Client, question| async move { node.find_player(question).await };
        let found = self.ask(self.partition(entity), question, call).await?;
        if !found.known {
            return Ok(None);
        }
        Ok(Some(PlayerAnswer {
            line: json(found.line)?,
            view: json(found.view)?,
            profile: json(found.profile)?,
            as_of: position(found.as_of),
        }))
    }

    async fn journal(
        &self,
        entity: &Entity,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Option<JournalAnswer>, QueryError> {
        let question = wire::ReadJournalRequest {
            brand: entity.brand.to_string(),
            player: entity.player.to_string(),
            before,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let call = |mut node: Client, question| async move { node.read_journal(question).await };
        let page = self.ask(self.partition(entity), question, call).await?;
        if !page.known {
            return Ok(None);
        }
        Ok(Some(JournalAnswer {
            entries: jsons(page.entries)?,
            next_before: page.next_before,
            player: page.player.map(json).transpose()?,
        }))
    }

    async fn explain(
        &self,
        entity: &Entity,
        source: &SourceId,
        event: &EventId,
    ) -> Result<Option<Box<RawValue>>, QueryError> {
        let question = wire::FindEventRequest {
            brand: entity.brand.to_string(),
            player: entity.player.to_string(),
            source: source.to_string(),
            event: event.to_string(),
        };
        let call = |mut node: Client, question| async move { node.find_event(question).await };
        let found = self.ask(self.partition(entity), question, call).await?;
        found.explanation.map(json).transpose()
    }

    async fn outcome(&self, entity: &Entity, at: Position) -> Result<OutcomeAnswer, QueryError> {
        let question = wire::AwaitOutcomeRequest {
            brand: entity.brand.to_string(),
            player: entity.player.to_string(),
            position: Some(place(at)),
        };
        let call = |mut node: Client, question| async move { node.await_outcome(question).await };
        let found = self.ask(self.partition(entity), question, call).await?;
        Ok(OutcomeAnswer {
            // A way that this version does not know is one that it cannot tell.
            status: applied(found.outcome()).ok_or(QueryError::Overloaded)?,
            code: found.code.into(),
            emissions: jsons(found.emissions)?,
        })
    }

    async fn players(
        &self,
        partition: Partition,
        brand: &BrandId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<Vec<PlayerId>, QueryError> {
        let question = wire::ListPlayersRequest {
            partition: partition.0.into(),
            brand: brand.to_string(),
            after: after.map(ToString::to_string).unwrap_or_default(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let call = |mut node: Client, question| async move { node.list_players(question).await };
        let found = self.ask(partition, question, call).await?;
        let players = found.players.iter().map(|player| PlayerId::new(player));
        players
            .collect::<Result<_, _>>()
            .map_err(|_| QueryError::Overloaded)
    }

    async fn preview(
        &self,
        partition: Partition,
        draft: Draft<'_>,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<PreviewAnswer, QueryError> {
        let question = wire::PreviewDraftRequest {
            partition: partition.0.into(),
            brand: draft.brand.to_string(),
            source: draft.source.to_owned(),
            after: after.map(ToString::to_string).unwrap_or_default(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let call = |mut node: Client, question| async move { node.preview_draft(question).await };
        let found = self.ask(partition, question, call).await?;
        let next = Some(found.next.as_str()).filter(|next| !next.is_empty());
        Ok(PreviewAnswer {
            sums: serde_json::from_slice(&found.preview).map_err(|error| {
                tracing::error!(%error, "an engine node's preview cannot be read");
                QueryError::Overloaded
            })?,
            next: next
                .map(PlayerId::new)
                .transpose()
                .map_err(|_| QueryError::Overloaded)?,
        })
    }

    async fn drained(&self, positions: &[(Partition, Position)]) -> Result<(), QueryError> {
        let call = |mut node: Client, question| async move { node.await_drained(question).await };
        let each = positions.iter().map(|(partition, position)| {
            let question = wire::AwaitDrainedRequest {
                partition: partition.0.into(),
                position: Some(place(*position)),
            };
            self.ask(*partition, question, call)
        });
        futures::future::try_join_all(each).await.map(drop)
    }

    /// An ingest node takes events whether or not anybody folds them.
    fn ready(&self) -> bool {
        true
    }
}
