//! `IngestService`.

use std::time::Instant;

use events::from_proto;
use prost::Message;
use proto::ingest::v1::ingest_service_server::IngestService;
use proto::ingest::v1::{
    LogPosition, PublishRequest, PublishResponse, PublishResult, PublishStatus,
};
use telemetry::Traceparent;
use tonic::{Request, Response, Status};

use super::Shared;
use crate::intake;
use crate::keys::Scope;
use crate::metrics;
use crate::problem::{Kind, Problem};
use crate::queries::Applied;
use crate::results::{self, EventResult};

/// Takes events.
pub(super) struct Ingest(pub(super) Shared);

#[tonic::async_trait]
impl IngestService for Ingest {
    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        let started = Instant::now();
        let answer = self.take(request).await;
        let status = answer
            .as_ref()
            .err()
            .map_or("ok", |problem| problem.kind.code());
        metrics::request(
            "grpc",
            "questline.ingest.v1.IngestService/Publish",
            status,
            started.elapsed(),
        );
        Ok(Response::new(PublishResponse { results: answer? }))
    }
}

impl Ingest {
    async fn take(&self, request: Request<PublishRequest>) -> Result<Vec<PublishResult>, Problem> {
        let Shared { intake, .. } = &self.0;
        let caller = self.0.caller(request.metadata(), Scope::Ingest)?;
        let programme = intake.programme(&caller)?;
        let context = intake.context(&caller, &programme);
        let caller_trace = request
            .metadata()
            .get("traceparent")
            .and_then(|value| value.to_str().ok()?.parse::<Traceparent>().ok());
        let traceparent = caller_trace.map(|trace| trace.to_string());
        let request = request.into_inner();
        let max = intake.config.batch_events_max;
        if request.events.len() > max {
            return Err(Problem::new(
                Kind::TooLarge,
                format!("more than {max} events"),
            ));
        }
        let mut share = intake.budget.share();
        share.grow(request.encoded_len())?;
        let events = request
            .events
            .iter()
            .map(|event| from_proto(event, &context))
            .collect();
        let how = intake::Request {
            caller: &caller,
            programme: &programme,
            traceparent,
            wait: request.wait_applied,
        };
        let results = intake.take(how, events, share).await?;
        Ok(results.into_iter().map(result).collect())
    }
}

fn result(result: EventResult) -> PublishResult {
    let status = match result.status {
        results::Status::Accepted => PublishStatus::Accepted,
        results::Status::Rejected => PublishStatus::Rejected,
        results::Status::Folded(Applied::Applied) => PublishStatus::Applied,
        results::Status::Folded(Applied::Replayed) => PublishStatus::Replayed,
        results::Status::Folded(Applied::Conflict) => PublishStatus::Conflict,
        results::Status::Folded(Applied::Refused) => PublishStatus::Refused,
    };
    let emissions = result.emissions.unwrap_or_default();
    PublishResult {
        id: result.id.unwrap_or_default().into(),
        status: status.into(),
        position: result.position.map(|place| LogPosition {
            partition: u32::from(place.0.0),
            sequence: place.1.sequence,
            index: place.1.index,
        }),
        code: result.code.unwrap_or_default().into_owned(),
        detail: result.detail.unwrap_or_default(),
        emissions: emissions
            .iter()
            .map(|emission| emission.get().as_bytes().to_vec())
            .collect(),
    }
}
