//! What a version may change of the one before it.

#![allow(missing_docs)]

use std::sync::Arc;

use programme::{Programme, may_follow};

const BEFORE: &str = "currency: GBP
points: {xp: {kind: status}, coins: {kind: spendable, expires: 12mo}}
earn: [{id: e, on: order, give: {points: xp, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 2}, reward: [{points: coins, fixed: 1}]}]
";

fn compile(rest: &str) -> Programme {
    let source = format!("programme: p\nbrand: b\n{rest}");
    match programme::compile("p.yaml", &source) {
        Ok(programme) => programme,
        Err(errors) => panic!("{errors}"),
    }
}

#[test]
fn what_players_hold_stays_and_everything_else_may_change() {
    let before = compile(BEFORE);
    let may = |next: &str| may_follow(&before, &compile(next));
    let with = |from: &str, to: &str| {
        assert!(BEFORE.contains(from), "{from}");
        may(&BEFORE.replace(from, to))
    };
    let missions = BEFORE.lines().last().unwrap_or_default();
    let fine = [
        with("target: 2", "target: 20"),
        with("rate: 1", "rate: 3"),
        with(missions, "missions: []"),
        with(", expires: 12mo", ", pending: 3d"),
        with("points: {xp", "points: {zz: {kind: spendable}, xp"),
        with("earn: [{id: e,", "timezone: Asia/Tokyo\nearn: [{id: f,"),
    ];
    assert!(fine.iter().all(Vec::is_empty), "{fine:?}");
    assert_eq!(
        with("GBP", "EUR"),
        ["`currency` stays GBP: goals and caps that run have counted in it"]
    );
    let none = "currency: GBP\npoints: {coins: {kind: status}}\n";
    assert_eq!(
        may(none),
        [
            "points `xp` stay: players may hold some. Keep them, without rules that give any",
            "points `coins` stay spendable: players hold them as such",
        ]
    );
}

/// What went on as something else in the versions before the last one too.
#[test]
fn an_id_stays_that_of_the_thing_that_had_it() {
    let missions = |all: &str| {
        let one = |said: &str| format!("{{id: {said}, goal: {{count: order, target: 2}}}}");
        let all: Vec<String> = all.split(';').map(one).collect();
        compile(&format!("currency: GBP\nmissions: [{}]\n", all.join(", ")))
    };
    let first = Arc::new(missions("five_orders;old"));
    let second =
        Arc::new(missions("ten_orders, was: five_orders;old").after(vec![Arc::clone(&first)]));
    let before = missions("many_orders, was: ten_orders").after(vec![second, first]);
    let table: [(&str, &[&str]); 12] = [
        ("many_orders", &[]),
        // What is said once more, or of an older name, changes nothing.
        ("many_orders, was: ten_orders", &[]),
        ("many_orders, was: five_orders", &[]),
        ("all_orders, was: many_orders", &[]),
        ("all_orders, was: five_orders;new", &[]),
        // Back to a name that it had, and what was left out comes back under another.
        ("five_orders;older, was: old", &[]),
        (
            "all_orders, was: many_order",
            &[
                "mission `all_orders`: `was: many_order` names nothing that there was: did you mean `many_orders`?",
            ],
        ),
        (
            "all_orders, was: spring",
            &["mission `all_orders`: `was: spring` names nothing that there was"],
        ),
        (
            "many_orders;five_orders",
            &[
                "mission `five_orders`: it is the same thing as `many_orders`, since an id stays that of the thing that had it. Give the \
                 new one an id that was never used",
            ],
        ),
        (
            "all_orders, was: many_orders;more_orders, was: five_orders",
            &[
                "mission `more_orders`: it is the same thing as `all_orders`, since an id stays that of the thing that had it. Give the \
                 new one an id that was never used",
            ],
        ),
        (
            "old, was: many_orders",
            &["mission `old`: it is not what was `many_orders`, which is another mission"],
        ),
        ("many_orders;old", &[]),
    ];
    for (next, expected) in table {
        assert_eq!(may_follow(&before, &missions(next)), expected, "{next}");
    }
}

#[test]
fn everything_that_has_an_id_may_have_another() {
    let source = |points: &str, rule: &str, set: &str, level: &str, reward: &str| {
        compile(&format!(
            "currency: GBP
points: {{{points}, kind: status}}}}
earn: [{{id: {rule}, on: order, give: {{points: {}, rate: 1}}}}]
tiers: [{{id: {set}, by: {0}, levels: [{{id: {level}, at: 0}}]}}]
rewards: [{{id: {reward}, kind: bonus, template: R}}]
",
            points.split(':').next().unwrap_or_default()
        ))
    };
    let before = source("xp: {was: older", "e", "t", "l", "r");
    let next = |was: &str| {
        let new = |kind: &str, old: &str| format!("{kind}2, was: {old}{was}");
        source(
            &format!("xp2: {{was: xp{was}"),
            &new("e", "e"),
            &new("t", "t"),
            &new("l", "l"),
            &new("r", "r"),
        )
    };
    assert_eq!(may_follow(&before, &next("")), [""; 0]);
    let wrong = may_follow(&before, &next("9"));
    let about: Vec<&str> = wrong
        .iter()
        .filter_map(|it| it.split(": ").next())
        .collect();
    assert_eq!(
        about,
        [
            "points `xp2`",
            "earn rule `e2`",
            "tier set `t2`",
            "level `t2/l2`",
            "reward `r2`",
            "points `xp` stay"
        ]
    );
}
