//! `DELETE /v1/players/{player}` and `GET /v1/players/{player}/export`: what a person may ask an operator for.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio_stream::wrappers::ReceiverStream;

use super::players::entity;
use super::{Shared, answer, auth};
use crate::keys::Scope;
use crate::problem::Problem;
use crate::{export, people};

/// Forgets who the player was, for good.
pub(super) async fn erase(
    request: HttpRequest,
    shared: web::Data<Shared>,
    player: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::People)?;
    let entity = entity(&shared.intake, &caller, &player)?;
    let erased = people::erase(&shared.intake, &entity).await?;
    tracing::info!(key = %caller.key, brand = %caller.brand, "a player was erased");
    let status = match erased.applied {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    answer::value(status, &erased)
}

/// Everything held about the player.
pub(super) async fn export(
    request: HttpRequest,
    shared: web::Data<Shared>,
    player: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::People)?;
    let entity = entity(&shared.intake, &caller, &player)?;
    let pieces = export::export(shared.intake.clone(), entity).await?;
    tracing::info!(key = %caller.key, brand = %caller.brand, "a player's data is exported");
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .streaming(ReceiverStream::new(pieces)))
}
