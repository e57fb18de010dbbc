//! From what is written to a compiled programme: references resolved, limits held, impossible values refused.
//!
//! Every part is lowered even if another is wrong, so that all errors are found at once; a programme comes out only where there is none.

mod boosts;
mod events;
mod goals;
mod grants;
mod missions;
mod names;
mod numbers;
mod order;
mod points;
mod rules;
mod tiers;
mod was;

use sha2::{Digest, Sha256};

use crate::diagnostics::Problems;
use crate::model::{
    EventTypeIx, EventTypes, LateEvents, Programme, Stacking, StackingHow, Version,
};
use crate::span::At;
use crate::syntax::file::ProgrammeText;
use crate::syntax::lists::List;
pub(crate) use events::personal;
use names::Names;

/// The most of each kind of thing in a programme.
pub(crate) const THINGS_MAX: usize = 1_000;
/// The most entries of a list within a thing: rewards of a mission, caps of a rule, parts of a goal, levels of a set.
pub(crate) const PARTS_MAX: usize = 100;

/// What lowering needs everywhere.
pub(crate) struct Lower<'a> {
    pub(crate) problems: &'a mut Problems,
    pub(crate) source: &'a str,
    pub(crate) zone: jiff::tz::TimeZone,
    pub(crate) types: EventTypes,
    pub(crate) points: Names<'a>,
    pub(crate) rules: Names<'a>,
    pub(crate) missions: Names<'a>,
    pub(crate) rewards: Names<'a>,
}

/// The compiled programme, or `None` where there were errors.
pub(crate) fn programme(
    text: &ProgrammeText,
    source: &str,
    problems: &mut Problems,
) -> Option<Programme> {
    let zone = text
        .timezone
        .as_ref()
        .map_or(jiff::tz::TimeZone::UTC, |zone| zone.value.0.clone());
    let types = events::types(text.event_types.as_ref(), problems);
    let mut lower = Lower {
        source,
        zone,
        types,
        points: Names::of_table("points", text.points.as_ref(), problems),
        rules: Names::of_list(
            "earn rule",
            items(&text.earn).map(|rule| &rule.id),
            problems,
        ),
        missions: Names::of_list(
            "mission",
            items(&text.missions).map(|mission| &mission.id),
            problems,
        ),
        rewards: Names::of_list(
            "reward",
            items(&text.rewards).map(|reward| &reward.id),
            problems,
        ),
        problems,
    };
    Names::of_list(
        "boost",
        items(&text.boosts).map(|boost| &boost.id),
        lower.problems,
    );
    Names::of_list(
        "tier set",
        items(&text.tiers).map(|tier| &tier.id),
        lower.problems,
    );

    renamed(text, lower.problems);

    let currency = text.currency.as_ref().map(|code| code.value.0);
    let conversion = lower.conversion(text.conversion.as_ref(), currency);
    let lateness_ns = text
        .lateness
        .as_ref()
        .map_or(Some(0), |late| lower.elapsed(late, "`lateness`"));
    let points = lower.all_points(text.points.as_ref());
    let weights = lower.weights(text.weights.as_ref());
    let boosts = lower.boosts(text.boosts.as_ref());
    let stacking = lower.stacking(text.boost_stacking.as_ref());
    let rules = lower.earn_rules(text.earn.as_ref(), text.boosts.as_ref());
    let rewards = lower.all_rewards(text.rewards.as_ref());
    let missions = lower.all_missions(text.missions.as_ref());
    let tiers = lower.all_tiers(text.tiers.as_ref());
    order::no_cycles(text.missions.as_ref(), lower.problems);
    if !lower.problems.is_empty() {
        return None;
    }
    let (rules, missions, types) = (rules?, missions?, lower.types);
    let rules_by_type = by_type(&types, &rules, |rule| vec![rule.on]);
    let missions_by_type = by_type(&types, &missions, |mission| mission.goal.event_types());
    let mut programme = Programme {
        id: text.programme.as_ref()?.value.0.clone(),
        brand: text.brand.as_ref()?.value.0.clone(),
        version: version_of(source),
        timezone: lower.zone,
        currency: currency?,
        conversion: conversion?,
        lateness_ns: lateness_ns?,
        late_events: text
            .late_events
            .as_ref()
            .map_or(LateEvents::CountNow, |late| late.value),
        rules_by_type: rules_by_type
            .into_iter()
            .map(|ixs| ixs.into_iter().map(crate::model::RuleIx).collect())
            .collect(),
        missions_by_type: missions_by_type
            .into_iter()
            .map(|ixs| ixs.into_iter().map(crate::model::MissionIx).collect())
            .collect(),
        event_types: types,
        points: points?,
        weights: weights?,
        rules,
        boosts: boosts?,
        stacking: stacking.unwrap_or(Stacking {
            how: StackingHow::Highest,
            ceiling: None,
        }),
        missions,
        tiers: tiers?,
        rewards: rewards?,
        source: source.into(),
        earlier: Vec::new(),
        used: crate::model::UsedIds::default(),
        kept: crate::model::Kept::default(),
    };
    // Nothing is known of what came before.
    programme.known_from(crate::model::UsedIds::default());
    Some(programme)
}

/// Of every kind of thing that may have had another id, what cannot have had it.
fn renamed(text: &ProgrammeText, problems: &mut Problems) {
    let points = text.points.iter().flat_map(|table| &table.value.0);
    was::check(
        "points",
        points.map(|(key, points)| (Some(&*key.value.0), &points.value.was)),
        problems,
    );
    macro_rules! check {
        ($($what:literal $list:ident),+) => {$(
            let all = items(&text.$list).map(|it| (it.id.as_ref().map(|id| &*id.value.0), &it.was));
            was::check($what, all, problems);
        )+};
    }
    check!("earn rule" earn, "mission" missions, "tier set" tiers, "reward" rewards);
}

/// The version that a text is, programme or not: the first 32 hex digits of its SHA-256.
pub fn version_of(source: &str) -> Version {
    let digest = Sha256::digest(source.as_bytes());
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Version(hex.into())
}

fn by_type<T>(
    types: &EventTypes,
    things: &[T],
    of: impl Fn(&T) -> Vec<EventTypeIx>,
) -> Vec<Vec<u16>> {
    let mut index = vec![Vec::new(); types.iter().len()];
    for (thing, ix) in things.iter().zip(0..) {
        for event_type in of(thing) {
            index[usize::from(event_type.0)].push(ix);
        }
    }
    index
}

/// The things of a list that may be absent.
pub(crate) fn items<T>(list: &Option<At<List<T>>>) -> impl Iterator<Item = &T> + Clone {
    list.iter()
        .flat_map(|list| list.value.0.iter().map(|item| &item.value))
}

impl Lower<'_> {
    /// Reports a list that is longer than it may be.
    pub(crate) fn bounded<T>(&mut self, list: Option<&At<List<T>>>, max: usize, what: &str) {
        if let Some(list) = list
            && list.value.0.len() > max
        {
            let found = list.value.0.len();
            let span = list.value.0[max].span;
            self.problems
                .push(span, format!("there are {found} {what}"))
                .expected(format!("at most {max}"));
        }
    }
}
