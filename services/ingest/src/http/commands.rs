//! `POST /v1/players/{player}/missions/{mission}:optIn` and `:claim`: what a player asks for, answered once it is decided.
//!
//! A command is an event: its id is made of the command, the mission and the caller's `Idempotency-Key`, so the same call again is
//! answered as the first was, whenever it comes. What is not allowed now is 409 with the code of the refusal, and changes nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use events::{Clock, Incoming};
use ports::Entity;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{Attributes, Event, EventId, SourceId, Timestamp, Value};

use super::history::position;
use super::players::entity;
use super::{Shared, answer, auth, body, observe};
use crate::intake::{Intake, Request, now};
use crate::keys::{Caller, Scope};
use crate::problem::{Kind, Problem};
use crate::queries::Applied;
use crate::refusal;
use crate::results::{EventResult, Place, Status};

/// Names the call, so that it can be made again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The most characters of it, and of a mission's or period's name.
const NAME_MAX: usize = 64;
/// Of keys that may speak for any source.
const SOURCE: &str = "command";

/// What a player asks for.
#[derive(Clone, Copy)]
enum Command {
    OptIn,
    Claim,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Of which period the reward is claimed; else of the oldest that is offered.
    period: Option<String>,
    /// When the player asked; now, where it is not said. Needed where the server runs on event time.
    occurred_at: Option<String>,
}

/// What is known of an event that came first.
#[derive(Deserialize)]
struct Explained {
    event: First,
}

/// How it went.
#[derive(Deserialize)]
struct First {
    position: String,
    refused: Option<String>,
}

#[derive(Serialize)]
struct Done {
    status: &'static str,
    source: SourceId,
    id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Place>,
    emissions: Vec<Box<RawValue>>,
}

/// The player joins a mission.
pub(super) async fn opt_in(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    command(&request, &shared, path.into_inner(), Command::OptIn).await
}

/// The player collects what a completion offers.
pub(super) async fn claim(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    command(&request, &shared, path.into_inner(), Command::Claim).await
}

async fn command(
    request: &HttpRequest,
    shared: &Shared,
    (player, mission): (String, String),
    command: Command,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(request, shared, Scope::Command)?;
    let intake = &shared.intake;
    let entity = entity(intake, &caller, &player)?;
    let programme = intake.programme(&caller)?;
    // By whatever id it ever had: who calls may not know yet that it has another.
    if programme.mission_called(&mission).is_none() {
        return Err(unknown("the programme has no such mission"));
    }
    let mut share = intake.budget.share();
    let body = body::read(request, &intake.config, &mut share).await?;
    let event = event(request, intake, &caller, &entity, command, &mission, &body)?;
    if let Some(first) = first(intake, &entity, &event).await? {
        return first;
    }
    let (source, id) = (event.source.clone(), event.id.clone());
    let taken = Request {
        caller: &caller,
        programme: &programme,
        traceparent: observe::traceparent(request),
        wait: true,
    };
    let incoming = Incoming {
        event: event.clone(),
        recorded_at: None,
    };
    let mut results = intake.take(taken, vec![Ok(incoming)], share).await?;
    let result = results.pop().ok_or_else(|| internal("no result"))?;
    match result.status {
        Status::Folded(Applied::Applied) => done(StatusCode::OK, "applied", source, id, result),
        Status::Folded(Applied::Refused) => Ok(refused(result.code.as_deref().unwrap_or_default())),
        // Another call of this name was on its way, at another time.
        Status::Folded(Applied::Replayed | Applied::Conflict) => first(intake, &entity, &event)
            .await?
            .unwrap_or_else(|| Err(internal("the first call is not found"))),
        Status::Accepted => done(StatusCode::ACCEPTED, "accepted", source, id, result),
        Status::Rejected if result.code.as_deref() == Some(Event::ERASED) => {
            Ok(refused(Event::ERASED))
        }
        Status::Rejected => Err(Problem::new(
            Kind::Unavailable,
            result.detail.unwrap_or_default(),
        )),
    }
}

