//! Laws of the fold that need no second implementation.

use std::collections::BTreeMap;

use programme::model::{Mission, PointsIx, Programme, Window};
use progression::{Catalogue, Effect, Movement, journal};
use serde_json::Value as Json;
use types::{Attributes, Body, Decimal, Event, Record, Timestamp, Value};

use crate::core::{How, Passivate, first_difference, fold, fold_keeping};
use crate::seeds::some_cases;

#[test]
fn a_history_in_chunks_of_any_size_between_which_states_went_through_their_bytes_is_the_same() {
    some_cases(|programme, case| {
        let records = case.records();
        let held = fold(programme, &records, Passivate::Never);
        for passivate in [
            Passivate::Always,
            Passivate::Every(2),
            Passivate::Every(3),
            Passivate::Every(11),
        ] {
            let gone = fold(programme, &records, passivate);
            first_difference("emission", &gone.emissions, &held.emissions)?;
            first_difference("player", &gone.players, &held.players)?;
        }
        Ok(())
    });
}

#[test]
fn whether_a_sweep_or_the_next_event_comes_first_makes_no_difference() {
    some_cases(|programme, case| {
        let records = case.records();
        let (alone, left) = fold_keeping(programme, &records, Passivate::Never);
        let sweeping = How {
            sweeping: true,
            ..Passivate::Every(3).into()
        };
        let (swept, right) = fold_keeping(programme, &records, sweeping);
        first_difference("emission", &swept.emissions, &alone.emissions)?;
        first_difference("player", &swept.players, &alone.players)?;
        for (id, player) in &left {
            if right[id].state != player.state {
                return Err(format!("the state of {id} is another"));
            }
        }
        Ok(())
    });
}

#[test]
fn the_whole_history_sent_twice_changes_nothing() {
    some_cases(|programme, case| {
        let once = case.records();
        let Some(last) = once.last() else {
            return Ok(());
        };
        // Again at the last recorded time, so that the players are looked at as of the same time.
        let again = once.iter().zip(1..).map(|(record, n)| Record {
            position: types::Position {
                sequence: last.position.sequence + n,
                index: 0,
            },
            recorded_at: last.recorded_at,
            body: record.body.clone(),
        });
        let twice: Vec<Record> = once.iter().cloned().chain(again).collect();
        let (first, second) = (
            fold(programme, &once, Passivate::Never),
            fold(programme, &twice, Passivate::Every(5)),
        );
        first_difference("emission", &second.emissions, &first.emissions)?;
        first_difference("player", &second.players, &first.players)
    });
}

/// An order at the end of everything, and its cancellation at once: caps give their room back, what completed without a reward
/// reopens, and nothing that came before is touched. Rewards that are kept, and levels' rewards, are what may remain: they are
/// subtracted as the emissions after the order name them.
#[test]
fn an_order_that_is_cancelled_leaves_only_rewards_behind() {
    some_cases(|programme, case| {
        let mut records = case.records();
        let Some(last) = records.last().cloned() else {
            return Ok(());
        };
        let before = fold(programme, &records, Passivate::Never);
        let two = [order(last.recorded_at), cancellation(last.recorded_at)];
        for (sequence, event) in (last.position.sequence + 1..).zip(two) {
            records.push(Record {
                position: types::Position { sequence, index: 0 },
                recorded_at: last.recorded_at,
                body: Body::Event {
                    brand: programme.brand.clone(),
                    accepted_at: last.recorded_at,
                    event: Box::new(event),
                    traceparent: None,
                },
            });
        }
        let after = fold(programme, &records, Passivate::Never);
        let said = &after.emissions[before.emissions.len()..];
        for points in &programme.points {
            let of = |players: &[Json]| balance(players, &points.id);
            let rewards: i128 = said
                .iter()
                .filter(|line| line["points"] == *points.id && line.get("rule").is_none())
                .filter(|line| {
                    matches!(
                        line["type"].as_str(),
                        Some("points_earned" | "points_reversed")
                    )
                })
                .map(signed)
                .sum();
            let (was, is) = (of(&before.players), of(&after.players));
            if is != was + rewards {
                return Err(format!(
                    "{}: {was} before, {is} after, rewards {rewards}",
                    points.id
                ));
            }
        }
        let Some(was) = line_of(&before.players, "a") else {
            return Ok(());
        };
        let is = line_of(&after.players, "a").expect("still known");
        // What a completion of a rolling window has used up stays used where it stands, its reward being kept: what is reopened is freed.
        let used_up = |mission: &Mission| {
            let rolls = matches!(mission.window, Window::Rolling { .. });
            let told = |kind: &str| {
                let of_it = said.iter().filter(|line| line["mission"] == *mission.id);
                of_it.filter(|line| line["type"] == *kind).count()
            };
            rolls && told("mission_completed") > told("mission_reopened")
        };
        for mission in programme.missions.iter().filter(|it| !used_up(it)) {
            let progress = |line: &Json| line["missions"][&*mission.id]["progress"].clone();
            if progress(is) != progress(was) {
                return Err(format!(
                    "{}: {} before, {} after",
                    mission.id,
                    progress(was),
                    progress(is)
                ));
            }
        }
        Ok(())
    });
}

