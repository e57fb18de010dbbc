//! CloudEvents 1.0 in their HTTP binding: the context attributes name the event, the data brings the rest.
//!
//! | attribute | field |
//! |---|---|
//! | `id`, `source`, `type` | the same |
//! | `subject` | `player` |
//! | `time` | `occurred_at` |
//! | `data`, a JSON object | all others: `amount`, `currency`, `refers_to`, `rate`, `recorded_at`, `attributes` |
//!
//! The data may be the whole event: what it repeats of the context has to be the same, and `subject` and `time`, which a CloudEvent may
//! leave out, may stand there alone as `player` and `occurred_at`.
//!
//! `source` has to be one of ours, so a URI is refused. Extension attributes are read over.

use std::borrow::Cow;

use crate::json::{Scanner, Token};
use crate::raw::Raw;
use crate::read::{FIELDS, bounded, decoded, object, text, time};
use crate::rejection::{Code, Rejection, excerpt};
use crate::validate::validate;
use crate::{Context, Incoming};

/// The event of a body in structured mode, or of one item of a batch.
pub fn structured(bytes: &[u8], context: &Context<'_>) -> Result<Incoming, Rejection> {
    bounded(bytes)?;
    let mut raw = Raw::default();
    let read = decoded(bytes).and_then(|text| read(text, &mut raw));
    finish(read, raw, context)
}

/// The event of a body in binary mode: `attributes` are the `ce-` headers without their prefix, in lower case and still
/// percent-encoded, with the content type as `datacontenttype`.
pub fn binary(
    attributes: &[(String, String)],
    data: &[u8],
    context: &Context<'_>,
) -> Result<Incoming, Rejection> {
    bounded(data)?;
    let mut raw = Raw::default();
    let read = decoded(data).and_then(|data| {
        let mut version = None;
        for (name, value) in attributes {
            let value = percent_decoded(name, value)?;
            match name.as_str() {
                "specversion" => version = Some(value),
                "datacontenttype" => content_type(&value)?,
                _ => attribute(name, Token::Text(value), &mut raw)?,
            }
        }
        spec_version(version.as_deref())?;
        if data.trim_ascii().is_empty() {
            return Ok(());
        }
        let mut scanner = Scanner::new(data);
        let mut said = Raw::default();
        match scanner.value()? {
            Token::Map => object(&mut scanner, FIELDS, &mut said)?,
            _ => return Err(not_an_object()),
        }
        scanner.end()?;
        join(&mut raw, said)
    });
    finish(read, raw, context)
}

fn finish(
    read: Result<(), Rejection>,
    raw: Raw<'_>,
    context: &Context<'_>,
) -> Result<Incoming, Rejection> {
    match read {
        Ok(()) => validate(raw, context),
        Err(mut rejection) => {
            rejection.id = raw.id.map(Cow::into_owned);
            Err(rejection)
        }
    }
}

fn read<'a>(text: &'a str, raw: &mut Raw<'a>) -> Result<(), Rejection> {
    let mut scanner = Scanner::new(text);
    if scanner.value()? != Token::Map {
        return Err(Rejection::new(
            Code::Malformed,
            "a CloudEvent is a JSON object",
        ));
    }
    let mut seen: Vec<Cow<'a, str>> = Vec::new();
    let mut version = None;
    let mut said = Raw::default();
    while let Some(name) = scanner.key(seen.is_empty())? {
        if seen.contains(&name) {
            return Err(Rejection::new(
                Code::Malformed,
                format!("the attribute {} stands twice", excerpt(&name)),
            ));
        }
        match (&*name, scanner.value()?) {
            (_, Token::Null) => {}
            ("data", Token::Map) => object(&mut scanner, FIELDS, &mut said)?,
            ("data", _) => return Err(not_an_object()),
            ("data_base64", _) => {
                return Err(Rejection::new(
                    Code::Malformed,
                    "the data has to be JSON, not base64",
                ));
            }
            ("specversion", Token::Text(value)) => version = Some(value),
            ("datacontenttype", Token::Text(value)) => content_type(&value)?,
            (name, token) => attribute(name, token, raw)?,
        }
        seen.push(name);
        if seen.len() > ATTRIBUTES_MAX {
            return Err(Rejection::new(
                Code::Malformed,
                format!("a CloudEvent has more than {ATTRIBUTES_MAX} attributes"),
            ));
        }
    }
    spec_version(version.as_deref())?;
    scanner.end()?;
    join(raw, said)
}

