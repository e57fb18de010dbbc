//! The reference page is carried out as it stands: each of its examples over a day of a shop and a season at a casino, the core and the
//! oracle of one mind.

use std::collections::BTreeSet;

use testkit::generate::casino;
use testkit::oracle;
use testkit::scenario::in_log_order;

use crate::core::{How, Passivate, compare, fold};
use crate::day;

/// So that a year after the last record is over, for what falls due by time alone.
const RUN_ON_NS: i64 = 400 * 86_400 * 1_000_000_000;
const PAGE: &str = include_str!("../../../../docs/programme.md");

/// The examples that are to work: how each is called, and the whole programme.
fn examples() -> Vec<(String, String)> {
    let fences = PAGE.split("\n```yaml").skip(1);
    let blocks = fences.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    let blocks = blocks.filter_map(|block| block.split_once('\n'));
    let blocks: Vec<(&str, &str)> = blocks.map(|(kind, block)| (kind.trim(), block)).collect();
    let head = blocks
        .iter()
        .find(|(kind, _)| *kind == "head")
        .expect("the head")
        .1;
    let works = blocks
        .iter()
        .filter(|(kind, _)| !kind.starts_with("refused"));
    let examples = works.map(|(kind, block)| match *kind {
        "head" | "whole" => (*block).to_owned(),
        _ => format!("{head}\n{block}\n"),
    });
    let named = |(number, source): (usize, String)| (format!("example {}", number + 1), source);
    examples.enumerate().map(named).collect()
}

#[test]
fn every_example_of_the_reference_page_is_carried_out_by_the_core_and_the_oracle() {
    let events = day::events() + &casino(7, 12, 50);
    let mut told = BTreeSet::new();
    for (name, source) in examples() {
        let programme = programme::compile("page.yaml", &source)
            .unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let records = in_log_order(&programme, &events);
        let last = records.last().expect("records");
        let until = Some(last.recorded_at.saturating_add_nanos(RUN_ON_NS));
        let expected = oracle::fold(&programme, &programme.brand, &records, until);
        let how = How {
            until,
            ..Passivate::Every(7).into()
        };
        let got = fold(&programme, &records, how);
        if let Err(difference) = compare(&got, &expected) {
            panic!("{name}\n{source}\n{difference}");
        }
        let kinds = got.emissions.iter().filter_map(|it| it["type"].as_str());
        told.extend(kinds.map(str::to_owned));
    }
    let all = [
        "grant_claimed",
        "grant_offered",
        "grant_revoked",
        "mission_completed",
        "mission_reopened",
        "points_earned",
        "points_expired",
        "points_reversed",
        "streak_broken",
        "tier_changed",
    ];
    assert_eq!(told, all.map(str::to_owned).into());
}
