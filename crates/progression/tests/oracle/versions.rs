//! Laws of versions: what a version does not change, it does not change.

use std::sync::Arc;

use programme::Programme;
use serde_json::Value as Json;
use testkit::generate::Case;
use types::{Body, Change, Record, Stage};

use testkit::generate::cases;
use testkit::oracle::{self, Answer};

use crate::core::{Folded, Passivate, compare, first_difference, fold, fold_versions};
use crate::seeds::some_cases;

/// The case's programme with something new in front of all that it has, so that everything has another index.
fn with_more(case: &Case) -> String {
    let mut plan = case.plan.clone();
    for line in &mut plan.settings {
        if let Some(rest) = line.strip_prefix("points: {") {
            *line = format!("points: {{zz: {{kind: spendable, expires: 1d}}, {rest}");
        }
    }
    let first = |list: &mut Vec<String>, item: &str| list.insert(0, item.to_owned());
    first(
        &mut plan.earn,
        "{id: zz, on: withdrawal, when: event.amount < 0, give: {points: zz, fixed: 1}}",
    );
    first(
        &mut plan.missions,
        "{id: zz, goal: {count: withdrawal, target: 999999, when: event.amount < 0}, window: day}",
    );
    // A set in front would be the one that predicates ask about.
    plan.tiers
        .push("{id: zz, by: zz, levels: [{id: zz, at: 0}]}".to_owned());
    plan.to_string()
}

fn compiled(source: &str) -> Result<Arc<Programme>, String> {
    let compiled = programme::compile("programme.yaml", source).map(Arc::new);
    compiled.map_err(|errors| errors.to_string())
}

fn after(source: &str, earlier: &Arc<Programme>) -> Result<Programme, String> {
    let compiled = programme::compile("programme.yaml", source);
    let compiled = compiled.map_err(|errors| errors.to_string())?;
    Ok(compiled.after(vec![Arc::clone(earlier)]))
}

/// What there is of the programme without more.
fn without_more(mut folded: Folded) -> Folded {
    for line in &mut folded.players {
        for kind in ["balances", "missions", "tiers"] {
            if let Some(fields) = line[kind].as_object_mut() {
                fields.remove("zz");
            }
        }
    }
    let own = |line: &Json| !line.to_string().contains("zz");
    assert!(folded.emissions.iter().all(own), "what never holds is told");
    folded
}

#[test]
fn versions_that_say_the_same_of_what_there_is_change_nothing() {
    some_cases(|programme, case| {
        let records = case.records();
        let (source, more) = (case.plan.to_string(), with_more(case));
        let (plain, longer) = (compiled(&source)?, compiled(&more)?);
        let (plain, longer) = (after(&source, &longer)?, after(&more, &plain)?);
        let expected = fold(programme, &records, Passivate::Never);
        for every in [1, 3, 10] {
            let version = |at: usize| match (at / every).is_multiple_of(2) {
                true => &plain,
                false => &longer,
            };
            let (got, _) = fold_versions(&version, &records, Passivate::Every(4));
            let got = without_more(got);
            first_difference("emission", &got.emissions, &expected.emissions)?;
            first_difference("player", &got.players, &expected.players)?;
        }
        Ok(())
    });
}

/// A part of a line in YAML's flow style: what stands behind a key, up to the next one.
fn part<'l>(line: &'l str, key: &str, next: &str) -> &'l str {
    let from = line.find(key).map_or(0, |at| at + key.len());
    let rest = &line[from..];
    rest.find(next).map_or(rest, |end| &rest[..end])
}

/// What another version changes of a mission beside its policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    Goals,
    GoalsAndWindows,
}

/// The case's programme with goals, and perhaps windows, of another; `None` where that is no programme.
fn changed(case: &Case, n: u64, changes: Changes) -> Option<String> {
    let other = cases(1_000_000 + n, 1).remove(0).plan;
    let mut plan = case.plan.clone();
    let policies = ["keep", "rebase", "reset"];
    for (at, line) in plan.missions.iter_mut().enumerate() {
        let theirs = &other.missions[at % other.missions.len()];
        let (goal, window) = (
            part(line, "goal: ", ", window: "),
            part(line, "window: ", ", "),
        );
        let other_goal = part(theirs, "goal: ", ", window: ");
        let other_window = part(theirs, "window: ", ", ").trim_end_matches('}');
        let policy = policies[(at + n as usize) % 3];
        let own = policies.map(|policy| format!(", on_change: {policy}"));
        // Of three missions one has another window too, one the same goal.
        let (goal_now, window_now) = match (at + n as usize / 3) % 3 {
            0 if changes == Changes::GoalsAndWindows => (other_goal, other_window),
            0 => (other_goal, window),
            1 => (other_goal, window),
            _ => (goal, window),
        };
        let bare = own
            .iter()
            .fold(line.clone(), |line, own| line.replace(own, ""));
        *line = bare.replacen(goal, goal_now, 1).replacen(
            &format!("window: {window}"),
            &format!("window: {window_now}, on_change: {policy}"),
            1,
        );
    }
    let source = plan.to_string();
    programme::compile("programme.yaml", &source)
        .is_ok()
        .then_some(source)
}

