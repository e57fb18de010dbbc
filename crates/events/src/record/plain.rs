//! Writing the record of an event without lists and maps straight to where it stays: what the general encoder says, field by field, with
//! the time in front. What follows it is text then, and is read as one.

use std::fmt::Display;
use std::io::Write as _;

use types::{BrandId, Currency, Event, EventId, Timestamp, Value};

/// Appends the record's bytes, or nothing and `None` where the general encoder has to write them.
pub(super) fn record(
    out: &mut Vec<u8>,
    brand: &BrandId,
    accepted_at: Timestamp,
    event: &Event,
    traceparent: Option<&str>,
) -> Option<()> {
    let start = out.len();
    let written = nested(out, 1, LONG, |body| {
        put(body, 1, brand.as_str());
        put_number(body, 2, accepted_at.nanos().unsigned_abs());
        put(body, 4, traceparent.unwrap_or_default());
        nested(body, 3, LONG, |said| put_event(said, event))
    });
    if written.is_none() {
        out.truncate(start);
    }
    written
}

fn put_event(said: &mut Vec<u8>, event: &Event) -> Option<()> {
    let nanos = event.occurred_at.nanos().unsigned_abs();
    // Also where it is empty, which says 1970.
    nested(said, 5, SHORT, |time| {
        put_number(time, 1, nanos / 1_000_000_000);
        put_number(time, 2, nanos % 1_000_000_000);
        Some(())
    })?;
    put(said, 1, event.id.as_str());
    put(said, 2, event.source.as_str());
    put(said, 3, &event.kind);
    put(said, 4, event.player.as_str());
    if let Some(amount) = event.amount {
        put_digits(said, 6, amount)?;
    }
    put(said, 7, event.currency.map_or("", Currency::code));
    put(
        said,
        8,
        event.refers_to.as_ref().map_or("", EventId::as_str),
    );
    if let Some(rate) = event.rate {
        put_digits(said, 9, rate)?;
    }
    let mut attributes = event.attributes.iter();
    attributes.try_for_each(|(name, value)| {
        nested(said, 10, SHORT, |entry| {
            put_text(entry, 1, name);
            nested(entry, 2, SHORT, |said| put_value(said, value))
        })
    })
}

fn put_value(said: &mut Vec<u8>, value: &Value) -> Option<()> {
    match value {
        Value::Bool(truth) => {
            said.extend_from_slice(&[key(1, NUMBER) as u8, u8::from(*truth)]);
            Some(())
        }
        Value::Number(number) => put_digits(said, 2, number),
        Value::Text(text) => {
            put_text(said, 3, text);
            Some(())
        }
        Value::List(_) | Value::Map(_) => None,
    }
}

/// How values are written.
const NUMBER: u64 = 0;
const BYTES: u64 = 2;

/// Bytes that the length of a message takes, as a rule: below 128, and from there on.
const SHORT: usize = 1;
const LONG: usize = 2;

const fn key(number: u64, kind: u64) -> u64 {
    (number << 3) | kind
}

/// A field of text; empty ones are not written.
fn put(said: &mut Vec<u8>, number: u64, text: &str) {
    if !text.is_empty() {
        put_text(said, number, text);
    }
}

/// A field of text, also where it is empty.
fn put_text(said: &mut Vec<u8>, number: u64, text: &str) {
    varint(said, key(number, BYTES));
    varint(said, text.len() as u64);
    said.extend_from_slice(text.as_bytes());
}

/// A field of text that a number is.
fn put_digits(said: &mut Vec<u8>, number: u64, digits: impl Display) -> Option<()> {
    nested(said, number, SHORT, |said| write!(said, "{digits}").ok())
}

/// A field of a number; zero is not written.
fn put_number(said: &mut Vec<u8>, number: u64, value: u64) {
    if value > 0 {
        varint(said, key(number, NUMBER));
        varint(said, value);
    }
}

/// A field whose length is known once it is written. It is kept room for before it: where it takes more or less than `room`, what was
/// written is moved.
fn nested(
    out: &mut Vec<u8>,
    number: u64,
    room: usize,
    write: impl FnOnce(&mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    varint(out, key(number, BYTES));
    let at = out.len();
    let from = at + room;
    out.resize(from, 0);
    write(out)?;
    let end = out.len();
    let mut length = (end - from) as u64;
    let takes = varint_bytes(length);
    if takes > room {
        out.resize(end + takes - room, 0);
    }
    if takes != room {
        out.copy_within(from..end, at + takes);
        out.truncate(at + takes + end - from);
    }
    for byte in &mut out[at..at + takes] {
        *byte = length as u8 | 0x80;
        length >>= 7;
    }
    out[at + takes - 1] &= 0x7f;
    Some(())
}

const fn varint_bytes(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn varint(said: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        said.push(value as u8 | 0x80);
        value >>= 7;
    }
    said.push(value as u8);
}
