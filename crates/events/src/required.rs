//! What each event type asks for, and which types this version carries out.

use programme::model::{AttributeType, BuiltIn, EventType};
use types::{Event, Value};

use crate::attributes;
use crate::rejection::{Code, Rejection, excerpt};

/// Whether the type takes back another event. A reversal reuses the rate of what it takes back and needs none.
pub(crate) const fn is_reversal(built_in: Option<BuiltIn>) -> bool {
    matches!(
        built_in,
        Some(BuiltIn::OrderRefunded | BuiltIn::OrderCancelled | BuiltIn::BetRolledBack)
    )
}

/// The fields and attributes that the type asks for.
pub(crate) fn check(event: &Event, event_type: &EventType) -> Result<(), Rejection> {
    match event_type.built_in {
        Some(built_in) => {
            fields(event, built_in)?;
            attributes::check(event, built_in)
        }
        None => declared(event, event_type),
    }
}

fn fields(event: &Event, built_in: BuiltIn) -> Result<(), Rejection> {
    let unnamed = event.refers_to.is_none();
    let (amount, currency, refers_to) = match built_in {
        BuiltIn::BetPlaced | BuiltIn::Deposit | BuiltIn::Withdrawal | BuiltIn::Order => {
            (true, true, false)
        }
        BuiltIn::OrderRefunded => (true, unnamed, false),
        BuiltIn::OrderCancelled => (unnamed, unnamed, false),
        BuiltIn::BetSettled | BuiltIn::BetRolledBack | BuiltIn::GrantUpdated => {
            (false, false, true)
        }
        _ => (false, false, false),
    };
    let missing = [
        ("amount", amount && event.amount.is_none()),
        ("currency", currency && event.currency.is_none()),
        ("refers_to", refers_to && event.refers_to.is_none()),
    ];
    for (field, is_missing) in missing {
        if is_missing {
            let reversal = is_reversal(Some(built_in)) && field != "refers_to";
            let unless = if reversal && built_in != BuiltIn::OrderRefunded {
                " that names no `refers_to`"
            } else {
                ""
            };
            return Err(Rejection::new(
                Code::MissingField,
                format!("`{}`{unless} needs `{field}`", event.kind),
            ));
        }
    }
    Ok(())
}

// A declared type carries what it declares and nothing else; each of it may be absent.
fn declared(event: &Event, event_type: &EventType) -> Result<(), Rejection> {
    for (name, value) in &event.attributes {
        let found = event_type
            .attributes
            .iter()
            .find(|(key, _)| **key == **name);
        let Some((_, expected)) = found else {
            return Err(Rejection::new(
                Code::BadAttribute,
                format!("`{}` declares no attribute {}", event.kind, excerpt(name)),
            ));
        };
        if !holds(*expected, value) {
            return Err(Rejection::new(
                Code::BadAttribute,
                format!(
                    "`attributes.{name}` of `{}` must be {}",
                    event.kind,
                    wanted(*expected)
                ),
            ));
        }
    }
    Ok(())
}

fn holds(expected: AttributeType, value: &Value) -> bool {
    match expected {
        AttributeType::Text => matches!(value, Value::Text(_)),
        AttributeType::Int => value.as_number().is_some_and(|number| number.scale() == 0),
        AttributeType::Decimal => value.as_number().is_some(),
        AttributeType::Bool => matches!(value, Value::Bool(_)),
    }
}

const fn wanted(expected: AttributeType) -> &'static str {
    match expected {
        AttributeType::Text => "a string",
        AttributeType::Int => "a whole number",
        AttributeType::Decimal => "a number or a decimal string",
        AttributeType::Bool => "true or false",
    }
}
