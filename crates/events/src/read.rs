//! The JSON event.

use std::borrow::Cow;

use types::{Attributes, Decimal, Text, Timestamp, Value};

use crate::json::{Scanner, Token};
use crate::raw::Raw;
use crate::rejection::{Code, Rejection, excerpt};
use crate::validate::validate;
use crate::{Context, EVENT_BYTES_MAX, Incoming};

/// The event that these bytes say, or why they say none.
pub fn parse_json(bytes: &[u8], context: &Context<'_>) -> Result<Incoming, Rejection> {
    bounded(bytes)?;
    let text = decoded(bytes)?;
    let mut raw = Raw::default();
    if let Err(mut rejection) = read(text, &mut raw) {
        rejection.id = raw.id.map(Cow::into_owned);
        return Err(rejection);
    }
    validate(raw, context)
}

/// Refuses what is longer than an event may be.
pub(crate) fn bounded(bytes: &[u8]) -> Result<(), Rejection> {
    if bytes.len() > EVENT_BYTES_MAX {
        let length = bytes.len();
        let detail = format!("the event has {length} bytes, the most is {EVENT_BYTES_MAX}");
        return Err(Rejection::new(Code::TooLarge, detail));
    }
    Ok(())
}

/// The text that bytes say.
pub(crate) fn decoded(bytes: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let detail = format!("not UTF-8 at byte {at} of the event");
        Rejection::new(Code::Malformed, detail)
    })
}

fn read<'a>(text: &'a str, raw: &mut Raw<'a>) -> Result<(), Rejection> {
    let mut scanner = Scanner::new(text);
    if scanner.value()? != Token::Map {
        return Err(Rejection::new(Code::Malformed, "an event is a JSON object"));
    }
    object(&mut scanner, FIELDS, raw)?;
    scanner.end()
}

pub(crate) const FIELDS: &[&str] = &[
    "id",
    "source",
    "type",
    "player",
    "occurred_at",
    "amount",
    "currency",
    "refers_to",
    "rate",
    "provisional",
    "attributes",
    "recorded_at",
];

/// The fields of an object of which `{` was read; of those in `fields`, each at most once.
pub(crate) fn object<'a>(
    scanner: &mut Scanner<'a>,
    fields: &[&str],
    raw: &mut Raw<'a>,
) -> Result<(), Rejection> {
    let mut seen = 0u16;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        let Some(bit) = fields.iter().position(|field| *field == key) else {
            return Err(Rejection::new(
                Code::UnknownField,
                format!("events have no field {} here", excerpt(&key)),
            ));
        };
        if seen & (1 << bit) != 0 {
            return Err(twice(&key));
        }
        seen |= 1 << bit;
        field(scanner, fields[bit], raw)?;
    }
    Ok(())
}

fn field<'a>(scanner: &mut Scanner<'a>, name: &str, raw: &mut Raw<'a>) -> Result<(), Rejection> {
    let token = scanner.value()?;
    if token == Token::Null {
        return Ok(());
    }
    match name {
        "id" => raw.id = Some(text(token, name, Code::Malformed)?),
        "source" => raw.source = Some(text(token, name, Code::Malformed)?),
        "type" => raw.kind = Some(text(token, name, Code::UnknownType)?),
        "player" => raw.player = Some(text(token, name, Code::Malformed)?),
        "occurred_at" => raw.occurred_at = Some(time(token, name)?),
        "amount" => raw.amount = Some(number(token, name)?),
        "currency" => raw.currency = Some(text(token, name, Code::UnknownCurrency)?),
        "refers_to" => raw.refers_to = Some(text(token, name, Code::Malformed)?),
        "rate" => raw.rate = Some(number(token, name)?),
        "provisional" => raw.provisional = Some(truth(&token, name)?),
        "recorded_at" => raw.recorded_at = Some(time(token, name)?),
        _ if token == Token::Map => raw.attributes = map(scanner)?,
        _ => {
            return Err(Rejection::new(
                Code::BadAttribute,
                "`attributes` must be an object",
            ));
        }
    }
    Ok(())
}

/// The text that a token is; `code` where it is none.
pub(crate) fn text<'a>(
    token: Token<'a>,
    name: &str,
    code: Code,
) -> Result<Cow<'a, str>, Rejection> {
    match token {
        Token::Text(text) => Ok(text),
        _ => Err(Rejection::new(code, format!("`{name}` must be a string"))),
    }
}

fn number<'a>(token: Token<'a>, name: &str) -> Result<Cow<'a, str>, Rejection> {
    match token {
        Token::Text(text) => Ok(text),
        Token::Number(text) => Ok(Cow::Borrowed(text)),
        _ => Err(Rejection::new(
            Code::BadNumber,
            format!("`{name}` must be a number or a decimal string"),
        )),
    }
}

fn truth(token: &Token<'_>, name: &str) -> Result<bool, Rejection> {
    match token {
        Token::Bool(truth) => Ok(*truth),
        _ => Err(Rejection::new(
            Code::BadAttribute,
            format!("`{name}` must be true or false"),
        )),
    }
}

/// The instant that a token says.
pub(crate) fn time(token: Token<'_>, name: &str) -> Result<Timestamp, Rejection> {
    let text = text(token, name, Code::BadTime)?;
    text.parse().map_err(|error| {
        Rejection::new(
            Code::BadTime,
            format!("`{name}` is {}: {error}", excerpt(&text)),
        )
    })
}

// Recursion is bounded by the scanner, which opens at most 16 levels.
fn map(scanner: &mut Scanner<'_>) -> Result<Attributes, Rejection> {
    // A null is not kept, but its key may not come again either.
    let mut entries: Vec<(Text, Option<Value>)> = Vec::new();
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        entries.push((Text::from(key), value(scanner)?));
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut neighbours = entries.windows(2);
    if let Some(pair) = neighbours.find(|pair| pair[0].0 == pair[1].0) {
        return Err(twice(&pair[0].0));
    }
    let kept = |(key, value): (Text, Option<Value>)| Some((key, value?));
    Ok(entries.into_iter().filter_map(kept).collect())
}

fn list(scanner: &mut Scanner<'_>) -> Result<Vec<Value>, Rejection> {
    let mut items = Vec::new();
    let mut first = true;
    while scanner.item(first)? {
        first = false;
        items.extend(value(scanner)?);
    }
    Ok(items)
}

fn value(scanner: &mut Scanner<'_>) -> Result<Option<Value>, Rejection> {
    Ok(Some(match scanner.value()? {
        Token::Null => return Ok(None),
        Token::Bool(truth) => Value::Bool(truth),
        Token::Number(text) => Value::Number(decimal(text)?),
        Token::Text(text) => Value::Text(text.into()),
        Token::List => Value::List(list(scanner)?),
        Token::Map => Value::Map(map(scanner)?),
    }))
}

fn decimal(text: &str) -> Result<Decimal, Rejection> {
    text.parse().map_err(|error| {
        Rejection::new(
            Code::BadNumber,
            format!("{} in `attributes`: {error}", excerpt(text)),
        )
    })
}

fn twice(key: &str) -> Rejection {
    Rejection::new(
        Code::Malformed,
        format!("the key {} stands twice", excerpt(key)),
    )
}

#[cfg(test)]
mod tests;
