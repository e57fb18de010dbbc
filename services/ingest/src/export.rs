//! Everything held about a player, as one JSON object written piece by piece: what an access request asks for.
//!
//! The log is read through, since a record of a player can only be found by looking: that takes as long as the player's partition is
//! long, and disturbs nobody.

use std::sync::Arc;

use bytes::Bytes;
use events::{partition_of, record};
use ports::{Entity, EventLog, LogRecord, Person, ReadError, StoreError};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;
use types::{Attributes, Body, Event, Position, Timestamp, Value};

use crate::intake::{Intake, now};
use crate::problem::{Kind, Problem};
use crate::queries::QueryError;

/// Records read at once.
const RECORDS: usize = 1_024;
/// Journal entries asked for at once.
const ENTRIES: usize = 1_000;

/// Pieces of the object, or why it does not go on.
pub(crate) type Pieces = mpsc::Sender<Result<Bytes, Problem>>;

/// Who takes the pieces is gone.
struct Gone;

/// Why an export ends early.
enum Ended {
    Gone,
    Problem(Problem),
}

impl From<Gone> for Ended {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<QueryError> for Ended {
    fn from(error: QueryError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<ReadError> for Ended {
    fn from(error: ReadError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

/// Begins an export: what comes first is asked for at once, so that a player who is not known is refused as a whole.
pub(crate) async fn export(
    intake: Arc<Intake>,
    entity: Entity,
) -> Result<mpsc::Receiver<Result<Bytes, Problem>>, Problem> {
    let erasure = intake.people.erasure(&entity).await?;
    let player = intake.queries.player(&entity).await?;
    if player.is_none() && erasure.is_none() {
        return Err(Problem::new(Kind::NotFound, "the brand has no such player"));
    }
    let (pieces, taken) = mpsc::channel(4);
    let mut head = serde_json::Map::new();
    head.insert("player".into(), json!(entity.player));
    head.insert("brand".into(), json!(entity.brand));
    head.insert("exported_at".into(), json!(now()));
    head.insert("erased_at".into(), json!(erasure.map(|it| it.at)));
    let mut text = serde_json::to_string(&head)
        .map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    text.pop();
    let (profile, view) = match &player {
        Some(player) => (player.profile.get(), player.view.get()),
        None => ("null", "null"),
    };
    text.push_str(&format!(
        ",\"profile\":{profile},\"state\":{view},\"journal\":["
    ));
    tokio::spawn(async move {
        let writing = Writing { pieces };
        let ended = write(&intake, &entity, &writing, text).await;
        if let Err(Ended::Problem(problem)) = ended {
            // Who asked may be gone as well.
            drop(writing.pieces.send(Err(problem)).await);
        }
    });
    Ok(taken)
}

struct Writing {
    pieces: Pieces,
}

impl Writing {
    async fn text(&self, text: String) -> Result<(), Gone> {
        let sent = self.pieces.send(Ok(Bytes::from(text))).await;
        sent.map_err(|_| Gone)
    }
}

async fn write(intake: &Intake, entity: &Entity, to: &Writing, head: String) -> Result<(), Ended> {
    to.text(head).await?;
    let (mut before, mut first) = (None, true);
    while let Some(page) = intake.queries.journal(entity, before, ENTRIES).await? {
        let mut text = String::new();
        for entry in &page.entries {
            text.push_str(if first { "" } else { "," });
            text.push_str(entry.get());
            first = false;
        }
        to.text(text).await?;
        match page.next_before {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    to.text("],\"events\":[".to_owned()).await?;
    let kept = events(intake, entity, to).await?;
    let since = json!(kept);
    to.text(format!("],\"log_begins_after\":{since}}}\n"))
        .await?;
    Ok(())
}

/// The player's events in the log, oldest first; the position after which the log is kept, where it is not kept from the beginning.
async fn events(intake: &Intake, entity: &Entity, to: &Writing) -> Result<Option<String>, Ended> {
    let log: &dyn EventLog = intake.log.as_ref();
    let partition = partition_of(&entity.brand, &entity.player, log.partitions());
    let (end, _) = log.end(partition).await?;
    if end == Position::START {
        return Ok(None);
    }
    let (mut reader, kept) = match log.read(partition, Position::START).await {
        Err(ReadError::Truncated { first }) => {
            (log.read(partition, first).await?, Some(first.to_string()))
        }
        read => (read?, None),
    };
    let key = match intake.people.person(entity).await? {
        Some(Person::Key(key)) => Some(key),
        Some(Person::Erased(_)) | None => None,
    };
    let (mut at, mut first) = (Position::START, true);
    while at < end {
        let records = reader.next(RECORDS).await?;
        let mut text = String::new();
        for read in records {
            at = read.position;
            if at > end {
                break;
            }
            let Some(mut said) = of_player(entity, &read) else {
                continue;
            };
            people::open_event(key.as_ref(), &entity.brand, &mut said.event);
            let line = serde_json::to_string(&written(&read, &said))
                .map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
            text.push_str(if first { "" } else { "," });
            text.push_str(&line);
            first = false;
        }
        to.text(text).await?;
    }
    Ok(kept)
}

/// A record of the player.
struct Said {
    accepted_at: Timestamp,
    event: Box<Event>,
}

fn of_player(entity: &Entity, read: &LogRecord) -> Option<Said> {
    let record = record::decode(read.position, read.recorded_at, &read.body).ok()?;
    match record.body {
        Body::Event {
            brand,
            accepted_at,
            event,
            ..
        } if brand == entity.brand && event.player == entity.player => {
            Some(Said { accepted_at, event })
        }
        _ => None,
    }
}

/// An event of the log, as it came.
#[derive(Serialize)]
struct Written<'a> {
    position: String,
    recorded_at: Timestamp,
    accepted_at: Timestamp,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    occurred_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refers_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<String>,
    attributes: serde_json::Value,
}

fn written<'a>(read: &LogRecord, said: &'a Said) -> Written<'a> {
    let event = &said.event;
    Written {
        position: read.position.to_string(),
        recorded_at: read.recorded_at,
        accepted_at: said.accepted_at,
        id: event.id.as_str(),
        source: event.source.as_str(),
        r#type: &event.kind,
        occurred_at: event.occurred_at,
        amount: event.amount.map(|amount| amount.to_string()),
        currency: event.currency.map(types::Currency::code),
        refers_to: event.refers_to.as_ref().map(|id| id.as_str()),
        rate: event.rate.map(|rate| rate.to_string()),
        attributes: attributes_json(&event.attributes),
    }
}

/// Attributes as JSON; numbers as the decimals that they are.
pub fn attributes_json(all: &Attributes) -> serde_json::Value {
    let all = all.iter();
    all.map(|(name, value)| (name.to_string(), value_of(value)))
        .collect()
}

fn value_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::Number(number) => json!(number.to_string()),
        Value::Text(text) => json!(text.as_str()),
        Value::List(items) => items.iter().map(value_of).collect(),
        Value::Map(inner) => attributes_json(inner),
    }
}