/// Puts what the data says beside what the context says.
fn join<'a>(raw: &mut Raw<'a>, said: Raw<'a>) -> Result<(), Rejection> {
    agree("id", raw.id.as_ref(), "id", said.id.as_ref())?;
    agree(
        "source",
        raw.source.as_ref(),
        "source",
        said.source.as_ref(),
    )?;
    agree("type", raw.kind.as_ref(), "type", said.kind.as_ref())?;
    agree(
        "subject",
        raw.player.as_ref(),
        "player",
        said.player.as_ref(),
    )?;
    let times = (raw.occurred_at.as_ref(), said.occurred_at.as_ref());
    agree("time", times.0, "occurred_at", times.1)?;
    let context = std::mem::take(raw);
    *raw = Raw {
        id: context.id.or(said.id),
        source: context.source.or(said.source),
        kind: context.kind.or(said.kind),
        player: context.player.or(said.player),
        occurred_at: context.occurred_at.or(said.occurred_at),
        ..said
    };
    Ok(())
}

fn agree<T: PartialEq>(
    attribute: &str,
    context: Option<&T>,
    field: &str,
    said: Option<&T>,
) -> Result<(), Rejection> {
    match context.zip(said) {
        Some((context, said)) if context != said => Err(Rejection::new(
            Code::Malformed,
            format!("`{attribute}` and `data.{field}` differ: say it once"),
        )),
        _ => Ok(()),
    }
}

/// The most attributes that one CloudEvent may have, extensions included.
const ATTRIBUTES_MAX: usize = 64;

fn attribute<'a>(name: &str, token: Token<'a>, raw: &mut Raw<'a>) -> Result<(), Rejection> {
    match name {
        "id" => raw.id = Some(text(token, "id", Code::Malformed)?),
        "source" => raw.source = Some(text(token, "source", Code::Malformed)?),
        "type" => raw.kind = Some(text(token, "type", Code::UnknownType)?),
        "subject" => raw.player = Some(text(token, "subject", Code::Malformed)?),
        "time" => raw.occurred_at = Some(time(token, "time")?),
        _ if matches!(token, Token::List | Token::Map) => {
            return Err(Rejection::new(
                Code::Malformed,
                format!(
                    "the attribute {} is neither text, number nor truth",
                    excerpt(name)
                ),
            ));
        }
        _ => {}
    }
    Ok(())
}

fn spec_version(version: Option<&str>) -> Result<(), Rejection> {
    match version {
        Some("1.0") => Ok(()),
        _ => Err(Rejection::new(
            Code::Malformed,
            "`specversion` must be \"1.0\"",
        )),
    }
}

fn content_type(content_type: &str) -> Result<(), Rejection> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.is_empty()
        || essence.eq_ignore_ascii_case("application/json")
        || essence.ends_with("+json")
    {
        return Ok(());
    }
    Err(Rejection::new(
        Code::Malformed,
        format!("the data is {}, it has to be JSON", excerpt(essence)),
    ))
}

fn not_an_object() -> Rejection {
    Rejection::new(Code::Malformed, "the data has to be a JSON object")
}

fn percent_decoded<'a>(name: &str, value: &'a str) -> Result<Cow<'a, str>, Rejection> {
    if !value.contains('%') {
        return Ok(Cow::Borrowed(value));
    }
    let bad = || {
        Rejection::new(
            Code::Malformed,
            format!("the header `ce-{name}` is not percent-encoded UTF-8"),
        )
    };
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let [high, low, tail @ ..] = rest else {
            return Err(bad());
        };
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let value = digit(high)
            .zip(digit(low))
            .map(|(high, low)| high * 16 + low);
        // Two hex digits fit a byte.
        bytes.push(value.ok_or_else(bad)? as u8);
        rest = tail;
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| bad())
}

#[cfg(test)]
mod tests;
