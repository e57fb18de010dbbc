//! `PlayerService`.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use ports::Entity;
use proto::player::v1::player_service_server::PlayerService;
use proto::player::v1::{
    BatchGetRequest, BatchGetResponse, EraseRequest, EraseResponse, ExplainEventRequest,
    ExplainEventResponse, ExportRequest, ExportResponse, GetRequest, GetResponse,
    ListJournalRequest, ListJournalResponse, MissionProgress, Player,
};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use types::{EventId, SourceId};

use super::Shared;
use crate::http::{Page, before};
use crate::keys::Scope;
use crate::listing::answers;
use crate::metrics;
use crate::people::Erased;
use crate::problem::{Kind, Problem};
use crate::queries::PlayerAnswer;
use crate::{export, people};

/// The most players of one `BatchGet`.
const BATCH_MAX: usize = 1_000;

/// Answers about players.
pub(super) struct Players(pub(super) Shared);

#[tonic::async_trait]
impl PlayerService for Players {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let started = Instant::now();
        let answer = self.one(&request).await;
        observed("Get", started, &answer);
        let player = Some(answer?);
        Ok(Response::new(GetResponse { player }))
    }

    async fn batch_get(
        &self,
        request: Request<BatchGetRequest>,
    ) -> Result<Response<BatchGetResponse>, Status> {
        let started = Instant::now();
        let answer = self.several(&request).await;
        observed("BatchGet", started, &answer);
        Ok(Response::new(BatchGetResponse { players: answer? }))
    }

    async fn list_journal(
        &self,
        request: Request<ListJournalRequest>,
    ) -> Result<Response<ListJournalResponse>, Status> {
        let started = Instant::now();
        let answer = self.journal(request).await;
        observed("ListJournal", started, &answer);
        Ok(Response::new(answer?))
    }

    async fn explain_event(
        &self,
        request: Request<ExplainEventRequest>,
    ) -> Result<Response<ExplainEventResponse>, Status> {
        let started = Instant::now();
        let answer = self.explanation(&request).await;
        observed("ExplainEvent", started, &answer);
        let explanation = answer?;
        Ok(Response::new(ExplainEventResponse { explanation }))
    }

    async fn erase(
        &self,
        request: Request<EraseRequest>,
    ) -> Result<Response<EraseResponse>, Status> {
        let started = Instant::now();
        let answer = self.erased(&request).await;
        observed("Erase", started, &answer);
        let erased = answer?;
        Ok(Response::new(EraseResponse {
            erased_at: erased.erased_at.to_string(),
            already: erased.already,
            applied: erased.applied,
        }))
    }

    type ExportStream = BoxStream<'static, Result<ExportResponse, Status>>;

    async fn export(
        &self,
        request: Request<ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let started = Instant::now();
        let answer = self.exported(&request).await;
        observed("Export", started, &answer);
        let pieces = ReceiverStream::new(answer?).map(|piece| {
            let json = piece?.to_vec();
            Ok(ExportResponse { json })
        });
        Ok(Response::new(pieces.boxed()))
    }
}

fn observed<T>(method: &str, started: Instant, answer: &Result<T, Problem>) {
    let status = answer
        .as_ref()
        .err()
        .map_or("ok", |problem| problem.kind.code());
    let route = format!("questline.player.v1.PlayerService/{method}");
    metrics::request("grpc", &route, status, started.elapsed());
}

impl Players {
    async fn one(&self, request: &Request<GetRequest>) -> Result<Player, Problem> {
        let entity = self.entity(request.metadata(), &request.get_ref().player)?;
        let answer = self.0.intake.queries.player(&entity).await?;
        player(&answer.ok_or_else(unknown_player)?)
    }

    async fn several(&self, request: &Request<BatchGetRequest>) -> Result<Vec<Player>, Problem> {
        let asked = &request.get_ref().players;
        let caller = self.0.caller(request.metadata(), Scope::Read)?;
        if asked.len() > BATCH_MAX {
            return Err(Problem::new(
                Kind::TooLarge,
                format!("more than {BATCH_MAX} players"),
            ));
        }
        let entities: Vec<Entity> = asked
            .iter()
            .filter_map(|player| self.0.intake.entity(&caller, player))
            .collect();
        let queries = self.0.intake.queries.clone();
        answers(queries, entities)
            .await?
            .iter()
            .map(player)
            .collect()
    }

