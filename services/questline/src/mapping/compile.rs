//! A mapping, checked as a whole and ready to be run over rows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use types::Decimal;

use super::spec::{Field, Fields, Kind, ReadAs, SortKey, Spec, Test};

/// A checked mapping.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) delimiter: u8,
    pub(super) zone: Option<TimeZone>,
    pub(super) skips: Vec<(String, Vec<Condition>)>,
    pub(super) kinds: Vec<CompiledKind>,
    pub(super) sort: Vec<SortKey>,
}

/// One kind of event.
#[derive(Debug)]
pub(super) struct CompiledKind {
    pub(super) conditions: Vec<Condition>,
    pub(super) name: String,
    pub(super) fields: Fields,
}

/// A test of one column.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) column: String,
    test: Test,
    bounds: Vec<(Bound, Decimal)>,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Compiled {
    /// Checks everything, and gives every error there is.
    pub(super) fn new(spec: Spec) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let zone = spec.timezone.as_deref().and_then(|name| {
            TimeZone::get(name)
                .map_err(|_| {
                    errors.push(format!("timezone: no zone {name:?} in the IANA database"))
                })
                .ok()
        });
        let delimiter = u8::try_from(spec.delimiter).unwrap_or_else(|_| {
            errors.push(format!("delimiter: {:?} is not one byte", spec.delimiter));
            b','
        });
        if spec.events.is_empty() {
            errors.push("events: at least one kind of event".to_owned());
        }
        let mut skips = Vec::new();
        for (number, skip) in spec.skip.into_iter().enumerate() {
            let place = format!("skip[{number}].when");
            if skip.when.is_empty() {
                errors.push(format!("{place}: at least one condition"));
            }
            skips.push((skip.reason, conditions(&place, skip.when, &mut errors)));
        }
        let mut kinds = Vec::new();
        for (number, kind) in spec.events.into_iter().enumerate() {
            kinds.push(compile_kind(number, kind, &spec.fields, &mut errors));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            delimiter,
            zone,
            skips,
            kinds,
            sort: spec.sort,
        })
    }

    /// Every column or path that is named anywhere.
    pub(super) fn columns(&self) -> BTreeSet<&str> {
        let tested = self
            .skips
            .iter()
            .flat_map(|(_, conditions)| conditions)
            .chain(self.kinds.iter().flat_map(|kind| &kind.conditions))
            .map(|condition| condition.column.as_str());
        let taken = self
            .kinds
            .iter()
            .flat_map(|kind| named(&kind.fields))
            .filter_map(|(_, field)| field.from.as_deref());
        tested.chain(taken).collect()
    }
}

fn compile_kind(
    number: usize,
    kind: Kind,
    common: &Fields,
    errors: &mut Vec<String>,
) -> CompiledKind {
    let place = format!("events[{number}]");
    let fields = overlay(common.clone(), kind.fields);
    for (name, missing) in [
        ("id", fields.id.is_none()),
        ("player", fields.player.is_none()),
        ("occurred_at", fields.occurred_at.is_none()),
    ] {
        if missing {
            errors.push(format!(
                "{place}: no field `{name}`, neither here nor in the common `fields`"
            ));
        }
    }
    for (name, field) in named(&fields) {
        if let Some(why) = misfit(&name, field) {
            errors.push(format!("{place}.fields.{name}: {why}"));
        }
    }
    CompiledKind {
        conditions: conditions(&format!("{place}.when"), kind.when, errors),
        name: kind.kind,
        fields,
    }
}

/// The kind's own fields over the common ones.
fn overlay(common: Fields, own: Fields) -> Fields {
    let mut attributes = common.attributes;
    attributes.extend(own.attributes);
    Fields {
        id: own.id.or(common.id),
        source: own.source.or(common.source),
        player: own.player.or(common.player),
        occurred_at: own.occurred_at.or(common.occurred_at),
        recorded_at: own.recorded_at.or(common.recorded_at),
        amount: own.amount.or(common.amount),
        currency: own.currency.or(common.currency),
        refers_to: own.refers_to.or(common.refers_to),
        rate: own.rate.or(common.rate),
        attributes,
    }
}

