//! `distinct`: so many different values of an attribute.
//!
//! Values are kept as 128-bit hashes of their text, each with the number of events that brought it, at most [`VALUES_MAX`] in a
//! period; what comes after those is not counted and the journal says so.

use types::Value;
use xxhash_rust::xxh3::xxh3_128;

use super::Progress;
use crate::fact::Fact;
use crate::journal::{Gain, Reason};

/// The most values that are kept for one period.
const VALUES_MAX: usize = 4_096;

pub(super) fn gain(attribute: &[Box<str>], fact: &Fact<'_>) -> Result<Gain, Reason> {
    let value = fact.attribute(attribute).ok_or(Reason::NoAmount)?;
    hash(value).map(Gain::Value).ok_or(Reason::NoAmount)
}

/// A value's hash: a number and the text that says it are one value. Lists and maps are none.
fn hash(value: &Value) -> Option<u128> {
    let hashed = match value {
        Value::Bool(truth) => xxh3_128(if *truth { b"true" } else { b"false" }),
        Value::Number(number) => xxh3_128(number.to_string().as_bytes()),
        Value::Text(text) => xxh3_128(text.as_bytes()),
        Value::List(_) | Value::Map(_) => return None,
    };
    Some(hashed)
}

pub(super) fn room(values: &[(u128, u32)], value: u128) -> bool {
    values.len() < VALUES_MAX || values.binary_search_by_key(&value, |(it, _)| *it).is_ok()
}

pub(super) fn add(progress: &mut Progress, value: u128) {
    let Progress::Distinct(values) = progress else {
        *progress = Progress::Distinct(vec![(value, 1)]);
        return;
    };
    match values.binary_search_by_key(&value, |(it, _)| *it) {
        Ok(at) => values[at].1 = values[at].1.saturating_add(1),
        Err(at) => values.insert(at, (value, 1)),
    }
}

pub(super) fn take(progress: &mut Progress, value: u128) {
    let Progress::Distinct(values) = progress else {
        return;
    };
    if let Ok(at) = values.binary_search_by_key(&value, |(it, _)| *it) {
        values[at].1 = values[at].1.saturating_sub(1);
        if values[at].1 == 0 {
            values.remove(at);
        }
    }
}