    async fn journal(
        &self,
        request: Request<ListJournalRequest>,
    ) -> Result<ListJournalResponse, Problem> {
        let entity = self.entity(request.metadata(), &request.get_ref().player)?;
        let request = request.into_inner();
        let page = Page {
            page_token: request.page_token,
            page_size: usize::try_from(request.page_size).unwrap_or(usize::MAX),
        };
        let queries = &self.0.intake.queries;
        let answer = queries
            .journal(&entity, page.before()?, page.size())
            .await?;
        let answer = answer.ok_or_else(unknown_player)?;
        Ok(ListJournalResponse {
            entries: answer
                .entries
                .iter()
                .map(|entry| entry.get().as_bytes().to_vec())
                .collect(),
            next_page_token: before(answer.next_before),
            player: answer
                .player
                .map(|player| player.get().into())
                .unwrap_or_default(),
        })
    }

    async fn explanation(
        &self,
        request: &Request<ExplainEventRequest>,
    ) -> Result<Vec<u8>, Problem> {
        let asked = request.get_ref();
        let entity = self.entity(request.metadata(), &asked.player)?;
        let unknown = || Problem::new(Kind::NotFound, "the player had no such event");
        let source = SourceId::new(&asked.source).map_err(|_| unknown())?;
        let event = EventId::new(&asked.event).map_err(|_| unknown())?;
        let answer = self
            .0
            .intake
            .queries
            .explain(&entity, &source, &event)
            .await?;
        Ok(answer.ok_or_else(unknown)?.get().as_bytes().to_vec())
    }

    async fn erased(&self, request: &Request<EraseRequest>) -> Result<Erased, Problem> {
        let entity = self.person(request.metadata(), &request.get_ref().player)?;
        people::erase(&self.0.intake, &entity).await
    }

    async fn exported(
        &self,
        request: &Request<ExportRequest>,
    ) -> Result<mpsc::Receiver<Result<Bytes, Problem>>, Problem> {
        let entity = self.person(request.metadata(), &request.get_ref().player)?;
        export::export(self.0.intake.clone(), entity).await
    }

    fn entity(&self, metadata: &MetadataMap, player: &str) -> Result<Entity, Problem> {
        self.of_caller(metadata, Scope::Read, player)
    }

    fn person(&self, metadata: &MetadataMap, player: &str) -> Result<Entity, Problem> {
        self.of_caller(metadata, Scope::People, player)
    }

    fn of_caller(
        &self,
        metadata: &MetadataMap,
        scope: Scope,
        player: &str,
    ) -> Result<Entity, Problem> {
        let caller = self.0.caller(metadata, scope)?;
        let entity = self.0.intake.entity(&caller, player);
        entity.ok_or_else(unknown_player)
    }
}

fn unknown_player() -> Problem {
    Problem::new(Kind::NotFound, "the brand has no such player")
}

/// `simulate`'s line.
#[derive(Deserialize)]
struct Line {
    player: String,
    balances: BTreeMap<String, String>,
    tiers: BTreeMap<String, String>,
    missions: BTreeMap<String, Mission>,
    applied: u64,
}

#[derive(Deserialize)]
struct Mission {
    completed: u64,
    progress: String,
    period: Option<serde_json::Value>,
}

fn player(answer: &PlayerAnswer) -> Result<Player, Problem> {
    let line: Line = serde_json::from_str(answer.line.get())
        .map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    let missions = line.missions.into_iter().map(|(id, mission)| {
        // A period is a label, a start instant or the number of a run.
        let period = match mission.period {
            None => String::new(),
            Some(serde_json::Value::String(label)) => label,
            Some(other) => other.to_string(),
        };
        let progress = MissionProgress {
            completed: mission.completed,
            progress: mission.progress,
            period,
        };
        (id, progress)
    });
    Ok(Player {
        player: line.player,
        balances: line.balances,
        tiers: line.tiers,
        missions: missions.collect(),
        applied: line.applied,
        view: answer.view.get().as_bytes().to_vec(),
    })
}
