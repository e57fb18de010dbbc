//! Things that get another name: they are what they were, and nothing is given twice.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::versions::Versions;
use crate::{answers, shown};

const OLD: &str = "points: {coins: {kind: spendable}, xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}, cap: [{points: 10, per: day}]}]
rewards: [{id: v, kind: bonus, template: V, stock: 2}]
missions:
  - {id: m, goal: {count: order, target: 2}, window: month, limit: {per_player: 1}, reward: [{grant: v}, {points: coins, fixed: 3}], on_reversal: take_back}
  - {id: j, goal: {count: order, target: 9}, start: opt_in, claim: {}}
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 8, reward: [{grant: v}]}]}]";

const NEW: &str = "points: {xp2: {was: xp, kind: status}, coins2: {was: coins, kind: spendable}}
earn: [{id: r2, was: r, on: order, give: {points: xp2, rate: 1}, cap: [{points: 10, per: day}]}]
rewards: [{id: v2, was: v, kind: bonus, template: V, stock: 2}]
missions:
  - {id: j2, was: j, goal: {count: order, target: 9}, start: opt_in, claim: {}}
  - {id: m2, was: m, goal: {count: order, target: 2}, window: month, limit: {per_player: 1}, reward: [{grant: v2}, {points: coins2, fixed: 3}], on_reversal: take_back}
tiers: [{id: t2, was: t, by: xp2, levels: [{id: a2, was: a, at: 0}, {id: b2, was: b, at: 8, reward: [{grant: v2}]}]}]";

/// What it was called stays in what was said; what is said from now on says what it is called.
#[test]
fn whatever_is_renamed_goes_on_as_what_it_was() {
    let mut it = Versions::begin(OLD);
    it.run(
        "a order 8 GBP @2011-01-03T10:00:00Z
         b order 8 GBP @2011-01-03T11:00:00Z",
        &[
            "s/a: points_earned xp 8 r",
            "s/a: tier_changed t a b earned",
            "s/a: grant_offered v t b requested",
            "s/b: points_earned xp 2 r",
            "s/b: mission_completed m 2011-01",
            "s/b: grant_offered v m 2011-01 requested",
            "s/b: points_earned coins 3 m 2011-01",
        ],
    );
    it.publish(NEW);
    let line = &it.world.lines()[0];
    assert_eq!(line["balances"].to_string(), r#"{"coins2":"3","xp2":"10"}"#);
    assert_eq!(shown(&it.world, "/tiers/t2"), "b2");
    assert_eq!(shown(&it.world, "/missions/m2/completed"), "1");
    // The cap of the day is used up, the level and the completion are not rewarded again, and a return finds all of it.
    it.run(
        "c order 8 GBP @2011-01-03T12:00:00Z
         x order_cancelled of=b @2011-01-03T13:00:00Z
         y order_cancelled of=c @2011-01-03T14:00:00Z",
        &[
            "s/x: points_reversed xp2 2 r2",
            "s/y: mission_reopened m2 2011-01",
            "s/y: grant_revoked v2 m2 2011-01 reversal",
            "s/y: points_reversed coins2 3 m2 2011-01",
        ],
    );
}

#[test]
fn ids_are_what_they_would_be_without_the_rename() {
    let history = "a order 8 GBP @2011-01-03T10:00:00Z
         b order 8 GBP @2011-01-03T11:00:00Z
         x order_cancelled of=b @2011-01-03T13:00:00Z
         c order 8 GBP @2011-01-04T12:00:00Z";
    let ids = |at: usize| {
        let mut it = Versions::begin(OLD);
        for (place, line) in history.lines().enumerate() {
            if place == at {
                it.publish(NEW);
            }
            it.world.run(&crate::events(line));
        }
        let emissions = it.world.emissions.iter();
        let ids = |it: &Value| (it["id"].to_string(), it["grant_id"].to_string());
        emissions.map(ids).collect::<Vec<_>>()
    };
    let plain = ids(9);
    assert!(plain.len() > 8);
    for at in 0..4 {
        assert_eq!(ids(at), plain, "renamed before event {at}");
    }
}

#[test]
fn what_players_share_stays_one_stock() {
    let source = |stock: &str, mission: &str, more: &str| {
        format!(
            "rewards: [{{id: {stock}, kind: bonus, template: V, stock: 1}}]
missions: [{{id: {mission}, goal: {{count: order, target: 1}}, reward: [{{grant: {}}}]}}{more}]",
            stock.split(',').next().unwrap()
        )
    };
    let mut it = Versions::begin(&source("v", "m", ""));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: mission_completed m once",
            "s/a: grant_offered v m once requested",
        ],
    );
    it.publish(&source(
        "w, was: v",
        "m",
        ", {id: n, goal: {count: order, target: 1}, reward: [{grant: w}]}",
    ));
    // The only one is out.
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &["s/b: mission_completed n once"],
    );
}

#[test]
fn commands_may_still_use_the_name_that_it_had() {
    let mut it = Versions::begin(OLD);
    it.publish(NEW);
    it.run(
        "a mission_opted_in mission=j @2011-01-03T10:00:00Z
         b mission_opted_in mission=j2 @2011-01-03T10:00:01Z
         c points_adjusted points=coins amount=5 @2011-01-03T10:00:02Z
         d points_spent points=coins2 amount=2 @2011-01-03T10:00:03Z
         e mission_opted_in mission=k @2011-01-03T10:00:04Z",
        &[],
    );
    assert_eq!(
        answers(&it.world),
        [
            "a applied",
            "b already_opted_in",
            "c applied",
            "d applied",
            "e unknown_mission"
        ]
    );
    assert_eq!(shown(&it.world, "/balances/coins2"), "3");
}

/// From a to b to c, said again and again, left out for a while, and back to its first name.
#[test]
fn a_name_follows_another_and_all_of_them_are_the_same_thing() {
    let mission =
        |named: &str| format!("missions: [{{id: {named}, goal: {{count: order, target: 99}}}}]");
    let mut it = Versions::begin(&mission("a"));
    let versions = [
        ("a", "a"),
        ("b, was: a", "b"),
        ("c, was: b", "c"),
        ("c, was: b", "c"),
        ("c", "c"),
        ("c, was: a", "c"),
        ("d, was: a", "d"),
        ("", ""),
        ("e, was: c", "e"),
        ("a", "a"),
    ];
    let mut expected = BTreeMap::new();
    for (day, (said, shown_as)) in versions.iter().enumerate() {
        let source = match *said {
            "" => "missions: []".to_owned(),
            said => mission(said),
        };
        it.publish(&source);
        it.run(
            &format!("e{day} order 1 GBP @2011-01-{:02}T10:00:00Z", day + 3),
            &[],
        );
        if !shown_as.is_empty() {
            let counted = expected.entry("counted").or_insert(0);
            *counted += 1;
            let at = format!("/missions/{shown_as}/progress");
            assert_eq!(shown(&it.world, &at), counted.to_string(), "day {day}");
        }
    }
}
