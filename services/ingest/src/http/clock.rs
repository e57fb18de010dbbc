//! `POST /v1/clock:tick`: says that it is at least this late, where the server runs on event time.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use types::{Partition, Position, Timestamp};

use super::publish::{Wait, query};
use super::{Shared, answer, auth, body};
use crate::keys::Scope;
use crate::problem::{Kind, Problem};
use crate::results::Place;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    recorded_at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    wait: Option<Wait>,
}

#[derive(Serialize)]
struct Ticked {
    recorded_at: Timestamp,
    positions: Vec<Place>,
}

/// Appends a tick to every partition. With `wait=applied`: answers after everything before it is folded and delivered.
pub(super) async fn tick(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    auth::caller(&request, &shared, Scope::Ingest)?;
    let query: Query = query(&request)?;
    let intake = &shared.intake;
    let mut share = intake.budget.share();
    let body = body::read(&request, &intake.config, &mut share).await?;
    let malformed = |why: String| Problem::new(Kind::Malformed, why);
    let tick: Tick = serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
    let recorded_at: Timestamp = tick
        .recorded_at
        .parse()
        .map_err(|error| malformed(format!("`recorded_at`: {error}")))?;
    let positions = intake.tick(recorded_at).await?;
    if query.wait == Some(Wait::Applied) {
        let places: Vec<(Partition, Position)> =
            positions.iter().map(|place| (place.0, place.1)).collect();
        intake.queries.drained(&places).await?;
    }
    answer::value(
        StatusCode::OK,
        &Ticked {
            recorded_at,
            positions,
        },
    )
}
