//! Values on their way between an ingest node and an engine node.

use ports::Entity;
use proto::cluster::v1 as wire;
use serde_json::value::RawValue;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use types::{Partition, Position};

use crate::queries::{Applied, QueryError};

const DOMAIN: &str = "questline";
const REASONS: [(QueryError, &str); 3] = [
    (QueryError::Moving, "MOVING"),
    (QueryError::Overloaded, "OVERLOADED"),
    (QueryError::Stopping, "STOPPING"),
];

/// "Not now", with its reason.
pub(super) fn status(error: QueryError) -> Status {
    let reason = REASONS.iter().find(|(one, _)| *one == error);
    let reason = reason.map_or("", |(_, name)| name);
    let details = ErrorDetails::with_error_info(reason, DOMAIN, []);
    Status::with_error_details(Code::Unavailable, error.to_string(), details)
}

/// What a node's refusal means. A node that does not answer at all is one whose partitions are about to move.
pub(super) fn query_error(status: &Status) -> QueryError {
    let info = status.get_details_error_info();
    let named = |info: tonic_types::ErrorInfo| {
        let known = REASONS.iter().find(|(_, name)| *name == info.reason);
        known.map(|(error, _)| *error)
    };
    info.and_then(named).unwrap_or_else(|| match status.code() {
        Code::Unavailable | Code::Unknown | Code::Cancelled => QueryError::Moving,
        _ => QueryError::Overloaded,
    })
}

/// A name that the other side should have checked.
pub(super) fn name<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Status> {
    text.parse()
        .map_err(|_| Status::invalid_argument(format!("{what}: not a name")))
}

pub(super) fn entity(brand: &str, player: &str) -> Result<Entity, Status> {
    Ok(Entity {
        brand: name(brand, "brand")?,
        player: name(player, "player")?,
    })
}

pub(super) fn partition(number: u32) -> Result<Partition, Status> {
    let number = u16::try_from(number);
    number
        .map(Partition)
        .map_err(|_| Status::invalid_argument("partition: no such number"))
}

pub(super) fn position(at: Option<wire::Position>) -> Position {
    at.map_or(Position::START, |at| Position {
        sequence: at.sequence,
        index: at.index,
    })
}

pub(super) fn place(at: Position) -> wire::Position {
    wire::Position {
        sequence: at.sequence,
        index: at.index,
    }
}

const OUTCOMES: [(Applied, wire::Outcome); 4] = [
    (Applied::Applied, wire::Outcome::Applied),
    (Applied::Replayed, wire::Outcome::Replayed),
    (Applied::Conflict, wire::Outcome::Conflict),
    (Applied::Refused, wire::Outcome::Refused),
];

pub(super) fn outcome(status: Applied) -> wire::Outcome {
    let found = OUTCOMES.iter().find(|(one, _)| *one == status);
    found.map_or(wire::Outcome::Unspecified, |(_, outcome)| *outcome)
}

pub(super) fn applied(outcome: wire::Outcome) -> Option<Applied> {
    let found = OUTCOMES.iter().find(|(_, one)| *one == outcome);
    found.map(|(status, _)| *status)
}

pub(super) fn bytes(json: &RawValue) -> Vec<u8> {
    json.get().as_bytes().to_vec()
}

/// JSON that a node sent; one that sends anything else cannot be asked now.
pub(super) fn json(bytes: Vec<u8>) -> Result<Box<RawValue>, QueryError> {
    let text = String::from_utf8(bytes).ok();
    let json = text.and_then(|text| RawValue::from_string(text).ok());
    json.ok_or_else(|| {
        tracing::error!("an engine node's answer is not JSON");
        QueryError::Overloaded
    })
}

pub(super) fn jsons(all: Vec<Vec<u8>>) -> Result<Vec<Box<RawValue>>, QueryError> {
    all.into_iter().map(json).collect()
}