#[test]
fn a_balance_is_the_sum_of_the_journals_movements() {
    some_cases(|programme, case| {
        let (folded, kept) = fold_keeping(programme, &case.records(), Passivate::Every(4));
        for line in &folded.players {
            let id = line["player"].as_str().unwrap_or_default();
            let player = &kept[id];
            let mut entries = Vec::new();
            for bytes in player.segments.values() {
                entries.extend(
                    journal::decode_segment(bytes, &Catalogue::of(programme))
                        .expect("a sealed segment"),
                );
            }
            entries.extend(journal::open_entries(&player.state));
            let mut sums: BTreeMap<String, i128> = BTreeMap::new();
            for (points, micro) in entries.iter().flat_map(|entry| movements(programme, entry)) {
                *sums.entry(points).or_default() += micro;
            }
            for points in &programme.points {
                let sum = sums.get(&*points.id).copied().unwrap_or(0);
                let shown = millionths(&line["balances"][&*points.id]);
                if sum != shown {
                    return Err(format!("{id} has {shown} {}, the journal {sum}", points.id));
                }
            }
        }
        Ok(())
    });
}

fn movements(programme: &Programme, entry: &journal::Entry) -> Vec<(String, i128)> {
    let named = |points: PointsIx| programme.points[usize::from(points.0)].id.to_string();
    let name = |movement: &Movement| named(movement.points);
    entry
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Earned(movement) => Some((name(movement), movement.amount.0)),
            Effect::Reversed(movement) => Some((name(movement), -movement.amount.0)),
            Effect::Expired { points, amount, .. } | Effect::Spent { points, amount, .. } => {
                Some((named(*points), -amount.0))
            }
            Effect::Adjusted { points, amount, .. } => Some((named(*points), amount.0)),
            _ => None,
        })
        .collect()
}

fn event(id: &str, kind: &str, at: Timestamp) -> Event {
    Event {
        id: id.parse().expect("a word of the types"),
        source: "law".parse().expect("a word of the types"),
        kind: kind.into(),
        player: "a".parse().expect("a word of the types"),
        occurred_at: at,
        amount: None,
        currency: None,
        refers_to: None,
        rate: None,
        attributes: Attributes::new(),
        sealed: None,
    }
}

fn order(at: Timestamp) -> Event {
    Event {
        amount: Some("33.33".parse().expect("a word of the types")),
        currency: Some("GBP".parse().expect("a word of the types")),
        attributes: Attributes::from([("items".into(), Value::Number(3.into()))]),
        ..event("order", "order", at)
    }
}

fn cancellation(at: Timestamp) -> Event {
    Event {
        refers_to: Some("order".parse().expect("a word of the types")),
        ..event("cancellation", "order_cancelled", at)
    }
}

fn line_of<'j>(players: &'j [Json], player: &str) -> Option<&'j Json> {
    players.iter().find(|line| line["player"] == *player)
}

fn balance(players: &[Json], points: &str) -> i128 {
    line_of(players, "a").map_or(0, |line| millionths(&line["balances"][points]))
}

fn millionths(amount: &Json) -> i128 {
    let decimal: Decimal = amount
        .as_str()
        .expect("a decimal")
        .parse()
        .expect("a decimal");
    decimal.to_units(6).expect("millionths")
}

fn signed(emission: &Json) -> i128 {
    let sign = if emission["type"] == "points_earned" {
        1
    } else {
        -1
    };
    sign * millionths(&emission["amount"])
}
