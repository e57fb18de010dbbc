//! `GET /v1/players` and below: answers come from the player's own actor.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use ports::Entity;
use serde::Serialize;
use serde_json::value::RawValue;
use types::{EventId, SourceId};

use super::page::{self, Page};
use super::publish::query;
use super::{Shared, answer, auth};
use crate::intake::Intake;
use crate::keys::{Caller, Scope};
use crate::listing;
use crate::problem::{Kind, Problem};

#[derive(Serialize)]
struct Players {
    players: Vec<Box<RawValue>>,
    next_page_token: String,
}

#[derive(Serialize)]
struct Journal {
    entries: Vec<Box<RawValue>>,
    next_page_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    player: Option<Box<RawValue>>,
}

/// All players of the key's brand, by the bytes of their ids.
pub(super) async fn list(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Read)?;
    let page: Page = query(&request)?;
    let after = page.after_player()?;
    let listed = listing::players(&shared.intake, &caller.brand, after, page.size()).await?;
    let players = Players {
        players: listed.players,
        next_page_token: page::after_player(listed.next.as_ref()),
    };
    answer::value(StatusCode::OK, &players)
}

/// One player.
pub(super) async fn get(
    request: HttpRequest,
    shared: web::Data<Shared>,
    player: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Read)?;
    let entity = entity(&shared.intake, &caller, &player)?;
    let answer = shared.intake.queries.player(&entity).await?;
    let answer = answer.ok_or_else(unknown_player)?;
    Ok(answer::json(answer.view.get().to_owned()))
}

/// What happened to a player, newest first.
pub(super) async fn journal(
    request: HttpRequest,
    shared: web::Data<Shared>,
    player: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Read)?;
    let page: Page = query(&request)?;
    let entity = entity(&shared.intake, &caller, &player)?;
    let answer = shared
        .intake
        .queries
        .journal(&entity, page.before()?, page.size())
        .await?
        .ok_or_else(unknown_player)?;
    let journal = Journal {
        next_page_token: page::before(answer.next_before),
        entries: answer.entries,
        player: answer.player,
    };
    answer::value(StatusCode::OK, &journal)
}

/// Why an event did, or didn't, count.
pub(super) async fn explain(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Read)?;
    let (player, source, event) = path.into_inner();
    let entity = entity(&shared.intake, &caller, &player)?;
    let unknown = || Problem::new(Kind::NotFound, "the player had no such event");
    let source = SourceId::new(&source).map_err(|_| unknown())?;
    let event = EventId::new(&event).map_err(|_| unknown())?;
    let answer = shared
        .intake
        .queries
        .explain(&entity, &source, &event)
        .await?;
    Ok(answer::json(answer.ok_or_else(unknown)?.get().to_owned()))
}

/// The player of the key's brand. A text that is no player id is nobody's, and a brand without a programme has no players.
pub(super) fn entity(intake: &Intake, caller: &Caller, player: &str) -> Result<Entity, Problem> {
    intake.entity(caller, player).ok_or_else(unknown_player)
}

fn unknown_player() -> Problem {
    Problem::new(Kind::NotFound, "the brand has no such player")
}
