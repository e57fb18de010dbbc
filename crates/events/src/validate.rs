//! From fields to an event: the one place where an event is judged, however it came.

use std::borrow::Cow;

use programme::model::{BuiltIn, EventType, Programme};
use types::{
    Attributes, Currency, Decimal, DecimalError, Event, EventId, IdError, Money, MoneyError,
    PlayerId, SourceId, Value,
};

use crate::raw::Raw;
use crate::rejection::{Code, Rejection, excerpt};
use crate::{Clock, Context, Incoming, Sources, required};

/// The bound of a programme's own rates holds for those of events.
const RATE_BELOW: i64 = 1_000_000_000;

/// The event that the fields say, or why they say none; the rejection carries the id if there was one.
pub(crate) fn validate(raw: Raw<'_>, context: &Context<'_>) -> Result<Incoming, Rejection> {
    let id = raw.id.clone();
    judge(raw, context).map_err(|mut rejection| {
        rejection.id = id.map(Cow::into_owned);
        rejection
    })
}

fn judge(raw: Raw<'_>, context: &Context<'_>) -> Result<Incoming, Rejection> {
    let id = required_id("id", raw.id.as_deref(), EventId::new)?;
    let source = source(raw.source.as_deref(), context.sources)?;
    let event_type = event_type(raw.kind.as_deref(), context.programme)?;
    if event_type.built_in == Some(BuiltIn::PointsAdjusted) && !context.adjusts {
        return Err(Rejection::new(
            Code::Forbidden,
            "`points_adjusted` needs a key with the scope `adjust`",
        ));
    }
    let player = required_id("player", raw.player.as_deref(), PlayerId::new)?;
    let occurred_at = raw.occurred_at.ok_or_else(|| missing("occurred_at"))?;
    if raw.recorded_at.is_some() && context.clock == Clock::Log {
        return Err(Rejection::new(
            Code::UnknownField,
            "`recorded_at` is taken only where the server runs on event time (`--clock event`)",
        ));
    }
    let currency = raw.currency.as_deref().map(currency).transpose()?;
    let amount = raw
        .amount
        .as_deref()
        .map(|text| amount(text, currency))
        .transpose()?;
    let refers_to = raw
        .refers_to
        .as_deref()
        .map(|text| an_id("refers_to", text, EventId::new))
        .transpose()?;
    let rate = raw.rate.as_deref().map(rate).transpose()?;
    let mut attributes = raw.attributes;
    if let Some(provisional) = raw.provisional {
        settle(&mut attributes, event_type, provisional)?;
    }
    let event = Event {
        id,
        source,
        kind: (*event_type.name).into(),
        player,
        occurred_at,
        amount,
        currency,
        refers_to,
        rate,
        attributes,
        sealed: None,
    };
    required::check(&event, event_type)?;
    convertible(&event, event_type, context.programme)?;
    Ok(Incoming {
        event,
        recorded_at: raw.recorded_at,
    })
}

/// `provisional` beside the fields is the attribute of that name: one event, whichever way it is said.
fn settle(
    attributes: &mut Attributes,
    event_type: &EventType,
    provisional: bool,
) -> Result<(), Rejection> {
    if event_type.built_in != Some(BuiltIn::BetSettled) {
        return Err(Rejection::new(
            Code::UnknownField,
            format!("`{}` has no field `provisional`", event_type.name),
        ));
    }
    let said = Value::Bool(provisional);
    match attributes.insert("provisional".into(), said.clone()) {
        Some(other) if other != said => Err(Rejection::new(
            Code::BadAttribute,
            "`provisional` and `attributes.provisional` differ: say it once",
        )),
        _ => Ok(()),
    }
}

fn missing(field: &str) -> Rejection {
    Rejection::new(Code::MissingField, format!("`{field}` is missing"))
}

fn required_id<T>(
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, IdError>,
) -> Result<T, Rejection> {
    match text {
        None => Err(missing(field)),
        Some(text) => an_id(field, text, parse),
    }
}

fn an_id<T>(
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, IdError>,
) -> Result<T, Rejection> {
    parse(text).map_err(|error| {
        let (code, what) = match error {
            IdError::Empty => (Code::MissingField, "is empty".to_owned()),
            IdError::TooLong { max } => (
                Code::IdTooLong,
                format!("has {} bytes, the most is {max}", text.len()),
            ),
            IdError::BadCharacter => (Code::Malformed, format!("is {}: {error}", excerpt(text))),
        };
        Rejection::new(code, format!("`{field}` {what}"))
    })
}

