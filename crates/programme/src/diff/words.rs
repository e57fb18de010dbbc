//! Values as a programme writes them: one way for each, so that two texts of one value are no difference.

use std::fmt::Display;

use jiff::tz::TimeZone;
use types::{Decimal, Timestamp};

use crate::model::{
    AmountOf, AttributeType, Cap, CapPeriod, Grant, PeriodKind, PointsIx, Predicate, Programme,
    RewardIx,
};

/// What is not written.
pub(super) const NONE: &str = "none";

pub(super) fn maybe(value: Option<impl Display>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

pub(super) const fn period(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Day => "day",
        PeriodKind::Week => "week",
        PeriodKind::Month => "month",
        PeriodKind::Quarter => "quarter",
        PeriodKind::Year => "year",
    }
}

pub(super) fn caps(caps: &[Cap]) -> String {
    let each = caps.iter().map(|Cap { points, per }| {
        let per = match per {
            CapPeriod::Calendar(kind) => period(*kind),
            CapPeriod::Lifetime => "lifetime",
        };
        format!("{points} per {per}")
    });
    list(each)
}

/// A share in hundredths of a percent.
pub(super) fn share(bp: u32) -> String {
    let percent = Decimal::new(i128::from(bp), 2);
    format!("{}%", maybe(percent))
}

pub(super) const fn holds(what: AttributeType) -> &'static str {
    match what {
        AttributeType::Text => "string",
        AttributeType::Int => "int",
        AttributeType::Decimal => "decimal",
        AttributeType::Bool => "bool",
    }
}

pub(super) fn amount(of: &AmountOf) -> String {
    match of {
        AmountOf::Amount => "amount".to_owned(),
        AmountOf::Attribute(path) => attribute(path),
    }
}

pub(super) fn attribute(path: &[Box<str>]) -> String {
    format!("attributes.{}", path.join("."))
}

pub(super) fn condition(when: Option<&Predicate>) -> String {
    maybe(when.map(Predicate::source))
}

/// An instant as a local time of the programme's zone.
pub(super) fn local(at: Option<Timestamp>, zone: &TimeZone) -> String {
    maybe(at.map(|at| {
        let time = zone.to_datetime(at.into());
        let seconds = if time.second() == 0 {
            "%Y-%m-%dT%H:%M"
        } else {
            "%Y-%m-%dT%H:%M:%S"
        };
        time.strftime(seconds).to_string()
    }))
}

pub(super) fn points(programme: &Programme, ix: PointsIx) -> &str {
    let points = programme.points.get(usize::from(ix.0));
    points.map_or(NONE, |it| &it.id)
}

/// What a completion or a level gives.
pub(super) fn grants(programme: &Programme, grants: &[Grant]) -> String {
    let name = |ix: RewardIx| programme.rewards.get(usize::from(ix.0));
    list(grants.iter().map(|grant| match grant {
        Grant::Points { points: of, fixed } => format!("{fixed} {}", points(programme, *of)),
        Grant::Reward(ix) => name(*ix).map_or(NONE, |it| &it.id).to_owned(),
    }))
}

/// `a, b`, or `none`.
pub(super) fn list(items: impl Iterator<Item = impl Into<String>>) -> String {
    let items: Vec<String> = items.map(Into::into).collect();
    if items.is_empty() {
        NONE.to_owned()
    } else {
        items.join(", ")
    }
}
