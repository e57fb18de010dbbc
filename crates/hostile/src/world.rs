//! What the targets are set in: programmes with every construct, and what was folded under them.

use std::path::Path;
use std::sync::LazyLock;

use programme::Programme;
use progression::{Catalogue, History, State, Subject, due, try_apply, view};
use testkit::scenario::{self, Scenario};
use types::{Body, Position, Record, SourceId, Timestamp};

const EVERYTHING: &str = include_str!("../../programme/tests/programmes/everything.yaml");

/// Every kind of rule, mission and tier in one programme.
pub(crate) static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| {
    programme::compile("everything.yaml", EVERYTHING).unwrap_or_else(|errors| panic!("{errors}"))
});

/// The worked-out scenarios: between them they use every construct.
static SCENARIOS: LazyLock<Vec<Scenario>> =
    LazyLock::new(|| scenario::all(&workspace().join("examples/scenarios")));

/// The names that states and segments of these programmes are written with.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut catalogue = Catalogue::default();
    catalogue.learn(&PROGRAMME);
    SCENARIOS
        .iter()
        .for_each(|scenario| catalogue.learn(&scenario.programme));
    catalogue
});

/// A state with the segments that were sealed on its way.
pub(crate) struct Folded {
    pub(crate) state: State,
    pub(crate) segments: Vec<Vec<u8>>,
}

/// The players of all scenarios, as they are at the end.
pub(crate) static PLAYERS: LazyLock<Vec<Folded>> = LazyLock::new(|| {
    let ended = SCENARIOS.iter().map(|scenario| {
        let mut folded = Folded {
            state: State::new(),
            segments: Vec::new(),
        };
        let mut history = History::new();
        // All of a scenario's players as one: more history for each.
        for record in &scenario.records {
            let Ok(decision) = try_apply(&scenario.programme, &mut folded.state, &history, record)
            else {
                continue;
            };
            for (number, bytes) in decision.sealed {
                history
                    .insert(number, &bytes, &CATALOGUE)
                    .expect("a segment just sealed");
                folded.segments.push(bytes);
            }
        }
        folded
    });
    ended.collect()
});

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Programmes as their authors wrote them.
pub(crate) fn programme_texts() -> Vec<Vec<u8>> {
    let scenarios = SCENARIOS
        .iter()
        .map(|scenario| scenario.programme.source.to_string());
    let all = scenarios.chain([EVERYTHING.to_owned()]);
    all.map(String::into_bytes).collect()
}

/// Records that stand in logs.
pub(crate) fn records() -> impl Iterator<Item = &'static Record> {
    SCENARIOS.iter().flat_map(|scenario| &scenario.records)
}

/// The programme that a state was last folded with, where it is one of ours.
pub(crate) fn programme_of(state: &State) -> &'static Programme {
    let entries = progression::journal::open_entries(state);
    let version = entries
        .last()
        .map(|entry| entry.programme_version().to_owned());
    let known = SCENARIOS.iter().map(|scenario| &scenario.programme);
    version
        .and_then(|version| known.into_iter().find(|known| *known.version.0 == *version))
        .unwrap_or(&PROGRAMME)
}

/// A source where none is named.
pub(crate) fn source() -> SourceId {
    "shop".parse().expect("a source")
}

/// Folds an event into a state, looks at it, lets a year pass: none of it may fail.
pub(crate) fn fold(programme: &Programme, state: &mut State, body: Body) {
    let Body::Event { brand, event, .. } = &body else {
        return;
    };
    let (brand, player) = (brand.clone(), event.player.clone());
    let applied = state.applied();
    let record = Record {
        position: Position {
            sequence: applied.sequence.saturating_add(1),
            index: 0,
        },
        recorded_at: event.occurred_at.max(state.clock()),
        body,
    };
    // What it wants and does not get here is a segment: nothing is decided then.
    if let Ok(decision) = try_apply(programme, state, &History::new(), &record) {
        for emission in decision.emissions() {
            let subject = Subject {
                brand: &brand,
                player: &player,
            };
            let id = emission.id(subject).to_string();
            assert!(!emission.json(subject, &id).is_empty());
        }
    }
    let now = record.recorded_at;
    let subject = Subject {
        brand: &brand,
        player: &player,
    };
    let seen = serde_json::to_string(&view(programme, state, subject, now));
    assert!(seen.is_ok_and(|text| !text.is_empty()));
    due(
        programme,
        state,
        now.saturating_add_nanos(366 * 86_400 * 1_000_000_000),
    );
}

/// An order of the player, as the core takes it.
pub(crate) fn order(programme: &Programme, at: Timestamp) -> Option<Body> {
    let order = records().find(
        |record| matches!(&record.body, Body::Event { event, .. } if event.kind == "order"),
    )?;
    let Body::Event { event, .. } = &order.body else {
        return None;
    };
    let mut event = event.clone();
    event.id = "never-seen-before".parse().ok()?;
    event.occurred_at = at;
    Some(Body::Event {
        brand: programme.brand.clone(),
        accepted_at: at,
        event,
        traceparent: None,
    })
}
