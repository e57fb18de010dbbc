//! A programme as things with named facts, all of them texts: the form in which two are compared.

use super::words::{NONE, holds, maybe, share};
use super::{Change, What, earning, levels, missions};
use crate::model::{Duration, EventType, LateEvents, Programme, Stacking, StackingHow, Weights};

/// One thing that a thing says.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
    /// Whether it is what holds where nothing is written.
    pub(super) usual: bool,
}

/// Something with an id.
#[derive(Debug, Default)]
pub(super) struct Thing {
    pub(super) id: Box<str>,
    pub(super) facts: Vec<Fact>,
}

/// Whether the order of such things in a file is part of what it says: of event types, as of every map, it is not, and levels stand
/// by their thresholds.
pub(super) fn is_ordered(kind: &str) -> bool {
    !matches!(kind, EVENT_TYPE | levels::LEVEL)
}

const EVENT_TYPE: &str = "event type";

/// All things of a programme by kind, the kinds always the same, each in the order of the file.
pub(super) fn of(programme: &Programme) -> Vec<(&'static str, Vec<Thing>)> {
    let Programme {
        id: _,
        brand: _,
        version: _,
        timezone: _,
        currency: _,
        conversion: _,
        lateness_ns: _,
        late_events: _,
        stacking: _,
        event_types,
        points,
        weights,
        rules,
        boosts,
        missions,
        tiers,
        rewards,
        // What follows from the others, or is no part of what the programme says.
        rules_by_type: _,
        missions_by_type: _,
        source: _,
        earlier: _,
        used: _,
        kept: _,
    } = programme;
    let boosts = boosts.iter().zip(0..);
    vec![
        ("programme", vec![whole(programme)]),
        (EVENT_TYPE, event_types.iter().map(event_type).collect()),
        ("points", points.iter().map(earning::points).collect()),
        ("weights", vec![weighting(weights)]),
        (
            "earn rule",
            rules
                .iter()
                .map(|it| earning::rule(programme, it))
                .collect(),
        ),
        (
            "boost",
            boosts
                .map(|(it, ix)| earning::boost(programme, it, ix))
                .collect(),
        ),
        (
            missions::KIND,
            missions
                .iter()
                .map(|it| missions::mission(programme, it))
                .collect(),
        ),
        (
            "tier set",
            tiers.iter().map(|it| levels::set(programme, it)).collect(),
        ),
        (levels::LEVEL, levels::all(programme)),
        (
            "reward",
            rewards
                .iter()
                .map(|it| levels::reward(programme, it))
                .collect(),
        ),
    ]
}

impl Thing {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            facts: Vec::new(),
        }
    }

    /// With a fact; `default` is what holds where it is not written.
    pub(super) fn says(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        default: &str,
    ) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        let usual = value == default;
        self.facts.push(Fact { name, value, usual });
        self
    }

    pub(super) fn change(&self, kind: &'static str, what: What) -> Change {
        let id = self.id.clone();
        Change { kind, id, what }
    }

    pub(super) fn came(&self, kind: &'static str) -> Change {
        let unusual = self.facts.iter().filter(|it| !it.usual);
        let facts = unusual.map(|it| (it.name.clone(), it.value.clone()));
        self.change(kind, What::Added(facts.collect()))
    }
}

fn whole(programme: &Programme) -> Thing {
    let mut thing = Thing::default();
    let late = match programme.late_events {
        LateEvents::CountNow => "count_now",
        LateEvents::RecordOnly => "record_only",
    };
    let zone = programme.timezone.iana_name().unwrap_or(NONE);
    let Stacking { how, ceiling } = programme.stacking;
    let how = match how {
        StackingHow::Multiply => "multiply",
        StackingHow::Add => "add",
        StackingHow::Highest => "highest",
    };
    thing
        .says("id", &*programme.id, NONE)
        .says("brand", programme.brand.as_str(), NONE)
        .says("timezone", zone, "UTC")
        .says("currency", programme.currency.to_string(), NONE);
    for (currency, rate) in &programme.conversion {
        thing.says(format!("conversion {currency}"), rate.to_string(), NONE);
    }
    thing
        .says(
            "lateness",
            Duration::Elapsed {
                ns: programme.lateness_ns,
            }
            .to_string(),
            "0",
        )
        .says("late_events", late, "count_now")
        .says("boost_stacking", how, "highest")
        .says("boost_stacking ceiling", maybe(ceiling), NONE);
    thing
}

fn event_type(kind: &EventType) -> Thing {
    let EventType {
        name,
        built_in: _,
        attributes,
        personal: _,
    } = kind;
    let mut thing = Thing::new(name);
    for (name, what) in attributes {
        let personal = if kind.is_personal(name) {
            ", personal"
        } else {
            ""
        };
        let what = format!("{}{personal}", holds(*what));
        thing.says(format!("attribute {name}"), what, NONE);
    }
    thing
}

fn weighting(weights: &Weights) -> Thing {
    let Weights {
        default_bp,
        game_bp,
        provider_bp,
        category_bp,
        bonus_funds_bp,
        free_funds_bp,
    } = weights;
    let mut thing = Thing::default();
    thing.says("default", share(*default_bp), "100%");
    for (by, of) in [
        ("game", game_bp),
        ("provider", provider_bp),
        ("category", category_bp),
    ] {
        for (name, bp) in of {
            thing.says(format!("{by} {name}"), share(*bp), NONE);
        }
    }
    thing
        .says("funds bonus", share(*bonus_funds_bp), "0%")
        .says("funds free", share(*free_funds_bp), "0%");
    thing
}
