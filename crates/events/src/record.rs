//! The bytes of a log record: `questline.log.v1.Record`. Position and recorded time are the log's own and not in them.
//!
//! What was encoded decodes to the same values. Decoding is total: foreign or damaged bytes are an error, never a panic.

use bytes::Bytes;
use prost::Message;
use proto::log::v1 as wire;
use thiserror::Error;
use types::{Body, BrandId, Change, Event, PlayerId, Position, Record, Stage, Tick, Timestamp};

use crate::proto_event::{attributes, instant, to_proto};
use crate::rejection::Rejection;

mod plain;
mod quick;

/// Bytes that nearly every event fits into.
const RECORD_BYTES: usize = 384;

/// The bytes are no record of ours.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("not a record: {0}")]
pub struct DecodeError(String);

/// An accepted event, as it is appended.
pub fn encode(
    brand: &BrandId,
    accepted_at: Timestamp,
    event: &Event,
    traceparent: Option<&str>,
) -> Bytes {
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    encode_into(&mut bytes, brand, accepted_at, event, traceparent);
    bytes.into()
}

/// The same at the end of `out`: the records of many events in one piece of memory.
pub fn encode_into(
    out: &mut Vec<u8>,
    brand: &BrandId,
    accepted_at: Timestamp,
    event: &Event,
    traceparent: Option<&str>,
) {
    if plain::record(out, brand, accepted_at, event, traceparent).is_some() {
        return;
    }
    let body = wire::record::Body::Event(wire::EventRecord {
        brand: brand.to_string(),
        accepted_at_ns: accepted_at.nanos(),
        event: Some(to_proto(event)),
        traceparent: traceparent.unwrap_or_default().to_owned(),
    });
    out.extend(wire::Record { body: Some(body) }.encode_to_vec());
}

/// A record that only says that time passed.
pub fn encode_tick() -> Bytes {
    let body = wire::record::Body::Tick(wire::TickRecord {});
    wire::Record { body: Some(body) }.encode_to_vec().into()
}

/// A step of the publication of a programme.
pub fn encode_change(change: &Change) -> Bytes {
    let stage = match change.stage {
        Stage::Known => wire::ProgrammeStage::Known,
        Stage::Active => wire::ProgrammeStage::Active,
    };
    let body = wire::record::Body::Programme(wire::ProgrammeRecord {
        brand: change.brand.to_string(),
        number: change.number,
        version: change.version.to_string(),
        stage: stage.into(),
    });
    wire::Record { body: Some(body) }.encode_to_vec().into()
}

/// From here on the partition is folded under another logic version.
pub fn encode_logic(version: u32) -> Bytes {
    let body = wire::record::Body::Logic(wire::LogicRecord { version });
    wire::Record { body: Some(body) }.encode_to_vec().into()
}

/// What a record says of a programme; `None` for every other one, after a look at its first byte.
pub fn change(bytes: &Bytes) -> Option<Change> {
    // The tag of the body's third field.
    bytes.first().filter(|tag| **tag == 0x1a)?;
    match general(bytes) {
        Ok(Body::Programme(change)) => Some(change),
        _ => None,
    }
}

/// The record that stands at a position of the log.
pub fn decode(
    position: Position,
    recorded_at: Timestamp,
    bytes: &Bytes,
) -> Result<Record, DecodeError> {
    let body = match quick::event(bytes) {
        Some(body) => body,
        None => general(bytes)?,
    };
    Ok(Record {
        position,
        recorded_at,
        body,
    })
}

fn general(bytes: &[u8]) -> Result<Body, DecodeError> {
    let message = wire::Record::decode(bytes).map_err(because)?;
    match message.body {
        Some(wire::record::Body::Tick(_)) => Ok(Body::Tick(Tick)),
        Some(wire::record::Body::Event(message)) => event_body(message),
        Some(wire::record::Body::Programme(message)) => change_of(message).map(Body::Programme),
        Some(wire::record::Body::Logic(message)) => Ok(Body::Logic(message.version)),
        None => Err(because("it says nothing")),
    }
}

fn because(error: impl std::fmt::Display) -> DecodeError {
    DecodeError(error.to_string())
}

fn change_of(message: wire::ProgrammeRecord) -> Result<Change, DecodeError> {
    let stage = match message.stage() {
        wire::ProgrammeStage::Known => Stage::Known,
        wire::ProgrammeStage::Active => Stage::Active,
        wire::ProgrammeStage::Unspecified => return Err(because("a stage that is not known")),
    };
    if message.number == 0 {
        return Err(because("publications are numbered from 1"));
    }
    Ok(Change {
        brand: message.brand.parse().map_err(because)?,
        number: message.number,
        version: message.version.into(),
        stage,
    })
}

fn event_body(message: wire::EventRecord) -> Result<Body, DecodeError> {
    let event = message.event.ok_or_else(|| because("it has no event"))?;
    Ok(Body::Event {
        brand: message.brand.parse().map_err(because)?,
        accepted_at: Timestamp::from_nanos(message.accepted_at_ns)
            .ok_or_else(|| because("its accepted time is out of range"))?,
        event: Box::new(from_wire(event)?),
        traceparent: some(&message.traceparent).map(Into::into),
    })
}

// Judged when it was accepted: only what the types themselves demand is looked at again.
fn from_wire(message: proto::event::v1::Event) -> Result<Event, DecodeError> {
    let occurred_at = message.occurred_at.as_ref().and_then(instant);
    let rejected = |rejection: Rejection| because(rejection);
    Ok(Event {
        id: message.id.parse().map_err(because)?,
        source: message.source.parse().map_err(because)?,
        kind: message.r#type.into(),
        player: PlayerId::stored(&message.player).map_err(because)?,
        occurred_at: occurred_at.ok_or_else(|| because("its time is out of range"))?,
        amount: parsed(&message.amount)?,
        currency: parsed(&message.currency)?,
        refers_to: parsed(&message.refers_to)?,
        rate: parsed(&message.rate)?,
        attributes: attributes(&message.attributes, 2).map_err(rejected)?,
        sealed: None,
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn parsed<T>(text: &str) -> Result<Option<T>, DecodeError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    some(text)
        .map(|text| text.parse().map_err(because))
        .transpose()
}

#[cfg(test)]
mod tests;