#[test]
fn a_mission_that_changes_while_it_runs_comes_to_what_the_oracle_says() {
    let changes = std::cell::Cell::new(0);
    some_cases(|_, case| {
        let records = case.records();
        // What is changed depends on the programme's settings alone, so that a smaller case is changed alike.
        let n: u64 = case.plan.settings.concat().bytes().map(u64::from).sum();
        let source = case.plan.to_string();
        let mut tries = (0..30).map(|more| n + 1_000 * more);
        let Some(other) = tries.find_map(|n| changed(case, n, Changes::GoalsAndWindows)) else {
            return Ok(());
        };
        changes.set(changes.get() + 1);
        let (first, second) = (compiled(&source)?, compiled(&other)?);
        let (first, second) = (after(&source, &second)?, after(&other, &first)?);
        // One change in the middle, or there and back.
        let (at, back) = (records.len() / 2, records.len() * 3 / 4);
        let returns = records.len().is_multiple_of(2) && at < back && back < records.len();
        let mut versions = vec![(0, &first), (at, &second)];
        versions.extend(returns.then_some((back, &first)));
        let version = |place: usize| {
            let begun = versions.iter().rfind(|(from, _)| *from <= place);
            begun.map_or(&first, |(_, version)| version)
        };
        let expected = oracle::fold_versions(&versions, &first.brand, &records, None);
        let (got, _) = fold_versions(&version, &records, Passivate::Every(3));
        compare(&got, &expected)
    });
    assert!(changes.get() > 0, "no programme was changed");
}

/// Where so many versions after the first take effect among so many records: before records of these places, in order.
fn places(records: usize, changes: usize, mut n: u64) -> Vec<usize> {
    let mut any = || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (n >> 33) as usize % records
    };
    let mut places: Vec<usize> = (0..changes).map(|_| any()).collect();
    places.sort_unstable();
    places
}

/// The records with a record of its own wherever a version takes effect.
fn published(programme: &Programme, records: Vec<Record>, places: &[usize]) -> Vec<Record> {
    let mut all = Vec::new();
    for (at, record) in records.into_iter().enumerate() {
        for (number, _) in (2..).zip(places).filter(|(_, place)| **place == at) {
            // Recorded with the record before it: what falls due between the two is the new version's.
            let before = all.last().unwrap_or(&record);
            all.push(Record {
                position: before.position,
                recorded_at: before.recorded_at,
                body: Body::Programme(Change {
                    brand: programme.brand.clone(),
                    number,
                    version: "v".into(),
                    stage: Stage::Active,
                }),
            });
        }
        all.push(record);
    }
    all
}

#[test]
fn any_versions_one_after_the_other_come_to_what_the_oracle_says_and_nobody_loses_anything() {
    let changes = std::cell::Cell::new(0);
    some_cases(|_, case| {
        let records = case.records();
        if records.is_empty() {
            return Ok(());
        }
        let n: u64 = case.plan.settings.concat().bytes().map(u64::from).sum();
        let tries = (0..60).map(|more| n + 1_000 * more);
        let others: Vec<String> = tries
            .filter_map(|n| changed(case, n, Changes::Goals))
            .take(4)
            .collect();
        let mut chain = vec![compiled(&case.plan.to_string())?];
        for source in &others {
            let earlier = chain.iter().rev().map(Arc::clone).collect();
            let next = programme::compile("programme.yaml", source);
            let next = next.map_err(|errors| errors.to_string())?;
            chain.push(Arc::new(next.after(earlier)));
        }
        let places = places(records.len(), others.len(), n);
        let records = published(&chain[0], records, &places);
        let mut versions: Vec<(usize, &Programme)> = vec![(0, &chain[0])];
        for (at, record) in records.iter().enumerate() {
            if matches!(record.body, Body::Programme(_)) {
                versions.push((at, &chain[versions.len()]));
            }
        }
        changes.set(changes.get() + versions.len() - 1);
        let version = |place: usize| {
            let begun = versions.iter().rfind(|(from, _)| *from <= place);
            begun.map_or(&*chain[0], |(_, version)| *version)
        };
        let mut expected = oracle::fold_versions(&versions, &chain[0].brand, &records, None);
        // The records that say that a version takes effect are nobody's.
        expected.answers.retain(|answer| *answer != Answer::Nothing);
        let (got, _) = fold_versions(&version, &records, Passivate::Every(3));
        compare(&got, &expected)
    });
    assert!(changes.get() > 500, "{} changes", changes.get());
}
