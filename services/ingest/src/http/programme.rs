//! `GET /v1/programme`: what is in effect for the key's brand.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::{Shared, answer, auth};
use crate::keys::Scope;
use crate::problem::Problem;

#[derive(Serialize)]
struct Programme<'a> {
    programme: &'a str,
    brand: &'a str,
    version: &'a str,
    source: &'a str,
}

/// The programme's id, version and YAML.
pub(super) async fn get(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let programme = shared.intake.programme(&caller)?;
    answer::value(
        StatusCode::OK,
        &Programme {
            programme: &programme.id,
            brand: programme.brand.as_str(),
            version: &programme.version.0,
            source: &programme.source,
        },
    )
}
