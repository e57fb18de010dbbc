//! Reading a record as this build writes it, straight from its bytes into the event: no message in between that owns every text twice.
//!
//! It reads the plain case only. Whatever else the bytes hold (fields that are not known, lists, maps, damage) is left to the general
//! decoder, which alone says what is wrong.

use std::ops::Range;
use std::str::{FromStr, from_utf8};

use types::{Attributes, Body, Event, PlayerId, Timestamp, Value};

use crate::proto_event::instant;

/// The event that the record holds, or `None` where the general decoder has to look.
pub(super) fn event(bytes: &[u8]) -> Option<Body> {
    let mut record = Fields::of(Said::bytes(bytes));
    let (1, Field::Bytes(body)) = record.next()? else {
        return None;
    };
    if !record.is_empty() {
        return None;
    }
    let (mut brand, mut accepted_at, mut event, mut traceparent) = ("", 0, None, "");
    let mut fields = record.within(body);
    while !fields.is_empty() {
        match fields.next()? {
            (1, Field::Bytes(at)) => brand = fields.said.text(at)?,
            (2, Field::Number(number)) => accepted_at = number as i64,
            (3, Field::Bytes(at)) if event.is_none() => event = Some(event_of(bytes.get(at)?)?),
            (4, Field::Bytes(at)) => traceparent = fields.said.text(at)?,
            _ => return None,
        }
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
    let mut fields = Fields::of(Said::bytes(bytes));
    if let Some(b'\x2a') = bytes.first() {
        let (_, at) = fields.next()?;
        occurred_at = Some(time(&fields, at)?);
        // The rest is texts, with tags and lengths that are ASCII unless one is long: then it is one text as a whole.
        fields = Fields::of(Said::text_if_it_is(bytes.get(fields.at..)?));
    }
    while !fields.is_empty() {
        match fields.next()? {
            (5, at) if occurred_at.is_none() => occurred_at = Some(time(&fields, at)?),
            (number @ 1..10, Field::Bytes(at)) => {
                texts[number as usize] = fields.said.text(at)?;
            }
            (10, Field::Bytes(at)) => {
                let (key, value) = attribute(fields.within(at))?;
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

fn time(around: &Fields<'_>, at: Field) -> Option<Timestamp> {
    let Field::Bytes(at) = at else { return None };
    let mut time = prost_types::Timestamp::default();
    let mut fields = around.within(at);
    while !fields.is_empty() {
        match fields.next()? {
            (1, Field::Number(number)) => time.seconds = number as i64,
            (2, Field::Number(number)) => time.nanos = number as i32,
            _ => return None,
        }
    }
    instant(&time)
}

fn attribute(mut fields: Fields<'_>) -> Option<(&str, Value)> {
    let said = fields.said;
    let ((1, Field::Bytes(key)), (2, Field::Bytes(value))) = (fields.next()?, fields.next()?)
    else {
        return None;
    };
    let mut value = fields.within(value);
    let kind = match value.next()? {
        (1, Field::Number(truth)) => Value::Bool(truth != 0),
        (2, Field::Bytes(at)) => Value::Number(said.text(at)?.parse().ok()?),
        (3, Field::Bytes(at)) => Value::Text(said.text(at)?.into()),
        _ => return None,
    };
    let all_read = fields.is_empty() && value.is_empty();
    Some((said.text(key)?, kind)).filter(|_| all_read)
}

fn parsed<T: FromStr>(text: &str) -> Option<Option<T>> {
    match text {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    }
}

/// The bytes of a message; as a text too, where they are one and that has been looked at.
#[derive(Clone, Copy)]
struct Said<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, text: None }
    }

    fn text_if_it_is(bytes: &'a [u8]) -> Self {
        let text = from_utf8(bytes).ok();
        Self { bytes, text }
    }

    /// The text in a part of them.
    fn text(self, at: Range<usize>) -> Option<&'a str> {
        match self.text {
            Some(text) => text.get(at),
            None => from_utf8(self.bytes.get(at)?).ok(),
        }
    }
}

/// The fields of a message that are not read yet.
struct Fields<'a> {
    said: Said<'a>,
    at: usize,
    end: usize,
}

enum Field {
    Number(u64),
    /// Where its bytes are.
    Bytes(Range<usize>),
}

impl<'a> Fields<'a> {
    fn of(said: Said<'a>) -> Self {
        let end = said.bytes.len();
        Self { said, at: 0, end }
    }

    /// The fields of a message inside.
    fn within(&self, at: Range<usize>) -> Self {
        Self {
            said: self.said,
            at: at.start,
            end: at.end,
        }
    }

    fn is_empty(&self) -> bool {
        self.at == self.end
    }

    fn next(&mut self) -> Option<(u64, Field)> {
        let tag = self.number()?;
        let field = match tag & 7 {
            0 => Field::Number(self.number()?),
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                let at = self.at..self.at.checked_add(length)?;
                if at.end > self.end {
                    return None;
                }
                self.at = at.end;
                Field::Bytes(at)
            }
            _ => return None,
        };
        Some((tag >> 3, field))
    }

    /// A varint of up to nine bytes: 63 bits, so that nothing is cut off.
    fn number(&mut self) -> Option<u64> {
        let rest = self.said.bytes.get(self.at..self.end)?;
        let first = *rest.first()?;
        if first < 0x80 {
            self.at += 1;
            return Some(u64::from(first));
        }
        let mut value = 0;
        for (at, byte) in rest.iter().take(9).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.at += at + 1;
                return Some(value);
            }
        }
        None
    }
}
