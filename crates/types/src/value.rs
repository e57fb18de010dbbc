//! Values of event attributes.

use crate::attributes::Attributes;
use crate::decimal::Decimal;
use crate::text::Text;

/// A value inside an event's attributes. `null` is absence and is never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A JSON number, exact.
    Number(Decimal),
    /// A string; a decimal in a string compares as a number in predicates, but stays a string here.
    Text(Text),
    /// A list.
    List(Vec<Value>),
    /// Keys and values, in the keys' byte order.
    Map(Attributes),
}

impl Value {
    /// The string, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number that it is, or that its text says.
    pub fn as_number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}
