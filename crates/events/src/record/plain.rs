//! Writing the record of an event without lists and maps straight into its bytes: what the general encoder says, field by field, with
//! the time in front. What follows it is text then, and is read as one.

use types::{BrandId, Currency, Event, EventId, Timestamp, Value};

/// The record's bytes, or `None` where the general encoder has to write them.
pub(super) fn record(
    brand: &BrandId,
    accepted_at: Timestamp,
    event: &Event,
    traceparent: Option<&str>,
) -> Option<Vec<u8>> {
    let mut said = Vec::with_capacity(256);
    put_event(&mut said, event)?;
    let mut body = Vec::with_capacity(said.len() + 192);
    put(&mut body, 1, brand.as_str().as_bytes());
    put_number(&mut body, 2, accepted_at.nanos().unsigned_abs());
    put(&mut body, 4, traceparent.unwrap_or_default().as_bytes());
    put(&mut body, 3, &said);
    let mut record = Vec::with_capacity(body.len() + 4);
    put(&mut record, 1, &body);
    Some(record)
}

fn put_event(said: &mut Vec<u8>, event: &Event) -> Option<()> {
    let mut time = Vec::with_capacity(12);
    let nanos = event.occurred_at.nanos().unsigned_abs();
    put_number(&mut time, 1, nanos / 1_000_000_000);
    put_number(&mut time, 2, nanos % 1_000_000_000);
    // Also where it is empty, which says 1970.
    varint(said, key(5, BYTES));
    varint(said, time.len() as u64);
    said.extend_from_slice(&time);
    let mut text = |number: u64, text: &str| put(said, number, text.as_bytes());
    text(1, event.id.as_str());
    text(2, event.source.as_str());
    text(3, &event.kind);
    text(4, event.player.as_str());
    if let Some(amount) = event.amount {
        text(6, &amount.to_string());
    }
    text(7, event.currency.map_or("", Currency::code));
    text(8, event.refers_to.as_ref().map_or("", EventId::as_str));
    if let Some(rate) = event.rate {
        text(9, &rate.to_string());
    }
    let mut attributes = event.attributes.iter();
    attributes.try_for_each(|(name, value)| put_attribute(said, name, value))
}

fn put_attribute(said: &mut Vec<u8>, name: &str, value: &Value) -> Option<()> {
    let digits;
    let (kind, text) = match value {
        Value::Bool(truth) => {
            let truth = [key(1, NUMBER) as u8, u8::from(*truth)];
            put_entry(said, name, &truth);
            return Some(());
        }
        Value::Number(number) => {
            digits = number.to_string();
            (2, digits.as_str())
        }
        Value::Text(text) => (3, text.as_str()),
        Value::List(_) | Value::Map(_) => return None,
    };
    let mut value = Vec::with_capacity(text.len() + 4);
    varint(&mut value, key(kind, BYTES));
    varint(&mut value, text.len() as u64);
    value.extend_from_slice(text.as_bytes());
    put_entry(said, name, &value);
    Some(())
}

fn put_entry(said: &mut Vec<u8>, name: &str, value: &[u8]) {
    let mut entry = Vec::with_capacity(name.len() + value.len() + 8);
    varint(&mut entry, key(1, BYTES));
    varint(&mut entry, name.len() as u64);
    entry.extend_from_slice(name.as_bytes());
    put(&mut entry, 2, value);
    put(said, 10, &entry);
}

/// How values are written.
const NUMBER: u64 = 0;
const BYTES: u64 = 2;

const fn key(number: u64, kind: u64) -> u64 {
    (number << 3) | kind
}

/// A field of bytes; empty ones are not written.
fn put(said: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    if !bytes.is_empty() {
        varint(said, key(number, BYTES));
        varint(said, bytes.len() as u64);
        said.extend_from_slice(bytes);
    }
}

/// A field of a number; zero is not written.
fn put_number(said: &mut Vec<u8>, number: u64, value: u64) {
    if value > 0 {
        varint(said, key(number, NUMBER));
        varint(said, value);
    }
}

fn varint(said: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        said.push(value as u8 | 0x80);
        value >>= 7;
    }
    said.push(value as u8);
}