fn source(text: Option<&str>, sources: Sources<'_>) -> Result<SourceId, Rejection> {
    let not_allowed = |detail: String| Rejection::new(Code::SourceNotAllowed, detail);
    match (text, sources) {
        (None, Sources::Default(source) | Sources::Only(source)) => Ok(source.clone()),
        (None, Sources::Named) => Err(Rejection::new(
            Code::MissingField,
            "`source` is missing, and the key speaks for no single source",
        )),
        (Some(SourceId::QUESTLINE), _) => {
            Err(not_allowed("the source `questline` is reserved".to_owned()))
        }
        // The usual case costs no allocation.
        (Some(text), Sources::Default(source) | Sources::Only(source))
            if text == source.as_str() =>
        {
            Ok(source.clone())
        }
        (Some(text), Sources::Only(source)) => Err(not_allowed(format!(
            "the key speaks for `{source}`, not for {}",
            excerpt(text)
        ))),
        (Some(text), Sources::Default(_) | Sources::Named) => an_id("source", text, SourceId::new),
    }
}

fn event_type<'a>(
    text: Option<&str>,
    programme: &'a Programme,
) -> Result<&'a EventType, Rejection> {
    let name = text
        .filter(|name| !name.is_empty())
        .ok_or_else(|| missing("type"))?;
    let types = &programme.event_types;
    types.find(name).map(|ix| types.get(ix)).ok_or_else(|| {
        Rejection::new(
            Code::UnknownType,
            format!("the programme has no event type {}", excerpt(name)),
        )
    })
}

fn currency(code: &str) -> Result<Currency, Rejection> {
    code.parse().map_err(|_| {
        Rejection::new(
            Code::UnknownCurrency,
            format!(
                "`currency` is {}, which is no code of ISO 4217",
                excerpt(code)
            ),
        )
    })
}

fn decimal(field: &str, text: &str) -> Result<Decimal, Rejection> {
    text.parse().map_err(|error: DecimalError| {
        Rejection::new(
            Code::BadNumber,
            format!("`{field}` is {}: {error}", excerpt(text)),
        )
    })
}

fn rate(text: &str) -> Result<Decimal, Rejection> {
    let rate = decimal("rate", text)?;
    if rate <= Decimal::ZERO {
        return Err(Rejection::new(Code::BadNumber, "`rate` must be above zero"));
    }
    if rate >= Decimal::from(RATE_BELOW) {
        let detail = format!("`rate` must be below {RATE_BELOW}");
        return Err(Rejection::new(Code::BadNumber, detail));
    }
    Ok(rate)
}

fn amount(text: &str, currency: Option<Currency>) -> Result<Decimal, Rejection> {
    let amount = match text.parse() {
        Ok(amount) => amount,
        Err(DecimalError::TooLong) => return Err(too_long(text, currency)),
        Err(DecimalError::Malformed) => return decimal("amount", text),
    };
    let Some(currency) = currency else {
        return without_currency(amount);
    };
    match Money::from_decimal(amount, currency) {
        Ok(_) => Ok(amount),
        Err(MoneyError::TooManyDecimals) => Err(too_many_decimals(text, currency)),
        Err(error) => Err(bad_amount(text, &error)),
    }
}

// More digits than a decimal can hold: it has too many on one side of the point.
fn too_long(text: &str, currency: Option<Currency>) -> Rejection {
    let decimals = text
        .split_once('.')
        .map_or("", |(_, fraction)| fraction)
        .trim_end_matches('0');
    match currency {
        Some(currency) if decimals.len() > usize::from(currency.exponent()) => {
            too_many_decimals(text, currency)
        }
        _ => bad_amount(text, &MoneyError::TooLarge),
    }
}

fn too_many_decimals(text: &str, currency: Currency) -> Rejection {
    Rejection::new(
        Code::TooManyDecimals,
        format!(
            "`amount` is {}, and {currency} has {} decimals",
            excerpt(text),
            currency.exponent()
        ),
    )
}

fn bad_amount(text: &str, error: &MoneyError) -> Rejection {
    Rejection::new(
        Code::BadAmount,
        format!("`amount` is {}: {error}", excerpt(text)),
    )
}

// A reversal by name takes its currency from what it reverses; here the widest bounds of any currency hold.
fn without_currency(amount: Decimal) -> Result<Decimal, Rejection> {
    const DECIMALS_MAX: u8 = 4;
    let text = || amount.to_string();
    if amount.is_negative() {
        return Err(bad_amount(&text(), &MoneyError::Negative));
    }
    if amount.scale() > DECIMALS_MAX {
        return Err(Rejection::new(
            Code::TooManyDecimals,
            format!(
                "`amount` is {}, and no currency has more than {DECIMALS_MAX} decimals",
                text()
            ),
        ));
    }
    if amount > Decimal::from(Money::MINOR_MAX) {
        return Err(bad_amount(&text(), &MoneyError::TooLarge));
    }
    Ok(amount)
}

fn convertible(
    event: &Event,
    event_type: &EventType,
    programme: &Programme,
) -> Result<(), Rejection> {
    let (Some(_), Some(currency)) = (event.amount, event.currency) else {
        return Ok(());
    };
    let known = required::is_reversal(event_type.built_in)
        || event.rate.is_some()
        || programme.rate(currency).is_some();
    if known {
        return Ok(());
    }
    Err(Rejection::new(
        Code::NoConversionRate,
        format!(
            "no rate from {currency} to {}: send `rate`, or add it to the programme's `conversion`",
            programme.currency
        ),
    ))
}
