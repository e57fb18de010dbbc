//! The ingest node's side.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use events::partition_of;
use ports::Entity;
use proto::cluster::v1 as wire;
use proto::cluster::v1::query_service_client::QueryServiceClient;
use serde_json::value::RawValue;
use thiserror::Error;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use types::{BrandId, EventId, Partition, PlayerId, Position, SourceId};

use super::wire::{applied, json, jsons, place, position, query_error};
use crate::queries::{
    Draft, JournalAnswer, OutcomeAnswer, PlayerAnswer, PreviewAnswer, Queries, QueryError,
};

/// How long connecting to a node may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that answers no ping for so long is broken: it is made anew.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// A page of large journal entries stays below this.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// No engine node can be asked at the addresses given.
#[derive(Debug, Error)]
pub enum NoEndpoint {
    /// None is named.
    #[error("no engine node is named: name the cluster address of each in `nodes`")]
    None,
    /// One is no address.
    #[error("{endpoint} is not an address such as http://127.0.0.1:8087")]
    NotAnAddress {
        /// What was given.
        endpoint: String,
    },
}

type Client = QueryServiceClient<Channel>;

/// Asks the engine nodes: for each partition the one that answered last, and where that one does not fold it, the others in turn.
pub struct RemoteQueries {
    nodes: Vec<Client>,
    /// Which node answered last, by partition.
    owners: Vec<AtomicUsize>,
}

impl std::fmt::Debug for RemoteQueries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteQueries")
            .field("nodes", &self.nodes.len())
            .field("partitions", &self.owners.len())
            .finish()
    }
}

impl RemoteQueries {
    /// Asks these nodes about a log of so many partitions. Connects when the first question comes.
    pub fn new(endpoints: &[String], partitions: u16) -> Result<Self, NoEndpoint> {
        if endpoints.is_empty() {
            return Err(NoEndpoint::None);
        }
        let owners = (0..partitions).map(|_| AtomicUsize::new(0)).collect();
        let nodes = endpoints.iter().map(|endpoint| client(endpoint));
        Ok(Self {
            nodes: nodes.collect::<Result<_, _>>()?,
            owners,
        })
    }

    /// Asks the partition's node; where it is another one's by now, finds out whose.
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
        let owner = self.owners.get(usize::from(partition.0));
        let owner = owner.ok_or(QueryError::Moving)?;
        let first = owner.load(Ordering::Relaxed);
        let mut said = QueryError::Moving;
        for turn in 0..self.nodes.len() {
            let number = (first + turn) % self.nodes.len();
            let answer = call(self.nodes[number].clone(), question.clone()).await;
            match answer.map_err(|status| query_error(&status)) {
                Ok(answer) => {
                    owner.store(number, Ordering::Relaxed);
                    return Ok(answer.into_inner());
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

fn client(endpoint: &str) -> Result<Client, NoEndpoint> {
    let channel = Endpoint::from_shared(endpoint.to_owned())
        .map_err(|_| NoEndpoint::NotAnAddress {
            endpoint: endpoint.to_owned(),
        })?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .connect_lazy();
    Ok(QueryServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX))
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
