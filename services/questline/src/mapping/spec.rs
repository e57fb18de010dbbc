//! What a mapping file says, as it is written: strict, with the place of what is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// A whole mapping file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) format: Option<Format>,
    #[serde(default = "comma")]
    pub(super) delimiter: char,
    pub(super) timezone: Option<String>,
    #[serde(default)]
    pub(super) skip: Vec<Skip>,
    #[serde(default)]
    pub(super) fields: Fields,
    pub(super) events: Vec<Kind>,
    #[serde(default)]
    pub(super) sort: Vec<SortKey>,
}

fn comma() -> char {
    ','
}

/// How the rows are written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// A header line, then one row a line.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// By what the events are put in order.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum SortKey {
    /// By recorded time, where the mapping gives one, else by when it occurred.
    Time,
    /// By the bytes of the id.
    Id,
    /// By the bytes of the player.
    Player,
}

/// Rows that are left out, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    pub(super) reason: String,
    pub(super) when: BTreeMap<String, Test>,
}

/// One kind of event, and the rows that are of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    #[serde(default)]
    pub(super) when: BTreeMap<String, Test>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) fields: Fields,
}

/// Where an event's fields come from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) id: Option<Field>,
    pub(super) source: Option<Field>,
    pub(super) player: Option<Field>,
    pub(super) occurred_at: Option<Field>,
    pub(super) recorded_at: Option<Field>,
    pub(super) amount: Option<Field>,
    pub(super) currency: Option<Field>,
    pub(super) refers_to: Option<Field>,
    pub(super) rate: Option<Field>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Field>,
}

/// Where one value comes from: a column (or path), by its bare name or with how to read it, or a constant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) from: Option<String>,
    pub(super) constant: Option<String>,
    pub(super) read_as: Option<ReadAs>,
    pub(super) absolute: bool,
    pub(super) time_format: Option<String>,
}

/// What a value is read as.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReadAs {
    /// A string.
    Text,
    /// An exact decimal number.
    Number,
    /// `true` or `false`, `yes` or `no`, `1` or `0`.
    Bool,
    /// A date and time, local to the mapping's zone where it has no offset.
    Time,
}

/// What a column's text must be; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) is: Option<String>,
    pub(super) is_not: Option<String>,
    pub(super) one_of: Option<Vec<String>>,
    pub(super) empty: Option<bool>,
    pub(super) starts_with: Option<String>,
    pub(super) above: Option<String>,
    pub(super) at_least: Option<String>,
    pub(super) below: Option<String>,
    pub(super) at_most: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongField {
    from: Option<String>,
    constant: Option<Scalar>,
    #[serde(rename = "as")]
    read_as: Option<ReadAs>,
    #[serde(default)]
    absolute: bool,
    time_format: Option<String>,
}

impl From<LongField> for Field {
    fn from(long: LongField) -> Self {
        Self {
            from: long.from,
            constant: long.constant.map(|scalar| scalar.0),
            read_as: long.read_as,
            absolute: long.absolute,
            time_format: long.time_format,
        }
    }
}

impl From<Scalar> for Field {
    fn from(name: Scalar) -> Self {
        Self {
            from: Some(name.0),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongTest {
    is: Option<Scalar>,
    is_not: Option<Scalar>,
    one_of: Option<Vec<Scalar>>,
    empty: Option<bool>,
    starts_with: Option<Scalar>,
    above: Option<Scalar>,
    at_least: Option<Scalar>,
    below: Option<Scalar>,
    at_most: Option<Scalar>,
}

impl From<LongTest> for Test {
    fn from(long: LongTest) -> Self {
        let text = |scalar: Option<Scalar>| scalar.map(|scalar| scalar.0);
        Self {
            is: text(long.is),
            is_not: text(long.is_not),
            one_of: long
                .one_of
                .map(|all| all.into_iter().map(|one| one.0).collect()),
            empty: long.empty,
            starts_with: text(long.starts_with),
            above: text(long.above),
            at_least: text(long.at_least),
            below: text(long.below),
            at_most: text(long.at_most),
        }
    }
}

impl From<Scalar> for Test {
    fn from(is: Scalar) -> Self {
        Self {
            is: Some(is.0),
            ..Self::default()
        }
    }
}

/// A string, a whole number or a truth, as its text. A number with decimals is a float in TOML, so it has to be quoted.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortOrLong::<Self, Never>(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortOrLong::<Self, LongField>(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortOrLong::<Self, LongTest>(PhantomData))
    }
}

/// The long form of what has none.
#[derive(Deserialize)]
enum Never {}

impl From<Never> for Scalar {
    fn from(never: Never) -> Self {
        match never {}
    }
}

/// Reads a scalar as the short form and a map as the long form, so that an error points into the form that was written.
struct ShortOrLong<T, L>(PhantomData<(T, L)>);

impl<'de, T: From<Scalar> + From<L>, L: Deserialize<'de>> Visitor<'de> for ShortOrLong<T, L> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or its long form in { }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(Scalar(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<T, E> {
        Ok(T::from(Scalar(truth.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Ok(T::from(Scalar(number.to_string())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(T::from(Scalar(number.to_string())))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Err(E::custom(
            "write a decimal in quotes, so that it is exact: \"0.50\"",
        ))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        L::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(T::from)
    }
}
