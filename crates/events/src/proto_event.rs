//! The protobuf event: from gRPC, judged like the JSON one; and to protobuf, for the log and for callers.

use std::borrow::Cow;

use prost::Message;
use proto::event::v1 as wire;
use types::{Attributes, Decimal, Event, Timestamp, Value};

use crate::raw::Raw;
use crate::rejection::{Code, Rejection, excerpt};
use crate::validate::validate;
use crate::{Context, EVENT_BYTES_MAX, Incoming, NESTING_MAX};

/// The event that a message says, or why it says none.
pub fn from_proto(message: &wire::Event, context: &Context<'_>) -> Result<Incoming, Rejection> {
    let with_id = |mut rejection: Rejection| {
        rejection.id = some(&message.id).map(Cow::into_owned);
        rejection
    };
    let length = message.encoded_len();
    if length > EVENT_BYTES_MAX {
        return Err(with_id(Rejection::new(
            Code::TooLarge,
            format!("the event has {length} bytes, the most is {EVENT_BYTES_MAX}"),
        )));
    }
    validate(raw(message).map_err(with_id)?, context)
}

fn raw(message: &wire::Event) -> Result<Raw<'_>, Rejection> {
    Ok(Raw {
        id: some(&message.id),
        source: some(&message.source),
        kind: some(&message.r#type),
        player: some(&message.player),
        occurred_at: time("occurred_at", message.occurred_at.as_ref())?,
        amount: some(&message.amount),
        currency: some(&message.currency),
        refers_to: some(&message.refers_to),
        rate: some(&message.rate),
        // On this wire it is an attribute.
        provisional: None,
        // The event is the first level, its attributes the second.
        attributes: attributes(&message.attributes, 2)?,
        recorded_at: time("recorded_at", message.recorded_at.as_ref())?,
    })
}

fn some(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

fn time(
    field: &str,
    time: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Rejection> {
    time.map(|time| {
        instant(time).ok_or_else(|| {
            Rejection::new(
                Code::BadTime,
                format!("`{field}` lies outside the years 1970 to 2100"),
            )
        })
    })
    .transpose()
}

/// The instant that protobuf's timestamp says; `None` outside the range, or with nanoseconds that are no fraction of a second.
pub(crate) fn instant(time: &prost_types::Timestamp) -> Option<Timestamp> {
    if !(0..1_000_000_000).contains(&time.nanos) {
        return None;
    }
    let nanos = time.seconds.checked_mul(1_000_000_000)?;
    Timestamp::from_nanos(nanos.checked_add(i64::from(time.nanos))?)
}

/// Protobuf's timestamp of an instant.
pub(crate) fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: instant.nanos().div_euclid(1_000_000_000),
        // Below 10^9 by the modulo.
        nanos: instant.nanos().rem_euclid(1_000_000_000) as i32,
    }
}

pub(crate) fn attributes<'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a wire::Value)>,
    depth: usize,
) -> Result<Attributes, Rejection> {
    deep_enough(depth)?;
    let kept = |(key, message): (&String, _)| {
        let value = value(message, depth).transpose()?;
        Some(value.map(|value| (key.as_str().into(), value)))
    };
    entries.into_iter().filter_map(kept).collect()
}

fn deep_enough(depth: usize) -> Result<(), Rejection> {
    if depth > NESTING_MAX {
        return Err(Rejection::new(
            Code::TooDeep,
            format!("lists and maps nest deeper than {NESTING_MAX} levels"),
        ));
    }
    Ok(())
}

fn value(message: &wire::Value, depth: usize) -> Result<Option<Value>, Rejection> {
    use wire::value::Kind;
    let Some(kind) = &message.kind else {
        return Ok(None);
    };
    Ok(Some(match kind {
        Kind::BoolValue(truth) => Value::Bool(*truth),
        Kind::NumberValue(text) => Value::Number(number(text)?),
        Kind::TextValue(text) => Value::Text(text.as_str().into()),
        Kind::ListValue(list) => {
            deep_enough(depth + 1)?;
            let mut items = Vec::new();
            for item in &list.values {
                items.extend(value(item, depth + 1)?);
            }
            Value::List(items)
        }
        Kind::MapValue(map) => Value::Map(attributes(&map.entries, depth + 1)?),
    }))
}

fn number(text: &str) -> Result<Decimal, Rejection> {
    text.parse().map_err(|error| {
        Rejection::new(
            Code::BadNumber,
            format!("{} in `attributes`: {error}", excerpt(text)),
        )
    })
}

/// The message that says this event; its recorded time is not the event's and stays empty.
pub fn to_proto(event: &Event) -> wire::Event {
    let decimal =
        |number: Option<Decimal>| number.map_or_else(String::new, |number| number.to_string());
    wire::Event {
        id: event.id.to_string(),
        source: event.source.to_string(),
        r#type: event.kind.to_string(),
        player: event.player.to_string(),
        occurred_at: Some(timestamp(event.occurred_at)),
        amount: decimal(event.amount),
        currency: event
            .currency
            .map_or_else(String::new, |currency| currency.to_string()),
        refers_to: event
            .refers_to
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        rate: decimal(event.rate),
        attributes: entries(&event.attributes),
        recorded_at: None,
    }
}

/// Attributes alone, as bytes: the same for the same.
pub fn attribute_bytes(attributes: &Attributes) -> Vec<u8> {
    let entries = entries(attributes);
    wire::MapValue { entries }.encode_to_vec()
}

/// What [`attribute_bytes`] wrote; `None` for any other bytes.
pub fn attributes_of(bytes: &[u8]) -> Option<Attributes> {
    let map = wire::MapValue::decode(bytes).ok()?;
    attributes(&map.entries, 2).ok()
}

fn entries<M: FromIterator<(String, wire::Value)>>(attributes: &Attributes) -> M {
    attributes
        .iter()
        .map(|(key, value)| (key.to_string(), to_value(value)))
        .collect()
}

fn to_value(value: &Value) -> wire::Value {
    use wire::value::Kind;
    let kind = match value {
        Value::Bool(truth) => Kind::BoolValue(*truth),
        Value::Number(number) => Kind::NumberValue(number.to_string()),
        Value::Text(text) => Kind::TextValue(text.to_string()),
        Value::List(items) => Kind::ListValue(wire::ListValue {
            values: items.iter().map(to_value).collect(),
        }),
        Value::Map(attributes) => Kind::MapValue(wire::MapValue {
            entries: entries(attributes),
        }),
    };
    wire::Value { kind: Some(kind) }
}
