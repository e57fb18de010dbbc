//! The engine node's side.

use std::sync::Arc;

use proto::cluster::v1 as wire;
use proto::cluster::v1::query_service_server::QueryService;
use tonic::{Request, Response, Status};

use super::wire::{bytes, entity, name, outcome, partition, place, position, status};
use crate::queries::{Draft, Queries};

/// The most that one answer lists.
const LIMIT: usize = 10_000;

/// Serves `cluster.v1.QueryService` from whoever knows the players.
pub struct Asked(Arc<dyn Queries>);

impl Asked {
    /// Answers from `queries`.
    pub fn new(queries: Arc<dyn Queries>) -> Self {
        Self(queries)
    }
}

#[tonic::async_trait]
impl QueryService for Asked {
    async fn find_player(
        &self,
        request: Request<wire::FindPlayerRequest>,
    ) -> Result<Response<wire::FindPlayerResponse>, Status> {
        let asked = request.into_inner();
        let entity = entity(&asked.brand, &asked.player)?;
        let found = self.0.player(&entity).await.map_err(status)?;
        let answer = found.map(|player| wire::FindPlayerResponse {
            known: true,
            line: bytes(&player.line),
            view: bytes(&player.view),
            profile: bytes(&player.profile),
            as_of: Some(place(player.as_of)),
        });
        Ok(Response::new(answer.unwrap_or_default()))
    }

    async fn read_journal(
        &self,
        request: Request<wire::ReadJournalRequest>,
    ) -> Result<Response<wire::ReadJournalResponse>, Status> {
        let asked = request.into_inner();
        let entity = entity(&asked.brand, &asked.player)?;
        let limit = bounded(asked.limit);
        let found = self.0.journal(&entity, asked.before, limit).await;
        let answer = found
            .map_err(status)?
            .map(|page| wire::ReadJournalResponse {
                known: true,
                entries: page.entries.iter().map(|entry| bytes(entry)).collect(),
                next_before: page.next_before,
                player: page.player.as_deref().map(bytes),
            });
        Ok(Response::new(answer.unwrap_or_default()))
    }

    async fn find_event(
        &self,
        request: Request<wire::FindEventRequest>,
    ) -> Result<Response<wire::FindEventResponse>, Status> {
        let asked = request.into_inner();
        let entity = entity(&asked.brand, &asked.player)?;
        let (source, event) = (name(&asked.source, "source")?, name(&asked.event, "event")?);
        let found = self.0.explain(&entity, &source, &event).await;
        let explanation = found.map_err(status)?.as_deref().map(bytes);
        Ok(Response::new(wire::FindEventResponse { explanation }))
    }

    async fn await_outcome(
        &self,
        request: Request<wire::AwaitOutcomeRequest>,
    ) -> Result<Response<wire::AwaitOutcomeResponse>, Status> {
        let asked = request.into_inner();
        let entity = entity(&asked.brand, &asked.player)?;
        let found = self.0.outcome(&entity, position(asked.position)).await;
        let found = found.map_err(status)?;
        Ok(Response::new(wire::AwaitOutcomeResponse {
            outcome: outcome(found.status).into(),
            code: found.code.into(),
            emissions: found.emissions.iter().map(|one| bytes(one)).collect(),
        }))
    }

    async fn list_players(
        &self,
        request: Request<wire::ListPlayersRequest>,
    ) -> Result<Response<wire::ListPlayersResponse>, Status> {
        let asked = request.into_inner();
        let (partition, brand) = (partition(asked.partition)?, name(&asked.brand, "brand")?);
        let after = match asked.after.as_str() {
            "" => None,
            after => Some(name(after, "after")?),
        };
        let limit = bounded(asked.limit);
        let found = self.0.players(partition, &brand, after.as_ref(), limit);
        let players = found.await.map_err(status)?;
        Ok(Response::new(wire::ListPlayersResponse {
            players: players.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn preview_draft(
        &self,
        request: Request<wire::PreviewDraftRequest>,
    ) -> Result<Response<wire::PreviewDraftResponse>, Status> {
        let asked = request.into_inner();
        let (partition, brand) = (partition(asked.partition)?, name(&asked.brand, "brand")?);
        let after = match asked.after.as_str() {
            "" => None,
            after => Some(name(after, "after")?),
        };
        let draft = Draft {
            brand: &brand,
            source: &asked.source,
        };
        let limit = bounded(asked.limit);
        let found = self.0.preview(partition, draft, after.as_ref(), limit);
        let found = found.await.map_err(status)?;
        let preview = serde_json::to_vec(&found.sums);
        Ok(Response::new(wire::PreviewDraftResponse {
            preview: preview.map_err(|error| Status::internal(error.to_string()))?,
            next: found.next.map(|it| it.to_string()).unwrap_or_default(),
        }))
    }

    async fn await_drained(
        &self,
        request: Request<wire::AwaitDrainedRequest>,
    ) -> Result<Response<wire::AwaitDrainedResponse>, Status> {
        let asked = request.into_inner();
        let up_to = (partition(asked.partition)?, position(asked.position));
        self.0.drained(&[up_to]).await.map_err(status)?;
        Ok(Response::new(wire::AwaitDrainedResponse {}))
    }
}

fn bounded(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(LIMIT).min(LIMIT)
}
