//! One value of an event from a row.

use jiff::tz::TimeZone;
use serde_json::{Map, Number, Value};
use types::{Decimal, Timestamp};

use super::compile::{CompiledKind, named};
use super::row::Row;
use super::spec::{Field, ReadAs};
use super::zone;

/// The event that a row makes, and its time; the error is a sentence that names the field.
pub(super) fn event(
    kind: &CompiledKind,
    row: Row<'_>,
    zone: Option<&TimeZone>,
) -> Result<(Map<String, Value>, Option<Timestamp>), String> {
    let mut event = Map::new();
    let mut attributes = Map::new();
    let mut time = None;
    event.insert("type".to_owned(), Value::String(kind.name.clone()));
    for (name, field) in named(&kind.fields) {
        let failed = |why: String| format!("{name}: {why}");
        if let Some(attribute) = name.strip_prefix("attributes.") {
            if let Some(value) = attribute_value(field, row, zone).map_err(failed)? {
                attributes.insert(attribute.to_owned(), value);
            }
            continue;
        }
        let Some(text) = text_of(field, row) else {
            continue;
        };
        let text = match name.as_str() {
            "occurred_at" | "recorded_at" => {
                let at = zone::read(&text, zone, field.time_format.as_deref()).map_err(failed)?;
                // `recorded_at` comes after `occurred_at`, and is what the events are ordered by where it is given.
                time = Some(at);
                at.to_string()
            }
            _ if field.absolute => absolute(&text).to_owned(),
            _ => text,
        };
        event.insert(name, Value::String(text));
    }
    if !attributes.is_empty() {
        event.insert("attributes".to_owned(), Value::Object(attributes));
    }
    Ok((event, time))
}

/// A field's text; `None` where it is empty, which in an event is absence.
fn text_of(field: &Field, row: Row<'_>) -> Option<String> {
    let text = match (&field.constant, &field.from) {
        (Some(constant), _) => constant.clone(),
        (None, Some(from)) => row.text(from)?.into_owned(),
        (None, None) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn absolute(text: &str) -> &str {
    text.strip_prefix('-').unwrap_or(text)
}

fn attribute_value(
    field: &Field,
    row: Row<'_>,
    zone: Option<&TimeZone>,
) -> Result<Option<Value>, String> {
    // Without a type, what a JSON row holds is taken as it is: lists and objects too.
    if let (None, Some(from), Row::Json(_)) = (field.read_as, &field.from, row) {
        return Ok(row.json(from).filter(|value| !value.is_null()).cloned());
    }
    let Some(text) = text_of(field, row) else {
        return Ok(None);
    };
    let value = match field.read_as.unwrap_or(ReadAs::Text) {
        ReadAs::Text => Value::String(text),
        ReadAs::Number => {
            let text = if field.absolute {
                absolute(&text)
            } else {
                &text
            };
            let number: Decimal = text.parse().map_err(|why| format!("{text:?}: {why}"))?;
            let number: Number = number
                .to_string()
                .parse()
                .map_err(|_| format!("{text:?}: not a decimal number"))?;
            Value::Number(number)
        }
        ReadAs::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Value::Bool(true),
            "false" | "no" | "0" => Value::Bool(false),
            _ => return Err(format!("{text:?}: neither true nor false")),
        },
        ReadAs::Time => {
            Value::String(zone::read(&text, zone, field.time_format.as_deref())?.to_string())
        }
    };
    Ok(Some(value))
}
