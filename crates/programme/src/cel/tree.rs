//! A checked predicate: every name resolved, every type that can be known agreed.

use regex::Regex;
use types::Decimal;

use super::ast::Comparison;
use crate::span::Span;

/// What a part of a predicate is, as far as that is known before an event is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Number,
    Text,
    List,
    /// An attribute that nobody declared.
    Any,
}

/// A checked part of a predicate.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) span: Span,
    pub(super) ty: Type,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Bool(bool),
    Number(Decimal),
    Text(Box<str>),
    Get(Slot),
    Has(Slot),
    Part(Part),
    Not(Box<Tree>),
    Minus(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Compare(Comparison, Box<Tree>, Box<Tree>),
    /// Whether a value is one of these.
    OneOf(Box<Tree>, Vec<Tree>),
    /// Whether a value is in a list, or a key in a map.
    Within(Box<Tree>, Box<Tree>),
    Arithmetic(Arithmetic, Box<Tree>, Box<Tree>),
    Size(Box<Tree>),
    TextTest(TextTest, Box<Tree>, Box<Tree>),
    Matches(Box<Tree>, Regex),
}

/// A place in the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    EventType,
    Amount,
    Currency,
    /// A path below the event's attributes, never empty.
    EventAttribute(Box<[Box<str>]>),
    /// A path below the player's attributes, never empty.
    PlayerAttribute(Box<[Box<str>]>),
    Segments,
    Tier,
}

/// A part of the local date and time at which the event occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    FullYear,
    /// From 0.
    Month,
    /// The day of the month from 1.
    Date,
    /// Sunday is 0.
    DayOfWeek,
    Hours,
    Minutes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}
