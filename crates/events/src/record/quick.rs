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
    let mut record = Fields::of(Said(bytes));
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
        event: event?,
        traceparent: (!traceparent.is_empty()).then(|| traceparent.into()),
    })
}

/// What an event says in texts, by the number of their field; 0 and 5 stay empty.
#[derive(Default)]
struct Texts<'a> {
    texts: [&'a str; 10],
    attributes: Attributes,
}

fn event_of(bytes: &[u8]) -> Option<Box<Event>> {
    let mut said = Texts::default();
    let mut occurred_at = None;
    let mut fields = Fields::of(Said(bytes));
    if let Some(b'\x2a') = bytes.first() {
        let (_, at) = fields.next()?;
        occurred_at = Some(time(&fields, at)?);
        // The rest is texts, with tags and lengths that are ASCII unless one is long: then it is one text as a whole.
        if let Ok(text) = from_utf8(bytes.get(fields.at..)?) {
            said.read(Short(text))?;
            return said.event(occurred_at?);
        }
    }
    while !fields.is_empty() {
        match fields.next()? {
            (5, at) if occurred_at.is_none() => occurred_at = Some(time(&fields, at)?),
            (number @ 1..10, Field::Bytes(at)) => {
                said.texts[number as usize] = fields.said.text(at)?;
            }
            (10, Field::Bytes(at)) => {
                let (key, value) = attribute(fields.within(at))?;
                said.attributes.insert(key.into(), value);
            }
            _ => return None,
        }
    }
    said.event(occurred_at?)
}

impl<'a> Texts<'a> {
    fn read(&mut self, mut fields: Short<'a>) -> Option<()> {
        while let Some((tag, text)) = fields.next() {
            match (tag >> 3, tag & 7) {
                (number @ (1..=4 | 6..=9), 2) => self.texts[usize::from(number)] = text,
                (10, 2) => {
                    let (key, value) = Short(text).attribute()?;
                    self.attributes.insert(key.into(), value);
                }
                _ => return None,
            }
        }
        fields.0.is_empty().then_some(())
    }

    fn event(self, occurred_at: Timestamp) -> Option<Box<Event>> {
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
        ] = self.texts;
        Some(Box::new(Event {
            id: id.parse().ok()?,
            source: source.parse().ok()?,
            kind: kind.into(),
            player: PlayerId::stored(player).ok()?,
            occurred_at,
            amount: parsed(amount)?,
            currency: parsed(currency)?,
            refers_to: parsed(refers_to)?,
            rate: parsed(rate)?,
            attributes: self.attributes,
            sealed: None,
        }))
    }
}

/// Fields of texts, each with a tag and a length of one byte.
struct Short<'a>(&'a str);

impl<'a> Short<'a> {
    fn next(&mut self) -> Option<(u8, &'a str)> {
        let [tag, length, ..] = *self.0.as_bytes() else {
            return None;
        };
        let (field, rest) = self.0.split_at_checked(2 + usize::from(length))?;
        self.0 = rest;
        // No byte of a longer character is both: there, nothing is at the third.
        field.get(2..).map(|text| (tag, text))
    }

    /// The key and the value of an attribute.
    fn attribute(mut self) -> Option<(&'a str, Value)> {
        let ((b'\x0a', key), (b'\x12', value)) = (self.next()?, self.next()?) else {
            return None;
        };
        let value = match value.as_bytes() {
            [b'\x08', truth @ (0 | 1)] => Value::Bool(*truth == 1),
            _ => match Short(value).only()? {
                (b'\x12', digits) => Value::Number(digits.parse().ok()?),
                (b'\x1a', text) => Value::Text(text.into()),
                _ => return None,
            },
        };
        self.0.is_empty().then_some((key, value))
    }

    /// The one field that there is.
    fn only(mut self) -> Option<(u8, &'a str)> {
        let field = self.next()?;
        self.0.is_empty().then_some(field)
    }
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

/// The bytes of a message.
#[derive(Clone, Copy)]
struct Said<'a>(&'a [u8]);

impl<'a> Said<'a> {
    /// The text in a part of them.
    fn text(self, at: Range<usize>) -> Option<&'a str> {
        from_utf8(self.0.get(at)?).ok()
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
        let end = said.0.len();
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

    #[inline]
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
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let rest = self.said.0.get(self.at..self.end)?;
        let first = *rest.first()?;
        if first < 0x80 {
            self.at += 1;
            return Some(u64::from(first));
        }
        let Some(eight) = rest.first_chunk() else {
            return self.at_the_end(rest);
        };
        let word = u64::from_le_bytes(*eight);
        let ends = !word & HIGH_BITS;
        if ends == 0 {
            let ninth = *rest.get(8).filter(|ninth| **ninth < 0x80)?;
            self.at += 9;
            return Some(gathered(word) | u64::from(ninth) << 56);
        }
        // What lies above its last byte is not its own.
        let length = ends.trailing_zeros() / 8 + 1;
        self.at += length as usize;
        Some(gathered(word & (u64::MAX >> (64 - 8 * length))))
    }

    /// As [`Fields::number`], byte by byte, where fewer than eight bytes are left.
    fn at_the_end(&mut self, rest: &[u8]) -> Option<u64> {
        let mut value = 0;
        for (at, byte) in rest.iter().enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.at += at + 1;
                return Some(value);
            }
        }
        None
    }
}

const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);

/// The low seven bits of eight bytes, together: neighbours move close, then neighbours of these.
const fn gathered(word: u64) -> u64 {
    let two = word & 0x7f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let four = two & 0x3fff_0000_3fff | (two & 0x3fff_0000_3fff_0000) >> 2;
    four & 0x0fff_ffff | (four & 0x0fff_ffff_0000_0000) >> 4
}
