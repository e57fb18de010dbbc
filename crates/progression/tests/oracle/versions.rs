//! Laws of versions: what a version does not change, it does not change.

use std::sync::Arc;

use programme::Programme;
use serde_json::Value as Json;
use testkit::generate::{Case, Chain};
use types::{Body, Record};

use testkit::oracle::{self, Answer};

use crate::core::{Folded, Passivate, compare, first_difference, fold, fold_versions};
use crate::seeds::{each_chain, some_cases};

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

/// The versions of a chain, each knowing those before it.
fn versions_of(chain: &Chain) -> Result<Vec<Arc<Programme>>, String> {
    let mut all = vec![compiled(&chain.case.plan.to_string())?];
    for version in &chain.versions {
        let earlier = all.iter().rev().map(Arc::clone).collect();
        let next = programme::compile("programme.yaml", &version.plan.to_string());
        let next = next.map_err(|errors| errors.to_string())?;
        all.push(Arc::new(next.after(earlier)));
    }
    Ok(all)
}

/// Which versions take effect at which of the records.
fn places<'p>(all: &'p [Arc<Programme>], records: &[Record]) -> Vec<(usize, &'p Programme)> {
    let mut versions: Vec<(usize, &Programme)> = vec![(0, &all[0])];
    for (at, record) in records.iter().enumerate() {
        if matches!(record.body, Body::Programme(_)) {
            versions.push((at, &all[versions.len()]));
        }
    }
    versions
}

fn at_place<'p>(versions: &[(usize, &'p Programme)], place: usize) -> &'p Programme {
    let begun = versions.iter().rfind(|(from, _)| *from <= place);
    begun.map_or(versions[0].1, |(_, version)| *version)
}

/// The core and the oracle over a chain; how many versions took effect.
fn come_to_the_same(chain: &Chain) -> Result<usize, String> {
    let all = versions_of(chain)?;
    let records = chain.records(&all[0]);
    let versions = places(&all, &records);
    let version = |place: usize| at_place(&versions, place);
    let mut expected = oracle::fold_versions(&versions, &all[0].brand, &records, None);
    // The records that say that a version takes effect are nobody's.
    expected.answers.retain(|answer| *answer != Answer::Nothing);
    let (got, _) = fold_versions(&version, &records, Passivate::Every(3));
    compare(&got, &expected)?;
    Ok(versions.len() - 1)
}

#[test]
fn any_versions_one_after_the_other_come_to_what_the_oracle_says() {
    let changes = each_chain(come_to_the_same);
    assert!(changes > 500, "{changes} changes");
}

/// How often a version took something that it says it takes; what else one took is an error.
fn takes_what_it_says(chain: &Chain) -> Result<usize, String> {
    let all = versions_of(chain)?;
    let records = chain.records(&all[0]);
    let versions = places(&all, &records);
    let version = |place: usize| at_place(&versions, place);
    let (_, kept) = fold_versions(&version, &records, Passivate::Every(3));
    let taken: Vec<_> = kept.values().flat_map(|player| &player.taken).collect();
    match taken.iter().find(|taken| !taken.said) {
        Some(taken) => Err(taken.what.clone()),
        None => Ok(taken.len()),
    }
}

/// Balances, what of them can be spent, completions, levels and running progress. That what a version says it takes is seen to go shows that
/// the rest would be.
#[test]
fn no_player_loses_a_completed_mission_or_a_balance_by_a_publish_unless_the_version_says_reset() {
    let said = each_chain(takes_what_it_says);
    assert!(said > 10, "{said} times running progress began anew");
}
