//! Closures that read one place of the facts.

use types::{Decimal, Value};

use super::compile::{Eval, EvalVal};
use super::eval::{Fault, Scope, Val};
use super::tree::{Part, Slot, Tree, What};

/// What is in the slot; a fault where nothing is.
pub(super) fn get(slot: &Slot, label: u16) -> EvalVal {
    let missing = Fault::Missing(label);
    match slot.clone() {
        Slot::EventType => Box::new(move |scope| {
            scope
                .facts
                .event
                .map(|event| Val::Text(&event.kind))
                .ok_or(missing)
        }),
        Slot::Amount => Box::new(move |scope| scope.facts.amount.map(Val::Number).ok_or(missing)),
        Slot::Currency => Box::new(move |scope| {
            let currency = scope.facts.event.and_then(|event| event.currency);
            currency
                .map(|currency| Val::Text(currency.code()))
                .ok_or(missing)
        }),
        Slot::EventAttribute(path) => {
            Box::new(move |scope| event_attribute(scope, &path).map(Val::from).ok_or(missing))
        }
        Slot::PlayerAttribute(path) => {
            Box::new(move |scope| player_attribute(scope, &path).map(Val::from).ok_or(missing))
        }
        Slot::Segments => Box::new(|scope| Ok(Val::Segments(scope.facts.player))),
        Slot::Tier => {
            Box::new(move |scope| scope.facts.player.tier().map(Val::Text).ok_or(missing))
        }
    }
}

/// The two sides of `event.attributes.name == "text"`, where the text is no number: one that is equals it in other words too.
pub(super) fn named_text<'t>(left: &'t Tree, right: &'t Tree) -> Option<(&'t str, &'t str)> {
    let (What::Get(Slot::EventAttribute(path)), What::Text(text)) = (&left.what, &right.what)
    else {
        return None;
    };
    match &**path {
        [name] if Val::Text(text).number().is_none() => Some((name, text)),
        _ => None,
    }
}

/// Whether an attribute is this text. Most predicates begin with such a question and end there, so it goes without values in between.
pub(super) fn attribute_is(name: &str, text: &str, label: u16) -> Eval<bool> {
    let (name, text): (Box<str>, Box<str>) = (name.into(), text.into());
    Box::new(move |scope| {
        let event = scope.facts.event.ok_or(Fault::Missing(label))?;
        match event.attributes.get(&name) {
            Some(Value::Text(found)) => Ok(found.as_str() == &*text),
            Some(_) => Ok(false),
            None => Err(Fault::Missing(label)),
        }
    })
}

/// Whether the slot holds something; a fault where what should contain it is missing.
pub(super) fn has(slot: &Slot, label: u16) -> Eval<bool> {
    let missing = Fault::Missing(label);
    match slot.clone() {
        Slot::Segments | Slot::EventType => Box::new(|_| Ok(true)),
        Slot::EventAttribute(path) if path.len() > 1 => Box::new(move |scope| {
            let (last, above) = path.split_last().ok_or(missing)?;
            holds(event_attribute(scope, above), last).ok_or(missing)
        }),
        Slot::PlayerAttribute(path) if path.len() > 1 => Box::new(move |scope| {
            let (last, above) = path.split_last().ok_or(missing)?;
            holds(player_attribute(scope, above), last).ok_or(missing)
        }),
        slot => {
            let value = get(&slot, label);
            Box::new(move |scope| Ok(value(scope).is_ok()))
        }
    }
}

fn holds(container: Option<&Value>, key: &str) -> Option<bool> {
    match container? {
        Value::Map(map) => Some(map.contains_key(key)),
        _ => None,
    }
}

fn event_attribute<'f>(scope: &Scope<'f>, path: &[Box<str>]) -> Option<&'f Value> {
    let (first, below) = path.split_first()?;
    descend(scope.facts.event?.attributes.get(first)?, below)
}

fn player_attribute<'f>(scope: &Scope<'f>, path: &[Box<str>]) -> Option<&'f Value> {
    let (first, below) = path.split_first()?;
    descend(scope.facts.player.attribute(first)?, below)
}

fn descend<'f>(value: &'f Value, path: &[Box<str>]) -> Option<&'f Value> {
    path.iter().try_fold(value, |value, key| match value {
        Value::Map(map) => map.get(key),
        _ => None,
    })
}

/// A part of the local date and time at which the event occurred.
pub(super) fn part(part: Part, zone: jiff::tz::TimeZone) -> Eval<Decimal> {
    Box::new(move |scope| {
        let local = zone.to_datetime(scope.facts.occurred_at.into());
        let number = match part {
            Part::FullYear => i64::from(local.year()),
            Part::Month => i64::from(local.month()) - 1,
            Part::Date => i64::from(local.day()),
            Part::DayOfWeek => i64::from(local.weekday().to_sunday_zero_offset()),
            Part::Hours => i64::from(local.hour()),
            Part::Minutes => i64::from(local.minute()),
        };
        Ok(Decimal::from(number))
    })
}
