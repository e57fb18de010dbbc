//! What a single value may be: names, texts, numbers, shares.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use types::{BrandId, Currency, Decimal, DecimalError};

use crate::diagnostics::Problems;
use crate::read::{Read, scalar};
use crate::yaml::Node;

/// An id: 1 to 64 of `A-Z a-z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(pub(crate) Box<str>);

/// Any text that is not empty, at most 256 bytes, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) Box<str>);

/// CEL, at most 4 KiB.
#[derive(Clone, Debug)]
pub(crate) struct Cel(pub(crate) String);

/// A whole number from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole(pub(crate) u64);

/// `true` or `false`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag(pub(crate) bool);

/// `12.5%` in hundredths of a percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(pub(crate) u32);

macro_rules! written_as {
    ($($ty:ty, $schema:tt;)+) => {$(
        impl JsonSchema for $ty {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($ty).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}
pub(super) use written_as;

/// A decimal, taken from its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) Decimal);

/// A brand's id.
#[derive(Clone, Debug)]
pub(crate) struct Brand(pub(crate) BrandId);

/// A currency's code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) Currency);

/// An IANA time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone(pub(crate) jiff::tz::TimeZone);

written_as! {
    Name, {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"};
    Text, {"type": "string", "minLength": 1, "maxLength": 256};
    Cel, {"type": ["string", "boolean"], "description": "CEL over event.* and player.*"};
    Whole, {"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$"};
    Flag, {"type": "boolean"};
    Share, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,2})?%$"};
    Number, {"type": ["number", "string"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"};
    Brand, {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"};
    Code, {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"};
    Zone, {"type": "string", "description": "IANA time zone"};
}

pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

impl Read for Name {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "an id of 1 to 64 letters, digits, `_` or `-`";
        let text = scalar(node, EXPECTED, problems)?;
        if !is_name(text) {
            node.unexpected(problems, EXPECTED);
            return None;
        }
        Some(Self(text.into()))
    }
}

impl Read for Text {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a text of 1 to 256 bytes without control characters";
        let text = scalar(node, EXPECTED, problems)?;
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            node.unexpected(problems, EXPECTED);
            return None;
        }
        Some(Self(text.into()))
    }
}

impl Read for Cel {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = scalar(node, "a predicate in CEL", problems)?;
        Some(Self(text.to_owned()))
    }
}

impl Read for Number {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a decimal such as 10 or \"0.50\"";
        let text = scalar(node, EXPECTED, problems)?;
        match text.parse() {
            Ok(number) => Some(Self(number)),
            Err(DecimalError::TooLong) => {
                problems
                    .push(
                        node.span,
                        format!("{} has too many digits", node.describe()),
                    )
                    .expected("at most 36 significant digits and 18 decimals");
                None
            }
            Err(DecimalError::Malformed) => {
                let plain_form = without_exponent(text);
                if plain_form.is_some() {
                    problems
                        .push(node.span, format!("{} has an exponent", node.describe()))
                        .expected(EXPECTED)
                        .maybe_help(plain_form.map(|form| format!("write it out: {form}")));
                } else {
                    node.unexpected(problems, EXPECTED);
                }
                None
            }
        }
    }
}

// "1e-1" is meant as a number; it is refused, and what it means is proposed.
fn without_exponent(text: &str) -> Option<String> {
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let number: Decimal = digits.strip_prefix('+').unwrap_or(digits).parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let power = 10i128.checked_pow(exponent.unsigned_abs())?;
    let moved = if exponent < 0 {
        let scale = u8::try_from(exponent.unsigned_abs())
            .ok()?
            .checked_add(number.scale())?;
        Decimal::new(number.mantissa(), scale)?
    } else {
        Decimal::new(number.mantissa().checked_mul(power)?, number.scale())?
    };
    Some(moved.to_string())
}

impl Read for Whole {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a whole number such as 5";
        let number = scalar(node, EXPECTED, problems)?.parse::<Decimal>().ok();
        let whole = number.and_then(|number| number.to_units(0));
        match whole.and_then(|whole| u64::try_from(whole).ok()) {
            Some(whole) => Some(Self(whole)),
            None => {
                node.unexpected(problems, EXPECTED);
                None
            }
        }
    }
}

impl Read for Flag {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "`true` or `false`";
        match scalar(node, EXPECTED, problems)? {
            "true" => Some(Self(true)),
            "false" => Some(Self(false)),
            _ => {
                node.unexpected(problems, EXPECTED);
                None
            }
        }
    }
}

impl Read for Share {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a share from 0% to 1000% with at most two decimals, such as 12.5%";
        let text = scalar(node, EXPECTED, problems)?;
        let share = text
            .strip_suffix('%')
            .and_then(|number| number.trim_end().parse::<Decimal>().ok());
        let hundredths = share
            .and_then(|share| share.to_units(2))
            .and_then(|units| u32::try_from(units).ok());
        match hundredths {
            Some(hundredths) if hundredths <= 100_000 => Some(Self(hundredths)),
            _ => {
                node.unexpected(problems, EXPECTED);
                None
            }
        }
    }
}

impl Read for Brand {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a brand of 1 to 64 letters, digits, `.`, `_` or `-`";
        match BrandId::new(scalar(node, EXPECTED, problems)?) {
            Ok(brand) => Some(Self(brand)),
            Err(_) => {
                node.unexpected(problems, EXPECTED);
                None
            }
        }
    }
}

impl Read for Code {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a currency code of ISO 4217, such as GBP";
        let text = scalar(node, EXPECTED, problems)?;
        match text.parse() {
            Ok(currency) => Some(Self(currency)),
            Err(_) => {
                let upper = text.to_uppercase().parse::<Currency>().ok();
                problems
                    .push(node.span, format!("unknown currency {}", node.describe()))
                    .expected(EXPECTED)
                    .maybe_help(upper.map(|currency| format!("did you mean `{currency}`?")));
                None
            }
        }
    }
}

impl Read for Zone {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "an IANA time zone, such as Europe/London";
        let text = scalar(node, EXPECTED, problems)?;
        let zones = jiff::tz::TimeZoneDatabase::bundled();
        match zones.get(text) {
            // Zone names are compared without case there; the spelling is part of the language here.
            Ok(zone) if zone.iana_name() == Some(text) => Some(Self(zone)),
            _ => {
                let names: Vec<_> = zones.available().map(|name| name.to_string()).collect();
                problems
                    .push(node.span, format!("unknown time zone {}", node.describe()))
                    .expected(EXPECTED)
                    .maybe_help(crate::spell::nearest(
                        text,
                        names.iter().map(String::as_str),
                    ));
                None
            }
        }
    }
}
