//! What is said of two programmes that differ.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

use programme::{Programme, diff};

const BASE: &str = "programme: p
brand: b
currency: GBP
event_types: {read: {attributes: {minutes: int}}}
points: {xp: {kind: status}, coins: {kind: spendable}}
weights: {game: {slot: 50%}}
earn:
  - {id: e, on: order, give: {points: xp, rate: 1}}
  - {id: f, on: read, give: {points: coins, fixed: 1}, when: event.attributes.minutes > 2}
boosts: [{id: sale, from: 2011-11-25T00:00, until: 2011-11-28T00:00, multiply: 2}]
missions:
  - {id: m, goal: {count: order, target: 5}, window: month}
  - {id: s, goal: {steps: [{count: order, target: 1}, {sum: amount, of: order, target: 9}]}}
tiers: [{id: t, by: xp, levels: [{id: low, at: 0}, {id: high, at: 100}]}]
rewards: [{id: r, kind: bonus, template: R, stock: 5}]
";

fn compile(source: &str) -> Programme {
    programme::compile("p.yaml", source).unwrap_or_else(|errors| panic!("{errors}"))
}

fn lines(before: &str, after: &str) -> Vec<String> {
    let changes = diff(&compile(before), &compile(after));
    changes.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

const KEEPS: &str = "mission m: players in the middle of it keep goal and window as they were until their period ends or they complete \
                     it; all others go by the new ones (on_change: keep)";
const KEEPS_MM: &str = "mission mm: players in the middle of it keep goal and window as they were until their period ends or they complete \
                        it; all others go by the new ones (on_change: keep)";
const REBASES: &str = "mission m: players in the middle of it keep their progress where a goal still counts the same, and the new \
                       targets and conditions count from now; the next event that counts completes it where that is reached \
                       (on_change: rebase)";
const RESETS: &str = "mission m: players in the middle of it begin anew; who has completed it stays so (on_change: reset)";
const OTHER_WINDOW: &str = "mission m: players in the middle of it begin anew: progress does not carry over into another kind of window \
                            (on_change: rebase)";
const ONE_BY_ONE: &str = "mission m: players in the middle of it begin anew: steps and rolling windows need each event that counted, \
                          which a plain goal does not keep (on_change: rebase)";

#[test]
fn each_change_is_said_in_the_words_of_the_programme() {
    let table: &[(&str, &str, &[&str])] = &[
        (
            "target: 5}, window: month",
            "target: 4}, window: month",
            &["mission m: target 5 -> 4", KEEPS],
        ),
        (
            "target: 5}, window: month",
            "target: 4}, window: month, on_change: rebase",
            &[
                "mission m: target 5 -> 4",
                "mission m: on_change keep -> rebase",
                REBASES,
            ],
        ),
        (
            "target: 5}, window: month",
            "target: 5, when: event.amount > 9}, window: month, on_change: reset",
            &[
                "mission m: when none -> event.amount > 9",
                "mission m: on_change keep -> reset",
                RESETS,
            ],
        ),
        (
            "window: month",
            "window: rolling 30d, on_change: rebase",
            &[
                "mission m: window month -> rolling 30d",
                "mission m: on_change keep -> rebase",
                OTHER_WINDOW,
            ],
        ),
        (
            "goal: {count: order, target: 5}, window: month",
            "goal: {steps: [{count: order, target: 5}]}, window: month, on_change: rebase",
            &[
                "mission m: goal count order -> steps of 1",
                "mission m: step 1 goal none -> count order",
                "mission m: step 1 target none -> 5",
                "mission m: on_change keep -> rebase",
                "mission m: target 5 -> none",
                ONE_BY_ONE,
            ],
        ),
        // The goal is the same: nobody in the middle of it is concerned.
        (
            "window: month",
            "window: month, start: opt_in, limit: {per_player: 2}, reward: [{points: xp, fixed: 3}, {grant: r}], after: [s], claim: {within: 2w}",
            &[
                "mission m: start automatic -> opt_in",
                "mission m: claim none -> within 14d",
                "mission m: reward none -> 3 xp, r",
                "mission m: limit per_player none -> 2",
                "mission m: after none -> s",
            ],
        ),
        (
            "  - {id: m, goal: {count: order, target: 5}, window: month}\n",
            "  - {id: n, goal: {streak: day, of: order, target: 3}, audience: player.tier == \"high\"}\n",
            &[
                "mission n: added: goal streak day of order; target 3; audience player.tier == \"high\"",
                "mission m: removed",
            ],
        ),
        (
            "rate: 1}",
            "rate: 1.5, per: 2, of: amount}",
            &["earn rule e: rate 1 -> 1.5", "earn rule e: per 1 -> 2"],
        ),
        (
            "rate: 1}",
            "fixed: 3}",
            &[
                "earn rule e: fixed none -> 3",
                "earn rule e: rate 1 -> none",
            ],
        ),
        (
            "minutes > 2}",
            "minutes > 3, cap: [{points: 9, per: day}, {points: 20, per: lifetime}]}",
            &[
                "earn rule f: when event.attributes.minutes > 2 -> event.attributes.minutes > 3",
                "earn rule f: cap none -> 9 per day, 20 per lifetime",
            ],
        ),
        (
            "multiply: 2",
            "multiply: 3, on: [f]",
            &[
                "boost sale: on all earn rules -> f",
                "boost sale: multiply 2 -> 3",
            ],
        ),
        (
            "2011-11-25T00:00",
            "2011-11-24T12:30",
            &["boost sale: from 2011-11-25T00:00 -> 2011-11-24T12:30"],
        ),
        (
            "slot: 50%",
            "slot: 12.5%, dice: 0%",
            &[
                "weights: game dice none -> 0%",
                "weights: game slot 50% -> 12.5%",
            ],
        ),
        (
            "{kind: spendable}",
            "{kind: spendable, expires: 12mo}",
            &["points coins: expires none -> 12mo"],
        ),
        (
            "points: {xp",
            "points: {zz: {kind: status}, xp",
            &["points zz: added: kind status"],
        ),
        (
            "{xp: {kind: status}, coins: {kind: spendable}}",
            "{coins: {kind: spendable}, xp: {kind: status}}",
            &["points: order xp, coins -> coins, xp"],
        ),
        (
            "minutes: int",
            "minutes: decimal, topic: string",
            &[
                "event type read: attribute minutes int -> decimal",
                "event type read: attribute topic none -> string",
            ],
        ),
        (
            "{id: high, at: 100}",
            "{id: mid, at: 50}, {id: high, at: 99, reward: [{grant: r}]}",
            &[
                "level t/mid: added: at 50",
                "level t/high: at 100 -> 99",
                "level t/high: reward none -> r",
            ],
        ),
        (", {id: high, at: 100}", "", &["level t/high: removed"]),
        (
            "by: xp, levels",
            "by: coins, qualify: {over: rolling 90d}, downgrade: one_step, grace: 1w, levels",
            &[
                "tier set t: by xp -> coins",
                "tier set t: qualify over lifetime -> rolling 90d",
                "tier set t: downgrade never -> one_step",
                "tier set t: grace 0 -> 7d",
            ],
        ),
        (
            "id: m, goal: {count: order, target: 5}",
            "id: mm, was: m, goal: {count: order, target: 4}",
            &[
                "mission m is now called mm",
                "mission mm: target 5 -> 4",
                KEEPS_MM,
            ],
        ),
        (
            "[{id: t, by: xp, levels: [{id: low, at: 0}, {id: high, at: 100}]}]
rewards: [{id: r,",
            "[{id: t2, was: t, by: xp, levels: [{id: low, at: 0}, {id: top, was: high, at: 100}]}]
rewards: [{id: r2, was: r,",
            &[
                "tier set t is now called t2",
                "level t2/high is now called t2/top",
                "reward r is now called r2",
            ],
        ),
        // One that says nothing of it went, and another came.
        (
            "id: s, goal",
            "id: s2, goal",
            &[
                "mission s2: added: goal steps of 2; step 1 goal count order; step 1 target 1; step 2 goal sum amount of order; step 2 \
                 target 9",
                "mission s: removed",
            ],
        ),
        (
            "template: R, stock: 5",
            "template: Q",
            &["reward r: template R -> Q", "reward r: stock 5 -> none"],
        ),
        (
            "currency: GBP",
            "currency: EUR\nlateness: 36h\nconversion: {GBP: 1.2}\nboost_stacking: {how: add, ceiling: 3}",
            &[
                "programme: currency GBP -> EUR",
                "programme: conversion GBP none -> 1.2",
                "programme: lateness 0 -> 36h",
                "programme: boost_stacking highest -> add",
                "programme: boost_stacking ceiling none -> 3",
            ],
        ),
    ];
    for (from, to, expected) in table {
        assert_eq!(lines(BASE, &replaced(BASE, from, to)), *expected, "{to}");
    }
}

/// Whatever names it says nothing of it.
#[test]
fn what_is_renamed_is_said_once() {
    let renamed = [
        ("{xp: {kind", "{xp2: {was: xp, kind"),
        ("{id: e,", "{id: e2, was: e,"),
        ("points: xp, rate: 1", "points: xp2, rate: 2"),
        ("by: xp", "by: xp2"),
    ];
    let after = renamed.iter().fold(BASE.to_owned(), |text, (from, to)| {
        replaced(&text, from, to)
    });
    assert_eq!(
        lines(BASE, &after),
        [
            "points xp is now called xp2",
            "earn rule e is now called e2",
            "earn rule e2: rate 1 -> 2",
        ]
    );
}

#[test]
fn what_is_only_written_otherwise_is_no_difference() {
    let table = [
        ("brand: b\n", "brand:   \"b\"    # whose\n\n"),
        ("rate: 1}", "rate: \"1.00\", per: 1}"),
        (
            "window: month",
            "window: month, start: automatic, on_change: keep",
        ),
        (
            "{game: {slot: 50%}}",
            "{default: 100%, game: {slot: 50.00%}, funds: {real: 100%, bonus: 0%}}",
        ),
        ("multiply: 2", "multiply: 2, on: [f, e]"),
        ("currency: GBP", "timezone: UTC\ncurrency: GBP"),
    ];
    for (from, to) in table {
        let after = replaced(BASE, from, to);
        assert_ne!(compile(BASE).version, compile(&after).version, "{to}");
        assert_eq!(lines(BASE, &after), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn an_order_that_changed_is_said_of_what_both_have() {
    let mut shuffled: Vec<&str> = BASE.lines().collect();
    let at = shuffled
        .iter()
        .position(|it| it.contains("id: m,"))
        .unwrap();
    shuffled.swap(at, at + 1);
    shuffled.insert(at + 1, "  - {id: x, goal: {count: order, target: 1}}");
    assert_eq!(
        lines(BASE, &shuffled.join("\n")),
        [
            "mission x: added: goal count order; target 1",
            "missions: order m, s -> s, m"
        ]
    );
}
