//! What holds for any history.

use progression::journal::ENTRIES_PER_SEGMENT;
use progression::{Catalogue, Effect, State, Subject};
use proptest::prelude::*;
use serde_json::Value;
use types::MicroPoints;

use crate::harness::{HEAD, World, events};

const PROGRAMME: &str = "
lateness: 6h
points: {xp: {kind: status, cap: [{points: 200, per: week}]}, coins: {kind: spendable}}
earn:
  - {id: spend, on: order, give: {points: xp, rate: 1, per: 3, of: amount}, cap: [{points: 60, per: day}]}
  - {id: flat, on: order, when: event.amount >= 10, give: {points: coins, fixed: 2}}
boosts: [{id: two, from: 2011-03-02T00:00, until: 2011-03-03T00:00, multiply: 2}]
missions:
  - {id: two, goal: {count: order, target: 2}, window: day}
  - {id: spender, goal: {sum: amount, of: order, target: 50}, window: week, reward: [{points: xp, fixed: 30}], on_reversal: take_back}
  - {id: countries, goal: {distinct: attributes.country, of: order, target: 2}, window: month, reward: [{grant: v}]}
  - {id: after, goal: {count: order, target: 1}, window: day, after: [spender]}
tiers:
  - id: loyalty
    by: xp
    levels: [{id: bronze, at: 0}, {id: silver, at: 40, reward: [{points: coins, fixed: 1}]}, {id: gold, at: 120}]
rewards: [{id: v, kind: bonus, template: V}]";

/// Events of one player within some days: orders, refunds and cancellations (named or not, early or late), repeated ids, zones.
fn history() -> impl Strategy<Value = String> {
    let line = (
        0u8..60,
        0u8..10,
        0u32..40,
        0u32..6 * 86_400,
        0u32..36 * 3_600,
        0u8..60,
    );
    let lines = prop::collection::vec(line, 1..220);
    lines.prop_map(|mut lines| {
        lines.sort_by_key(|line| line.3);
        let lines = lines.into_iter().map(|(id, kind, amount, at, late, of)| {
            let late = if id % 3 == 0 { late } else { 0 };
            let country = ["FR", "DE", "IT"][usize::from(of % 3)];
            let text = match kind {
                0..5 => format!("o{id} order {amount}.{of:02} GBP country={country}"),
                5 => format!("r{id} order_refunded {amount}.10 GBP of=o{of}"),
                6 => format!("c{id} order_cancelled of=o{of}"),
                7 => format!("u{id} order_cancelled {amount}.{of:02} GBP"),
                8 => format!(
                    "z{id} profile_changed zone={}",
                    ["Asia/Tokyo", "America/New_York", "UTC"][usize::from(of % 3)]
                ),
                _ => format!("s{id} session_started"),
            };
            format!(
                "{text} @{} recorded={}",
                time(at.saturating_sub(late)),
                time(at)
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn time(seconds: u32) -> String {
    let base: types::Timestamp = "2011-03-01T00:00:00Z".parse().unwrap();
    base.saturating_add_nanos(i64::from(seconds) * 1_000_000_000)
        .to_string()
}

fn fold(short: &str, passivating: bool) -> World {
    let mut world = World::new(&format!("{HEAD}{PROGRAMME}"));
    world.passivating = passivating;
    world.run(&events(short));
    world
}

fn rebuilt(world: &World) -> Vec<Value> {
    let mut rebuilt = Vec::new();
    for (id, player) in &world.players {
        let subject = Subject {
            brand: world.brand(),
            player: id,
        };
        for entry in player.journal(&world.programme) {
            for emission in entry.emissions() {
                let id = emission.id(subject).to_string();
                rebuilt.push(serde_json::from_slice(&emission.json(subject, &id)).unwrap());
            }
        }
    }
    rebuilt
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn leaving_memory_between_any_two_records_changes_nothing(short in history()) {
        let (resident, passing) = (fold(&short, false), fold(&short, true));
        prop_assert_eq!(&resident.emissions, &passing.emissions);
        prop_assert_eq!(resident.lines(), passing.lines());
        for (one, other) in resident.players.values().zip(passing.players.values()) {
            prop_assert_eq!(&one.segments, &other.segments);
            prop_assert_eq!(&one.state, &other.state);
        }
    }

    #[test]
    fn balances_are_the_sums_of_the_journal_and_emissions_are_rebuilt_from_it(short in history()) {
        let world = fold(&short, false);
        prop_assert_eq!(&rebuilt(&world), &world.emissions);
        for (player, line) in world.players.values().zip(world.lines()) {
            let mut sums = [MicroPoints::ZERO; 2];
            for entry in player.journal(&world.programme) {
                for effect in &entry.effects {
                    match effect {
                        Effect::Earned(it) => sums[usize::from(it.points.0)] += it.amount,
                        Effect::Reversed(it) => sums[usize::from(it.points.0)] -= it.amount,
                        _ => {}
                    }
                }
            }
            prop_assert_eq!(&line["balances"]["xp"], &Value::from(sums[0].to_string()));
            prop_assert_eq!(&line["balances"]["coins"], &Value::from(sums[1].to_string()));
        }
    }

    #[test]
    fn emission_ids_are_never_given_twice(short in history()) {
        let world = fold(&short, false);
        let mut ids: Vec<&str> = world.emissions.iter().filter_map(|it| it["id"].as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
    }

    #[test]
    fn everything_returned_leaves_nothing(orders in prop::collection::vec((1u32..99_999, 0u32..99_999), 1..60)) {
        let mut short = String::new();
        for (n, (amount, part)) in orders.iter().enumerate() {
            let at = time(n as u32 * 3_000);
            short.push_str(&format!("o{n} order {}.{:02} GBP @{at}\n", amount / 100, amount % 100));
            short.push_str(&format!("r{n} order_refunded {}.{:02} GBP of=o{n} @{at}\n", part / 100, part % 100));
        }
        for n in 0..orders.len() {
            short.push_str(&format!("c{n} order_cancelled of=o{n} @{}\n", time(500_000)));
        }
        let line = &fold(&short, false).lines()[0];
        let missions = &line["missions"];
        prop_assert_eq!(&line["tiers"]["loyalty"], "bronze");
        for mission in ["two", "spender", "after"] {
            prop_assert_eq!(&missions[mission]["completed"], 0, "{}", mission);
            prop_assert_eq!(&missions[mission]["progress"], "0", "{}", mission);
        }
        prop_assert_eq!(&line["balances"]["xp"], "0");
    }

    #[test]
    fn bytes_that_are_no_state_are_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(state) = State::decode(&bytes, &Catalogue::default()) {
            prop_assert!(state.bytes() > 0);
        }
        if let Ok(entries) = progression::journal::decode_segment(&bytes, &Catalogue::default()) {
            prop_assert!(entries.len() as u64 <= ENTRIES_PER_SEGMENT);
        }
    }

    #[test]
    fn a_damaged_state_is_an_error_or_a_state(short in history(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let world = fold(&short, false);
        for player in world.players.values() {
            let mut bytes = Vec::new();
            player.state.encode(&mut bytes);
            let at = at.index(bytes.len());
            bytes[at] = to;
            let catalogue = Catalogue::of(&world.programme);
            if let Ok(state) = State::decode(&bytes, &catalogue) {
                prop_assert!((progression::journal::open_entries(&state).len() as u64) < ENTRIES_PER_SEGMENT);
            }
            prop_assert!(State::decode(&bytes[..at], &catalogue).is_err());
        }
    }
}
