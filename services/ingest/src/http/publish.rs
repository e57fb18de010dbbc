//! `POST /v1/events`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::format::Format;
use super::{Shared, answer, auth, body, observe};
use crate::intake::Request;
use crate::keys::Scope;
use crate::problem::{Kind, Problem};
use crate::results::EventResult;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    wait: Option<Wait>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wait {
    Applied,
}

#[derive(Serialize)]
struct Results {
    results: Vec<EventResult>,
}

/// Takes events; 202 with what became of each, in order.
pub(super) async fn publish(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Ingest)?;
    let query: Query = query(&request)?;
    let format = Format::of(&request)?;
    let intake = &shared.intake;
    let programme = intake.programme(&caller)?;
    let context = intake.context(&caller, &programme);
    let mut share = intake.budget.share();
    let body = body::read(&request, &intake.config, &mut share).await?;
    let events = format.read(&body, &context, intake.config.batch_events_max)?;
    let request = Request {
        caller: &caller,
        programme: &programme,
        traceparent: observe::traceparent(&request),
        wait: query.wait == Some(Wait::Applied),
    };
    let results = intake.take(request, events, share).await?;
    answer::value(StatusCode::ACCEPTED, &Results { results })
}

/// The query string's parameters.
pub(super) fn query<T: serde::de::DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    web::Query::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| Problem::new(Kind::Malformed, format!("the query: {error}")))
}
