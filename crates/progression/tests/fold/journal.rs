//! The journal: what it says, and that everything can be rebuilt from it.

use progression::Outcome;
use progression::journal::entry_json;

use crate::harness::{HEAD, World, check, events, read};

const PROGRAMME: &str = "
points: {xp: {kind: status}}
earn:
  - {id: order_xp, on: order, give: {points: xp, rate: 1, per: 1, of: amount}, cap: [{points: 7, per: day}]}
  - {id: french, on: order, when: event.attributes.country == \"FR\", give: {points: xp, fixed: 1}}
missions: [{id: big, goal: {count: order, target: 2, when: event.amount >= 5}}]";

#[test]
fn why_an_event_did_or_did_not_count_is_written_down() {
    let world = check(
        PROGRAMME,
        "o1 order 6 GBP @2011-01-10T10:00:00Z country=FR
         o2 order 4 GBP @2011-01-10T11:00:00Z",
        &[
            "s/o1: points_earned xp 6 order_xp",
            "s/o1: points_earned xp 1 french",
            "s/o2: points_earned xp 1 order_xp",
        ],
    );
    let journal = world
        .players
        .values()
        .next()
        .unwrap()
        .journal(&world.programme);
    let why: Vec<Vec<&str>> = journal
        .iter()
        .map(|entry| {
            entry
                .judged
                .iter()
                .map(|(_, reason)| reason.code())
                .collect()
        })
        .collect();
    assert_eq!(why[0], ["counted", "counted", "counted"]);
    assert_eq!(why[1], ["counted", "when_error", "when_false"]);
    let json: serde_json::Value = serde_json::from_slice(&entry_json(&journal[1])).unwrap();
    assert_eq!(json["effects"][0]["amount"], "1");
    assert_eq!(json["rules"][1]["rule"], "french");
}

#[test]
fn a_repetition_is_found_however_old_and_another_body_is_kept() {
    let mut short = String::new();
    for n in 0..1_000 {
        short.push_str(&format!("e{n} registered @2011-01-10T10:00:00Z\n"));
    }
    let mut world = check(PROGRAMME, &short, &[]);
    let again = events(
        "e3 registered @2011-01-10T10:00:00Z recorded=2011-02-10T10:00:00Z
         e3 registered @2011-01-10T10:00:01Z recorded=2011-02-10T10:00:00Z
         e1000 registered @2011-01-10T10:00:01Z recorded=2011-02-10T10:00:00Z",
    );
    let lines = read(&world.programme, &again);
    let outcomes: Vec<Outcome> = lines
        .into_iter()
        .map(|line| world.fold(line).outcome)
        .collect();
    assert_eq!(
        outcomes,
        [Outcome::Replayed, Outcome::Conflict, Outcome::Applied]
    );
    let journal = world
        .players
        .values()
        .next()
        .unwrap()
        .journal(&world.programme);
    assert_eq!(journal.len(), 1_002);
    assert_eq!(world.lines()[0]["applied"], 1_001);
}

#[test]
fn a_segment_is_sealed_by_the_number_of_entries_alone() {
    let mut world = World::new(&format!("{HEAD}{PROGRAMME}"));
    for n in 0..34 {
        let line = read(
            &world.programme,
            &events(&format!("e{n} registered @2011-01-10T10:00:00Z")),
        );
        let sealed = line
            .into_iter()
            .map(|line| world.fold(line).sealed)
            .next()
            .unwrap();
        let numbers: Vec<u32> = sealed.iter().map(|(number, _)| *number).collect();
        let expected: &[u32] = match n {
            15 => &[0],
            31 => &[1],
            _ => &[],
        };
        assert_eq!(numbers, expected, "{n}");
    }
}

#[test]
fn emission_ids_are_fixed_for_ever() {
    let world = check(
        PROGRAMME,
        "o1 order 6 GBP @2011-01-10T10:00:00Z",
        &["s/o1: points_earned xp 6 order_xp"],
    );
    // SHA-256 of b, a, points_earned, xp, 1 joined by U+001F.
    assert_eq!(world.emissions[0]["id"], "dcdaac8a3f806172039a1b5b724442be");
}
