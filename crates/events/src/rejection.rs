//! Why an event was not taken.

use std::fmt;

use thiserror::Error;
use types::Event;

/// The stable code of a rejection. Callers branch on it; the detail is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not JSON, a key twice, or a field that is not text where text is due.
    Malformed,
    /// A top-level key that events don't have, or that is not taken here.
    UnknownField,
    /// A field that the event's type requires.
    MissingField,
    /// No such type in the programme.
    UnknownType,
    /// Not a currency of ISO 4217.
    UnknownCurrency,
    /// More decimals than the currency has.
    TooManyDecimals,
    /// Not a plain decimal: exponents, NaN and the like.
    BadNumber,
    /// Negative, or above 10^15 minor units.
    BadAmount,
    /// Not an RFC 3339 time with an offset, or outside the years 1970 to 2100.
    BadTime,
    /// An attribute that the type does not have, or of another type.
    BadAttribute,
    /// Neither the event nor the programme knows a rate to the programme's currency.
    NoConversionRate,
    /// An id with more bytes than it may have.
    IdTooLong,
    /// An event with more bytes than it may have.
    TooLarge,
    /// Lists and objects nested too deep.
    TooDeep,
    /// A source that the key may not speak for, or the reserved one.
    SourceNotAllowed,
    /// What the key has no scope for.
    Forbidden,
    /// The player was erased.
    PlayerErased,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::Malformed,
        Self::UnknownField,
        Self::MissingField,
        Self::UnknownType,
        Self::UnknownCurrency,
        Self::TooManyDecimals,
        Self::BadNumber,
        Self::BadAmount,
        Self::BadTime,
        Self::BadAttribute,
        Self::NoConversionRate,
        Self::IdTooLong,
        Self::TooLarge,
        Self::TooDeep,
        Self::SourceNotAllowed,
        Self::Forbidden,
        Self::PlayerErased,
    ];

    /// The code as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownField => "unknown_field",
            Self::MissingField => "missing_field",
            Self::UnknownType => "unknown_type",
            Self::UnknownCurrency => "unknown_currency",
            Self::TooManyDecimals => "too_many_decimals",
            Self::BadNumber => "bad_number",
            Self::BadAmount => "bad_amount",
            Self::BadTime => "bad_time",
            Self::BadAttribute => "bad_attribute",
            Self::NoConversionRate => "no_conversion_rate",
            Self::IdTooLong => "id_too_long",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::Forbidden => "forbidden",
            Self::PlayerErased => Event::ERASED,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an event was not taken. It leaves no trace: the same id may be sent again, corrected.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{code}: {detail}")]
pub struct Rejection {
    /// The stable code.
    pub code: Code,
    /// The field, the limit, what to send instead.
    pub detail: String,
    /// The event's id, where one could be read.
    pub id: Option<String>,
}

impl Rejection {
    /// A rejection whose event's id is not known yet.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            id: None,
        }
    }
}

/// A piece of the sender's text for a message: escaped, and cut where it is long.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    let mut shown: String = text.chars().take(CHARACTERS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
