//! Values and faults of predicates at run time, and what comparing them means.

use std::cmp::Ordering;

use types::{Decimal, Value};

use crate::model::{Facts, PlayerFacts};

/// What closures see: the facts, and the texts written in the predicate.
#[derive(Clone, Copy)]
pub(super) struct Scope<'f> {
    pub(super) facts: Facts<'f>,
    pub(super) texts: &'f [Box<str>],
}

/// A value; texts are borrowed from the facts or from the predicate.
#[derive(Clone, Copy)]
pub(super) enum Val<'f> {
    Bool(bool),
    Number(Decimal),
    Text(&'f str),
    List(&'f [Value]),
    Map(&'f types::Attributes),
    Segments(&'f dyn PlayerFacts),
}

/// Why a part of a predicate has no value. The number is that of the part's text among the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Missing(u16),
    NotCondition(u16),
    NotNumber(u16),
    NotText(u16),
    NotList(u16),
    NoOrder(u16),
    NoSize(u16),
    TooManyDigits(u16),
}

impl Fault {
    pub(super) fn say(self, labels: &[Box<str>]) -> String {
        let (at, what) = match self {
            Self::Missing(at) => (at, "is missing"),
            Self::NotCondition(at) => (at, "is not a condition"),
            Self::NotNumber(at) => (at, "is not a number"),
            Self::NotText(at) => (at, "is not a text"),
            Self::NotList(at) => (at, "is neither a list nor a map"),
            Self::NoOrder(at) => (at, "compares values that have no order"),
            Self::NoSize(at) => (at, "has no size"),
            Self::TooManyDigits(at) => (at, "has more digits than can be held exactly"),
        };
        format!(
            "{} {what}",
            labels.get(usize::from(at)).map_or("", |label| label)
        )
    }
}

impl<'f> From<&'f Value> for Val<'f> {
    fn from(value: &'f Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(value) => Self::Number(*value),
            Value::Text(value) => Self::Text(value),
            Value::List(value) => Self::List(value),
            Value::Map(value) => Self::Map(value),
        }
    }
}

impl Val<'_> {
    /// The number that it is, or that its text says.
    pub(super) fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                text.parse().ok()
            }
            _ => None,
        }
    }
}

/// Whether two values are equal: decimals by value, also where a text holds them; values of different kinds never.
pub(super) fn equal(left: Val<'_>, right: Val<'_>) -> bool {
    if let (Val::Text(one), Val::Text(other)) = (left, right)
        && one == other
    {
        return true;
    }
    match (left, right) {
        (Val::Number(_) | Val::Text(_), Val::Number(_) | Val::Text(_)) => {
            matches!((left.number(), right.number()), (Some(one), Some(other)) if one == other)
        }
        (Val::Bool(one), Val::Bool(other)) => one == other,
        (Val::List(one), Val::List(other)) => one == other,
        (Val::Map(one), Val::Map(other)) => one == other,
        _ => false,
    }
}

/// The order of two numbers or two texts; `None` where there is none.
pub(super) fn order(left: Val<'_>, right: Val<'_>) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (left.number(), right.number()) {
        return Some(one.cmp(&other));
    }
    match (left, right) {
        (Val::Text(one), Val::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
