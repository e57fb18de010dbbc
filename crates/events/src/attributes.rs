//! Attributes that mean something to Questline itself: which built-in types need them, and what they may say.

use jiff::tz::TimeZone;
use programme::model::BuiltIn;
use types::{Decimal, Event, EventId, MicroPoints, Timestamp, Value};

use crate::rejection::{Code, Rejection, excerpt};

/// Whether the attributes that the type's meaning rests on are there and readable.
pub(crate) fn check(event: &Event, built_in: BuiltIn) -> Result<(), Rejection> {
    match built_in {
        BuiltIn::BetSettled => bet_settled(event),
        BuiltIn::PointsSpent => points_spent(event),
        BuiltIn::PointsHeld => points_held(event),
        BuiltIn::HoldReleased => hold(event).and_then(|()| needed(event, "hold").map(|_| ())),
        BuiltIn::PointsAdjusted => {
            points(event)?;
            amount(event, true)
        }
        BuiltIn::GrantUpdated => {
            let known = [
                "claimed",
                "credited",
                "wagered_out",
                "failed",
                "expired",
                "revoked",
            ];
            one_of(event, "status", &known).map(|_| ())
        }
        BuiltIn::PlayerRestricted => player_restricted(event),
        BuiltIn::ProfileChanged => profile_changed(event),
        BuiltIn::BetPlaced => funds(event),
        _ => Ok(()),
    }
}

// What is unsaid is real money. What is none of these may not pass for it.
fn funds(event: &Event) -> Result<(), Rejection> {
    let known = ["real", "bonus", "free"];
    match event.attributes.contains_key("funds") {
        true => one_of(event, "funds", &known).map(|_| ()),
        false => Ok(()),
    }
}

fn profile_changed(event: &Event) -> Result<(), Rejection> {
    let zone = |value: &Value| {
        let name = value.as_text();
        name.is_some_and(|name| TimeZone::get(name).is_ok())
    };
    let texts = |value: &Value| match value {
        Value::List(items) => items.iter().all(|item| item.as_text().is_some()),
        _ => false,
    };
    let fits = |name: &str, fit: fn(&Value) -> bool| event.attributes.get(name).is_none_or(fit);
    if !fits("zone", zone) {
        return Err(bad(
            event,
            "zone",
            "an IANA time zone, such as Europe/London",
        ));
    }
    if !fits("segments", texts) {
        return Err(bad(event, "segments", "a list of strings"));
    }
    if !fits("attributes", |value| matches!(value, Value::Map(_))) {
        return Err(bad(event, "attributes", "an object"));
    }
    Ok(())
}

fn bet_settled(event: &Event) -> Result<(), Rejection> {
    funds(event)?;
    let results = ["won", "lost", "void", "cash_out", "partial_void"];
    let result = one_of(event, "result", &results)?;
    if result == "partial_void" && event.amount.is_none() {
        return Err(Rejection::new(
            Code::MissingField,
            "`bet_settled` with the result `partial_void` needs `amount`: the stake that is returned",
        ));
    }
    match event.attributes.get("provisional") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(bad(event, "provisional", "true or false")),
    }
}

fn player_restricted(event: &Event) -> Result<(), Rejection> {
    one_of(event, "status", &["self_excluded", "timed_out", "released"])?;
    let Some(until) = event.attributes.get("until") else {
        return Ok(());
    };
    let instant = until
        .as_text()
        .and_then(|text| text.parse::<Timestamp>().ok());
    instant.map(|_| ()).ok_or_else(|| {
        bad(
            event,
            "until",
            "a time with an offset, such as 2030-01-31T00:00:00Z",
        )
    })
}

// Out of a hold, what is not said is the hold's.
fn points_spent(event: &Event) -> Result<(), Rejection> {
    hold(event)?;
    let held = event.attributes.contains_key("hold");
    if !held || event.attributes.contains_key("points") {
        points(event)?;
    }
    if !held || event.attributes.contains_key("amount") {
        amount(event, false)?;
    }
    Ok(())
}

fn points_held(event: &Event) -> Result<(), Rejection> {
    hold(event)?;
    points(event)?;
    amount(event, false)?;
    let within = event.attributes.get("within");
    let span = |text: &Value| text.as_text().and_then(programme::duration).is_some();
    match within.is_none_or(span) {
        true => Ok(()),
        false => Err(bad(
            event,
            "within",
            "a span such as 15m, 48h, 14d, 2w or 12mo",
        )),
    }
}

fn hold(event: &Event) -> Result<(), Rejection> {
    let id = |value: &Value| {
        value
            .as_text()
            .is_some_and(|text| EventId::new(text).is_ok())
    };
    match event.attributes.get("hold").is_none_or(id) {
        true => Ok(()),
        false => Err(bad(
            event,
            "hold",
            "the id of a hold: 1 to 256 bytes without control characters",
        )),
    }
}

fn points(event: &Event) -> Result<(), Rejection> {
    let name = needed(event, "points")?;
    name.as_text()
        .map(|_| ())
        .ok_or_else(|| bad(event, "points", "the name of points"))
}

fn amount(event: &Event, signed: bool) -> Result<(), Rejection> {
    let amount = needed(event, "amount")?.as_number();
    let fits = |number: Decimal| {
        let micro = MicroPoints::from_decimal(number);
        micro.is_some_and(|micro| signed || micro >= MicroPoints::ZERO)
    };
    let wanted = match signed {
        true => "points: a number with at most 6 decimals",
        false => "points: a number from 0 with at most 6 decimals",
    };
    match amount {
        Some(number) if fits(number) => Ok(()),
        _ => Err(bad(event, "amount", wanted)),
    }
}

/// A text out of a few, which has to be there.
fn one_of<'e>(event: &'e Event, name: &str, allowed: &[&str]) -> Result<&'e str, Rejection> {
    let value = needed(event, name)?;
    let found = value.as_text().filter(|text| allowed.contains(text));
    found.ok_or_else(|| bad(event, name, &format!("one of {}", allowed.join(", "))))
}

fn needed<'e>(event: &'e Event, name: &str) -> Result<&'e Value, Rejection> {
    event.attributes.get(name).ok_or_else(|| {
        Rejection::new(
            Code::MissingField,
            format!("`{}` needs `attributes.{name}`", event.kind),
        )
    })
}

fn bad(event: &Event, name: &str, wanted: &str) -> Rejection {
    let found = match event.attributes.get(name) {
        Some(Value::Text(text)) => format!(" and is {}", excerpt(text)),
        Some(Value::Number(number)) => format!(" and is {number}"),
        _ => String::new(),
    };
    Rejection::new(
        Code::BadAttribute,
        format!(
            "`attributes.{name}` of `{}` must be {wanted}{found}",
            event.kind
        ),
    )
}

#[cfg(test)]
mod tests;
