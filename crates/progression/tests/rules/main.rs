//! A test for each line of the exact rules, named after it: `a3_…` is line 3 of part A, `rule_12_…` is rule 12 of the semantics. What a
//! scenario was worked out for is run by its name.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what is not there fails the test"
)]

mod a_time_and_order;
mod b_identity;
mod c_points;
mod d_reversals;
mod e_tiers;
mod erasure;
mod f_missions;
mod foresee;
mod g_people_and_predicates;
mod h_output;
#[path = "../fold/harness.rs"]
mod harness;
mod on_change;
mod renames;
mod semantics;
mod versions;

use std::fs;
use std::path::Path;

use progression::Outcome;
use serde_json::Value;

use harness::{HEAD, World, events, read, told};

/// Runs a scenario that was worked out by hand.
fn scenario(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/scenarios")
        .join(name);
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let lines = |file: &str| -> Vec<Value> {
        let text = text(file);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    for passivating in [false, true] {
        let mut world = World::new(&text("programme.yaml"));
        world.passivating = passivating;
        world.run(&text("events.jsonl"));
        if let Ok(until) = fs::read_to_string(folder.join("until.txt")) {
            world.until(until.trim().parse().unwrap());
        }
        let emissions: Vec<Value> = world.emissions.iter().map(bare).collect();
        assert_eq!(emissions, lines("expected_emissions.jsonl"), "{name}");
        assert_eq!(world.lines(), lines("expected_players.jsonl"), "{name}");
    }
}

/// An emission without what scenario files leave out.
fn bare(emission: &Value) -> Value {
    let mut bare = emission.clone();
    if let Some(object) = bare.as_object_mut() {
        object.remove("id");
        object.remove("grant_id");
    }
    bare
}

/// Folds the events, then time up to `until`: emissions, one line each.
#[track_caller]
fn check_until(programme: &str, short: &str, until: &str, expected: &[&str]) -> World {
    let fold = |passivating| {
        let mut world = World::new(&format!("{HEAD}{programme}"));
        world.passivating = passivating;
        let lines = events(short);
        let count = short.lines().filter(|line| !line.trim().is_empty()).count();
        assert_eq!(
            read(&world.programme, &lines).len(),
            count,
            "an event was rejected"
        );
        world.run(&lines);
        world.until(until.parse().unwrap());
        world
    };
    let (world, passing) = (fold(false), fold(true));
    let said: Vec<String> = world.emissions.iter().map(told).collect();
    assert_eq!(said, expected);
    assert_eq!(world.emissions, passing.emissions);
    assert_eq!(world.lines(), passing.lines());
    world
}

/// What became of each event of a player, in log order: `id applied`, or `id code`. Repetitions leave no entry.
fn answers(world: &World) -> Vec<String> {
    let mut said = Vec::new();
    for player in world.players.values() {
        for entry in player.journal().iter().filter(|it| it.timer.is_none()) {
            let outcome = match entry.outcome {
                Outcome::Applied => "applied",
                Outcome::Conflict => "conflict",
                Outcome::Refused(why) => why.code(),
                Outcome::Replayed | Outcome::Ticked => "nothing",
            };
            said.push(format!("{} {outcome}", entry.id));
        }
    }
    said
}

/// A value in the player's line, by its pointer.
#[track_caller]
fn shown(world: &World, pointer: &str) -> String {
    let lines = world.lines();
    match lines[0].pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => panic!("{pointer} is not in {}", lines[0]),
    }
}
