//! HTTP: a player's inbox, and all emissions for verification.
//!
//! | call | answers |
//! |---|---|
//! | `GET /v1/inbox/{brand}/{player}?page_size=&page_token=` | messages, the newest first, with counts |
//! | `GET /v1/inbox/{brand}/{player}/counts` | `{"total","unread"}` |
//! | `POST /v1/inbox/{brand}/{player}/{id}:read` | marks a message read; again is harmless |
//! | `GET /v1/emissions?page_size=&page_token=` | every emission in order of arrival, with totals |

use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use inbox::{Emission, Error, Inbox, Paging, Problem};
use serde_json::{Value, json};

use crate::messages::{Counts, Messages, WasRead, player_key};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/v1/inbox/{brand}/{player}", web::get().to(list))
        .route("/v1/inbox/{brand}/{player}/counts", web::get().to(counts))
        .route("/v1/inbox/{brand}/{player}/{id}:read", web::post().to(read))
        .route("/v1/emissions", web::get().to(emissions));
}

async fn list(
    inbox: Data<Inbox<Messages>>,
    path: Path<(String, String)>,
    paging: Query<Paging>,
) -> Result<Json<Value>, Problem> {
    let key = player_key(&path.0, &path.1);
    let (after, limit) = (paging.after()?, paging.limit());
    let page = inbox.read(move |messages, reader| {
        let Counts { total, unread } = messages.counts(reader, &key)?;
        let (numbers, more) = messages.newest(reader, &key, after, limit)?;
        let next = numbers.last().filter(|_| more);
        let next = next.map(|(last, _)| Paging::token(*last));
        let mut shown = Vec::with_capacity(numbers.len());
        for (number, read) in numbers {
            let emission = reader.emission(number)?;
            let mut message = object(&emission.ok_or(Error::Unreadable("emission"))?);
            message["read"] = read.into();
            shown.push(message);
        }
        Ok(json!({"messages": shown, "total": total, "unread": unread, "next_page_token": next}))
    });
    Ok(Json(page.await?))
}

async fn counts(
    inbox: Data<Inbox<Messages>>,
    path: Path<(String, String)>,
) -> Result<Json<Counts>, Problem> {
    let key = player_key(&path.0, &path.1);
    let counts = inbox.read(move |messages, reader| messages.counts(reader, &key));
    Ok(Json(counts.await?))
}

async fn read(
    inbox: Data<Inbox<Messages>>,
    path: Path<(String, String, String)>,
) -> Result<Json<Counts>, Problem> {
    let (brand, player, id) = path.into_inner();
    let key = player_key(&brand, &player);
    let of_player = key.clone();
    let found = inbox.read(move |messages, reader| {
        let Some(number) = reader.number(&id)? else {
            return Ok(None);
        };
        let has = messages.has(reader, &of_player, number)?;
        Ok(has.then_some(number))
    });
    let record = found.await?.ok_or(Problem::NotFound)?;
    let was_read = WasRead {
        brand,
        player,
        record,
    };
    let note = serde_json::to_vec(&was_read).map_err(|_| Error::Unreadable("note"))?;
    inbox.note(note).await?;
    let counts = inbox.read(move |messages, reader| messages.counts(reader, &key));
    Ok(Json(counts.await?))
}

async fn emissions(
    inbox: Data<Inbox<Messages>>,
    paging: Query<Paging>,
) -> Result<Json<Value>, Problem> {
    let (after, limit) = (paging.after()?, paging.limit());
    let page = inbox.read(move |messages, reader| {
        let totals = reader.totals()?;
        let outcomes = messages.outcomes(reader)?;
        let (emissions, more) = reader.emissions(after, limit)?;
        let next = emissions.last().filter(|_| more);
        let next = next.map(|(last, _)| Paging::token(*last));
        let emissions: Vec<_> = emissions.iter().map(|(_, e)| object(e)).collect();
        Ok(json!({
            "totals": {
                "received": totals.received, "distinct": totals.distinct, "alarms": totals.alarms,
                "acted_on": outcomes.acted_on, "suppressed": outcomes.suppressed,
            },
            "emissions": emissions,
            "next_page_token": next,
        }))
    });
    Ok(Json(page.await?))
}

fn object(emission: &Emission) -> Value {
    // A body that is no JSON is shown as nothing; the journal keeps its bytes.
    let body: Value = serde_json::from_slice(&emission.body).unwrap_or_default();
    json!({
        "id": emission.id, "type": emission.r#type, "brand": emission.brand,
        "player": emission.player, "body": body,
    })
}