/// The answer to a call that has been decided before.
async fn first(
    intake: &Intake,
    entity: &Entity,
    event: &Event,
) -> Result<Option<Result<HttpResponse, Problem>>, Problem> {
    let known = intake.queries.explain(entity, &event.source, &event.id);
    let Some(known) = known.await? else {
        return Ok(None);
    };
    let known: Explained =
        serde_json::from_str(known.get()).map_err(|why| internal(&why.to_string()))?;
    if let Some(code) = known.event.refused {
        return Ok(Some(Ok(refused(&code))));
    }
    let at = position(&known.event.position).ok_or_else(|| internal("an entry without a place"))?;
    let outcome = intake.queries.outcome(entity, at).await?;
    let done = Done {
        status: Applied::Replayed.as_str(),
        source: event.source.clone(),
        id: event.id.clone(),
        position: None,
        emissions: outcome.emissions,
    };
    Ok(Some(answer::value(StatusCode::OK, &done)))
}

fn event(
    request: &HttpRequest,
    intake: &Intake,
    caller: &Caller,
    entity: &Entity,
    command: Command,
    mission: &str,
    body: &[u8],
) -> Result<Event, Problem> {
    let malformed = |why: String| Problem::new(Kind::Malformed, why);
    let said: Said = match body.is_empty() {
        true => Said::default(),
        false => serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?,
    };
    let (kind, verb) = match command {
        Command::OptIn if said.period.is_some() => {
            return Err(malformed(
                "a mission is joined, not a `period` of it".to_owned(),
            ));
        }
        Command::OptIn => ("mission_opted_in", "optIn"),
        Command::Claim => ("mission_claimed", "claim"),
    };
    let occurred_at: Timestamp = match (&said.occurred_at, intake.config.clock) {
        (Some(at), _) => at
            .parse()
            .map_err(|error| malformed(format!("`occurred_at`: {error}")))?,
        (None, Clock::Log) => now(),
        (None, Clock::Event) => {
            let why = "the server runs on event time: say `occurred_at`".to_owned();
            return Err(malformed(why));
        }
    };
    let name = named(request)?;
    let id = format!("{verb}/{mission}/{name}");
    let id = EventId::new(&id).map_err(|error| malformed(format!("`Idempotency-Key`: {error}")))?;
    let text = |text: &str| Value::Text(text.into());
    let mut attributes = Attributes::from([("mission".into(), text(mission))]);
    if let Some(period) = &said.period {
        if period.len() > NAME_MAX {
            return Err(malformed(format!(
                "`period` is longer than {NAME_MAX} bytes"
            )));
        }
        attributes.insert("period".into(), text(period));
    }
    let source = caller.source.clone();
    let any = || SourceId::new(SOURCE).map_err(|error| internal(&error.to_string()));
    Ok(Event {
        id,
        source: source.map_or_else(any, Ok)?,
        kind: kind.into(),
        player: entity.player.clone(),
        occurred_at,
        amount: None,
        currency: None,
        refers_to: None,
        rate: None,
        attributes,
        sealed: None,
    })
}

/// The name that the caller gave the call.
fn named(request: &HttpRequest) -> Result<&str, Problem> {
    let header = request.headers().get(IDEMPOTENCY_KEY);
    let name = header.and_then(|value| value.to_str().ok());
    name.filter(|name| (1..=NAME_MAX).contains(&name.len()))
        .ok_or_else(|| {
            let why = format!("send `Idempotency-Key`: 1 to {NAME_MAX} visible characters");
            Problem::new(Kind::Malformed, why)
        })
}

fn done(
    status: StatusCode,
    word: &'static str,
    source: SourceId,
    id: EventId,
    result: EventResult,
) -> Result<HttpResponse, Problem> {
    answer::value(
        status,
        &Done {
            status: word,
            source,
            id,
            position: result.position,
            emissions: result.emissions.unwrap_or_default(),
        },
    )
}

/// 409 with the code of a refusal.
fn refused(code: &str) -> HttpResponse {
    answer::refused(code, refusal::sentence(code))
}

fn unknown(detail: &str) -> Problem {
    Problem::new(Kind::NotFound, detail)
}

fn internal(detail: &str) -> Problem {
    Problem::new(Kind::Internal, detail)
}
