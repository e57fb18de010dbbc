//! gRPC: `bonus.v1.BonusService`.

use std::time::SystemTime;

use inbox::{Inbox, Paging, Problem};
use proto::bonus::v1 as wire;
use proto::bonus::v1::bonus_service_server::BonusService;
use tonic::{Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::grant::{self, Grant};
use crate::grants::{self, Filter, Grants, Note};

/// The domain of the reasons that errors carry.
const DOMAIN: &str = "questline";

pub(crate) struct Bonus(pub(crate) Inbox<Grants>);

#[tonic::async_trait]
impl BonusService for Bonus {
    async fn list_grants(
        &self,
        request: Request<wire::ListGrantsRequest>,
    ) -> Result<Response<wire::ListGrantsResponse>, Status> {
        let request = request.into_inner();
        let filter = Filter {
            brand: request.brand,
            player: request.player,
        };
        let paging = Paging::new(request.page_size as usize, request.page_token);
        let (grants, next) = grants::list(&self.0, filter, paging)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::ListGrantsResponse {
            grants: grants.into_iter().map(grant).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn report_postback(
        &self,
        request: Request<wire::ReportPostbackRequest>,
    ) -> Result<Response<wire::ReportPostbackResponse>, Status> {
        let request = request.into_inner();
        let postback = match request.status() {
            wire::PostbackStatus::Unspecified => {
                let details = ErrorDetails::with_error_info("MISSING_STATUS", DOMAIN, []);
                return Err(Status::with_error_details(
                    tonic::Code::InvalidArgument,
                    "status is missing",
                    details,
                ));
            }
            postback => name(postback),
        };
        let (brand, player, grant_id) = (request.brand, request.player, request.grant_id);
        if self
            .find(&brand, &player, &grant_id)
            .await?
            .postback
            .as_deref()
            != Some(postback)
        {
            let note = Note::Reported {
                brand: brand.clone(),
                player: player.clone(),
                grant_id: grant_id.clone(),
                status: postback.to_owned(),
                reason: request.reason,
                at: now(),
            };
            let note = serde_json::to_vec(&note).map_err(|e| Status::internal(e.to_string()))?;
            self.0.note(note).await.map_err(|e| status(e.into()))?;
        }
        let found = self.find(&brand, &player, &grant_id).await?;
        Ok(Response::new(wire::ReportPostbackResponse {
            grant: Some(grant(found)),
        }))
    }
}

/// Now, RFC 3339.
fn now() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.ok().and_then(|now| i64::try_from(now.as_nanos()).ok());
    let now = nanos.and_then(types::Timestamp::from_nanos);
    now.unwrap_or(types::Timestamp::MIN).to_string()
}

impl Bonus {
    async fn find(&self, brand: &str, player: &str, grant_id: &str) -> Result<Grant, Status> {
        let (brand, player, grant_id) = (brand.to_owned(), player.to_owned(), grant_id.to_owned());
        let found = self
            .0
            .read(move |grants, reader| grants.get(reader, &brand, &player, &grant_id))
            .await;
        found
            .map_err(Problem::from)
            .and_then(|found| found.ok_or(Problem::NotFound))
            .map_err(status)
    }
}

fn status(problem: Problem) -> Status {
    let (code, reason) = match &problem {
        Problem::NotFound => (tonic::Code::NotFound, "NOT_FOUND"),
        Problem::PageToken => (tonic::Code::InvalidArgument, "BAD_PAGE_TOKEN"),
        Problem::Inbox(inbox::Error::Stopped) => (tonic::Code::Unavailable, "STOPPING"),
        Problem::Inbox(_) => (tonic::Code::Internal, "INTERNAL"),
    };
    let details = ErrorDetails::with_error_info(reason, DOMAIN, []);
    Status::with_error_details(code, problem.to_string(), details)
}

const POSTBACKS: [(wire::PostbackStatus, &str); 5] = [
    (wire::PostbackStatus::Claimed, "claimed"),
    (wire::PostbackStatus::Credited, "credited"),
    (wire::PostbackStatus::WageredOut, "wagered_out"),
    (wire::PostbackStatus::Expired, "expired"),
    (wire::PostbackStatus::Failed, "failed"),
];

fn name(postback: wire::PostbackStatus) -> &'static str {
    let found = POSTBACKS.iter().find(|(status, _)| *status == postback);
    found.map_or("", |(_, name)| name)
}

fn grant(grant: Grant) -> wire::Grant {
    let postback = grant.postback.as_deref().unwrap_or_default();
    let postback = POSTBACKS.iter().find(|(_, name)| *name == postback);
    let at = grant.at.parse::<types::Timestamp>().ok();
    wire::Grant {
        status: match grant.status {
            grant::Status::Offered => wire::GrantStatus::Offered,
            grant::Status::Requested => wire::GrantStatus::Requested,
            grant::Status::Credited => wire::GrantStatus::Credited,
            grant::Status::Failed => wire::GrantStatus::Failed,
            grant::Status::Revoking => wire::GrantStatus::Revoking,
            grant::Status::Revoked => wire::GrantStatus::Revoked,
        }
        .into(),
        postback: postback.map_or(0, |(status, _)| (*status).into()),
        offered_at: at.map(|at| prost_types::Timestamp {
            seconds: at.nanos() / 1_000_000_000,
            nanos: i32::try_from(at.nanos() % 1_000_000_000).unwrap_or(0),
        }),
        brand: grant.brand,
        player: grant.player,
        grant_id: grant.grant_id,
        reward: grant.reward,
        idempotency_key: grant.key.unwrap_or_default(),
        reason: grant.reason.unwrap_or_default(),
    }
}