/// All fields that are given, in the order of an event's JSON.
pub(super) fn named(fields: &Fields) -> Vec<(String, &Field)> {
    let top = [
        ("id", &fields.id),
        ("source", &fields.source),
        ("player", &fields.player),
        ("occurred_at", &fields.occurred_at),
        ("recorded_at", &fields.recorded_at),
        ("amount", &fields.amount),
        ("currency", &fields.currency),
        ("refers_to", &fields.refers_to),
        ("rate", &fields.rate),
    ];
    let attributes = fields
        .attributes
        .iter()
        .map(|(name, field)| (format!("attributes.{name}"), field));
    top.into_iter()
        .filter_map(|(name, field)| Some((name.to_owned(), field.as_ref()?)))
        .chain(attributes)
        .collect()
}

/// What is wrong with a field by itself.
fn misfit(name: &str, field: &Field) -> Option<String> {
    let is_time = name.ends_with("_at") && !name.starts_with("attributes.");
    match (&field.from, &field.constant) {
        (Some(_), Some(_)) => return Some("`from` or `constant`, not both".to_owned()),
        (None, None) => return Some("`from` (a column or path) or `constant`".to_owned()),
        _ => {}
    }
    if !is_time && field.time_format.is_some() && field.read_as != Some(ReadAs::Time) {
        return Some("`time_format` is for times: add `as: time`".to_owned());
    }
    let is_number = matches!(name, "amount" | "rate") || field.read_as == Some(ReadAs::Number);
    if field.absolute && !is_number {
        return Some("`absolute` is for numbers: add `as: number`".to_owned());
    }
    if field.read_as.is_some() && !name.starts_with("attributes.") {
        return Some("`as` is for attributes: this field has its own type".to_owned());
    }
    None
}

fn conditions(
    place: &str,
    when: BTreeMap<String, Test>,
    errors: &mut Vec<String>,
) -> Vec<Condition> {
    let mut all = Vec::new();
    for (column, test) in when {
        if test == Test::default() {
            errors.push(format!(
                "{place}.{column}: one of is, is_not, one_of, empty, starts_with, above, at_least, below, at_most"
            ));
        }
        let given = [
            (Bound::Above, &test.above),
            (Bound::AtLeast, &test.at_least),
            (Bound::Below, &test.below),
            (Bound::AtMost, &test.at_most),
        ];
        let mut bounds = Vec::new();
        for (bound, text) in given {
            match text.as_deref().map(str::parse::<Decimal>) {
                Some(Ok(number)) => bounds.push((bound, number)),
                Some(Err(why)) => errors.push(format!("{place}.{column}: {why}")),
                None => {}
            }
        }
        all.push(Condition {
            column,
            test,
            bounds,
        });
    }
    all
}

impl Condition {
    /// Whether a column's text (`None`: not there) is as asked. A text that is no number is within no bound.
    pub(super) fn holds(&self, text: Option<&str>) -> bool {
        let text = text.unwrap_or("");
        let test = &self.test;
        let equal = |wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| wanted == text);
        equal(&test.is)
            && test.is_not.as_deref().is_none_or(|not| not != text)
            && test
                .one_of
                .as_ref()
                .is_none_or(|all| all.iter().any(|one| one == text))
            && test.empty.is_none_or(|empty| empty == text.is_empty())
            && test
                .starts_with
                .as_deref()
                .is_none_or(|start| text.starts_with(start))
            && self.within(text)
    }

    fn within(&self, text: &str) -> bool {
        if self.bounds.is_empty() {
            return true;
        }
        let Ok(number) = text.parse::<Decimal>() else {
            return false;
        };
        self.bounds.iter().all(|(bound, limit)| match bound {
            Bound::Above => number > *limit,
            Bound::AtLeast => number >= *limit,
            Bound::Below => number < *limit,
            Bound::AtMost => number <= *limit,
        })
    }
}
