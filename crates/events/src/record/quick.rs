//! Reading a record as this build writes it, straight from its bytes into the event: no message in between that owns every text twice.
//!
//! It reads the plain case only. Whatever else the bytes hold (fields that come twice or are not known, lists, maps, damage) is left to
//! the general decoder, which alone says what is wrong.

use std::str::{FromStr, from_utf8};

use types::{Attributes, Body, Event, PlayerId, Timestamp, Value};

use crate::proto_event::instant;

/// The event that the record holds, or `None` where the general decoder has to look.
pub(super) fn event(bytes: &[u8]) -> Option<Body> {
    let mut record = Fields(bytes);
    let (1, Field::Bytes(bytes)) = record.next()? else {
        return None;
    };
    let (mut brand, mut accepted_at, mut event, mut traceparent) = ("", 0, None, "");
    let mut fields = Fields(bytes);
    while !fields.0.is_empty() {
        match fields.next()? {
            (1, Field::Bytes(bytes)) => brand = from_utf8(bytes).ok()?,
            (2, Field::Number(number)) => accepted_at = number as i64,
            (3, Field::Bytes(bytes)) if event.is_none() => event = Some(event_of(bytes)?),
            (4, Field::Bytes(bytes)) => traceparent = from_utf8(bytes).ok()?,
            _ => return None,
        }
    }
    if !record.0.is_empty() {
        return None;
    }
    Some(Body::Event {
        brand: brand.parse().ok()?,
        accepted_at: Timestamp::from_nanos(accepted_at)?,
        event: Box::new(event?),
        traceparent: (!traceparent.is_empty()).then(|| traceparent.into()),
    })
}

fn event_of(bytes: &[u8]) -> Option<Event> {
    /// Texts by the number of their field; 0 and 5 stay empty.
    const TEXTS: usize = 10;
    let mut texts = [""; TEXTS];
    let (mut occurred_at, mut attributes) = (None, Attributes::new());
    let mut fields = Fields(bytes);
    while !fields.0.is_empty() {
        match fields.next()? {
            (5, Field::Bytes(bytes)) if occurred_at.is_none() => {
                occurred_at = Some(time(bytes)?);
            }
            (number @ 1..10, Field::Bytes(bytes)) => {
                texts[number as usize] = from_utf8(bytes).ok()?;
            }
            (10, Field::Bytes(bytes)) => {
                let (key, value) = attribute(bytes)?;
                attributes.insert(key.into(), value);
            }
            _ => return None,
        }
    }
    let [
        _,
        id,
        source,
        kind,
        player,
        _,
        amount,
        currency,
        refers_to,
        rate,
    ] = texts;
    Some(Event {
        id: id.parse().ok()?,
        source: source.parse().ok()?,
        kind: kind.into(),
        player: PlayerId::stored(player).ok()?,
        occurred_at: occurred_at?,
        amount: parsed(amount)?,
        currency: parsed(currency)?,
        refers_to: parsed(refers_to)?,
        rate: parsed(rate)?,
        attributes,
    })
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    let mut time = prost_types::Timestamp::default();
    let mut fields = Fields(bytes);
    while !fields.0.is_empty() {
        match fields.next()? {
            (1, Field::Number(number)) => time.seconds = number as i64,
            (2, Field::Number(number)) => time.nanos = number as i32,
            _ => return None,
        }
    }
    instant(&time)
}

fn attribute(bytes: &[u8]) -> Option<(&str, Value)> {
    let mut fields = Fields(bytes);
    let (1, Field::Bytes(key)) = fields.next()? else {
        return None;
    };
    let (2, Field::Bytes(bytes)) = fields.next()? else {
        return None;
    };
    let mut value = Fields(bytes);
    let kind = match value.next()? {
        (1, Field::Number(truth)) => Value::Bool(truth != 0),
        (2, Field::Bytes(bytes)) => Value::Number(from_utf8(bytes).ok()?.parse().ok()?),
        (3, Field::Bytes(bytes)) => Value::Text(from_utf8(bytes).ok()?.into()),
        _ => return None,
    };
    let all_read = fields.0.is_empty() && value.0.is_empty();
    Some((from_utf8(key).ok()?, kind)).filter(|_| all_read)
}

fn parsed<T: FromStr>(text: &str) -> Option<Option<T>> {
    match text {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    }
}

/// The fields of a message that are not read yet.
struct Fields<'a>(&'a [u8]);

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.number()?;
        let field = match tag & 7 {
            0 => Field::Number(self.number()?),
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            _ => return None,
        };
        Some((tag >> 3, field))
    }

    /// A varint of up to nine bytes: 63 bits, so that nothing is cut off.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for (at, byte) in self.0.iter().take(9).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Some(value);
            }
        }
        None
    }
}
