//! `ProgrammeService`.

use std::time::Instant;

use ports::Publication;
use prost_types::Timestamp as Wire;
use proto::programme::v1::programme_service_server::ProgrammeService;
use proto::programme::v1::{
    self as wire, GetProgrammeRequest, GetProgrammeResponse, ListVersionsRequest,
    ListVersionsResponse, PublishRequest, PublishResponse, PutDraftRequest, PutDraftResponse,
};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use types::Timestamp;

use super::Shared;
use crate::editing::{self, Asked, Fault};
use crate::http::{Page, before};
use crate::keys::Scope;
use crate::metrics;
use crate::problem::Problem;
use crate::programmes::InEffect;

/// Editing.
pub(super) struct Editing(pub(super) Shared);

#[tonic::async_trait]
impl ProgrammeService for Editing {
    async fn get_programme(
        &self,
        request: Request<GetProgrammeRequest>,
    ) -> Result<Response<GetProgrammeResponse>, Status> {
        let started = Instant::now();
        let answer = self.get(request.metadata()).await;
        answered("GetProgramme", started, answer)
    }

    async fn put_draft(
        &self,
        request: Request<PutDraftRequest>,
    ) -> Result<Response<PutDraftResponse>, Status> {
        let started = Instant::now();
        let answer = self.put(&request).await;
        answered("PutDraft", started, answer)
    }

    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        let started = Instant::now();
        let answer = self.make_current(&request).await;
        answered("Publish", started, answer)
    }

    async fn list_versions(
        &self,
        request: Request<ListVersionsRequest>,
    ) -> Result<Response<ListVersionsResponse>, Status> {
        let started = Instant::now();
        let answer = self.list(&request).await;
        answered("ListVersions", started, answer)
    }
}

fn answered<T>(
    method: &str,
    started: Instant,
    answer: Result<T, Problem>,
) -> Result<Response<T>, Status> {
    let status = answer
        .as_ref()
        .err()
        .map_or("ok", |problem| problem.kind.code());
    let route = format!("questline.programme.v1.ProgrammeService/{method}");
    metrics::request("grpc", &route, status, started.elapsed());
    Ok(Response::new(answer?))
}

impl Editing {
    async fn get(&self, metadata: &MetadataMap) -> Result<GetProgrammeResponse, Problem> {
        let caller = self.0.caller(metadata, Scope::Programme)?;
        let current = editing::get(&self.0.intake, &caller).await?;
        Ok(GetProgrammeResponse {
            partitions: current.partitions.map(in_effect),
            draft: current.draft.map(|(version, draft)| wire::Draft {
                version: version.into(),
                set_at: Some(at(draft.at)),
                source: draft.source.into(),
                author: draft.author.into(),
            }),
            current: current.published.map(|it| publication(it, true)),
        })
    }

    async fn put(&self, request: &Request<PutDraftRequest>) -> Result<PutDraftResponse, Problem> {
        let caller = self.0.caller(request.metadata(), Scope::Programme)?;
        let source = request.get_ref().source.as_bytes();
        let edited = editing::put(&self.0.intake, &caller, source).await?;
        Ok(PutDraftResponse {
            version: edited.version.into(),
            base: edited.base.unwrap_or_default().into(),
            errors: edited.errors.into_iter().map(error).collect(),
        })
    }

    async fn make_current(
        &self,
        request: &Request<PublishRequest>,
    ) -> Result<PublishResponse, Problem> {
        let caller = self.0.caller(request.metadata(), Scope::Programme)?;
        let said = request.get_ref();
        let named = |text: &String| Some(text.as_str().into()).filter(|_| !text.is_empty());
        let asked = Asked {
            base: named(&said.base),
            version: named(&said.version),
            note: said.note.as_str().into(),
        };
        let done = editing::publish(&self.0.intake, &caller, asked).await?;
        Ok(PublishResponse {
            publication: Some(publication(done.publication, false)),
            partitions: Some(in_effect(done.partitions)),
        })
    }

    async fn list(
        &self,
        request: &Request<ListVersionsRequest>,
    ) -> Result<ListVersionsResponse, Problem> {
        let caller = self.0.caller(request.metadata(), Scope::Programme)?;
        let asked = request.get_ref();
        let page = Page {
            page_token: asked.page_token.clone(),
            page_size: usize::try_from(asked.page_size).unwrap_or(usize::MAX),
        };
        let found = editing::versions(&self.0.intake, &caller, page.before()?, page.size()).await?;
        let versions = found.versions.into_iter();
        Ok(ListVersionsResponse {
            versions: versions.map(|it| publication(it, false)).collect(),
            next_page_token: before(found.next),
        })
    }
}

fn publication(publication: Publication, whole: bool) -> wire::Publication {
    wire::Publication {
        number: publication.number,
        version: publication.version.into(),
        base: publication.base.unwrap_or_default().into(),
        author: publication.author.into(),
        note: publication.note.into(),
        published_at: Some(at(publication.at)),
        source: match whole {
            true => publication.source.into(),
            false => String::new(),
        },
    }
}

fn in_effect(partitions: InEffect) -> wire::InEffect {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    wire::InEffect {
        total: count(partitions.total),
        active: count(partitions.active),
    }
}

fn error(fault: Fault) -> wire::Error {
    let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    wire::Error {
        line: place(fault.line),
        column: place(fault.column),
        message: fault.message,
        expected: fault.expected.unwrap_or_default(),
        help: fault.help.unwrap_or_default(),
    }
}

fn at(at: Timestamp) -> Wire {
    let (seconds, nanos) = (at.nanos() / 1_000_000_000, at.nanos() % 1_000_000_000);
    Wire {
        seconds,
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}
