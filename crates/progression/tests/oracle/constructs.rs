//! Every construct that a programme may use does something: one programme and a few events each, the core and the oracle of one mind,
//! and what the construct is for stands in what came of it.

use serde_json::Value;
use testkit::oracle;
use testkit::scenario::in_log_order;

use crate::core::{Passivate, compare, fold};
use crate::day::events;

/// Two points a pound, so that every programme has something to give.
const EARN: &str = "earn: [{id: r, on: order, give: {points: xp, rate: 2}}]";

/// A construct; the programme that uses it; where in the player's line it shows, and as what.
type Row = (&'static str, String, &'static str, &'static str);

fn missions(goal: &str, rest: &str) -> String {
    format!("{EARN}\nmissions: [{{id: m, goal: {goal}{rest}}}]\nrewards: {REWARDS}")
}

const REWARDS: &str =
    "[{id: v, kind: bonus, template: V}, {id: bag, kind: points, give: {points: coins, fixed: 7}}]";

fn tiers(rest: &str) -> String {
    format!(
        "{EARN}\ntiers: [{{id: t, by: xp{rest}, levels: [{{id: a, at: 0}}, {{id: b, at: 60, reward: [{{points: coins, fixed: 3}}, {{grant: bag}}]}}]}}]\nrewards: {REWARDS}"
    )
}

fn rule(on: &str, rest: &str) -> String {
    format!("earn: [{{id: r, on: {on}, {rest}}}]")
}

fn table() -> Vec<Row> {
    let count = "{count: order, target: 2}";
    vec![
        (
            "rate",
            rule("order", "give: {points: xp, rate: 2}"),
            "/balances/xp",
            "79.2",
        ),
        (
            "per",
            rule("order", "give: {points: xp, rate: 1, per: \"2.00\"}"),
            "/balances/xp",
            "19.8",
        ),
        (
            "of",
            rule("order", "give: {points: xp, rate: 1, of: attributes.items}"),
            "/balances/xp",
            "5",
        ),
        (
            "fixed",
            rule("registered", "give: {points: xp, fixed: 4}"),
            "/balances/xp",
            "4",
        ),
        (
            "when",
            rule(
                "order",
                "when: event.amount >= 20, give: {points: xp, rate: 1}",
            ),
            "/balances/xp",
            "20",
        ),
        (
            "custom type",
            rule(
                "article_read",
                "give: {points: xp, rate: 1, of: attributes.minutes}",
            ),
            "/balances/xp",
            "6",
        ),
        (
            "cap of a rule",
            rule(
                "order",
                "give: {points: xp, rate: 1}, cap: [{points: 15, per: day}]",
            ),
            "/balances/xp",
            "24.6",
        ),
        (
            "cap of points",
            format!(
                "points: {{xp: {{kind: status, cap: [{{points: 5, per: lifetime}}]}}}}\n{EARN}"
            ),
            "/balances/xp",
            "5",
        ),
        (
            "weight of a category",
            format!(
                "weights: {{category: {{live: 10%}}}}\n{}",
                rule("bet_placed", "give: {points: xp, rate: 2}")
            ),
            "/balances/xp",
            "1",
        ),
        (
            "weight of a game",
            format!(
                "weights: {{game: {{slot: 50%}}, category: {{live: 10%}}}}\n{}",
                rule("bet_placed", "give: {points: xp, rate: 2}")
            ),
            "/balances/xp",
            "5",
        ),
        (
            "boost",
            format!(
                "{EARN}\nboosts: [{{id: b, from: 2011-01-03T10:00, until: 2011-01-03T11:00, on: [r], multiply: 3}}]"
            ),
            "/balances/xp",
            "159.2",
        ),
        (
            "stacking and ceiling",
            format!(
                "{EARN}\nboosts: [{{id: b, from: 2011-01-03T10:00, until: 2011-01-03T11:00, multiply: 3}}, {{id: c, from: 2011-01-03T10:00, until: 2011-01-03T11:00, multiply: 2}}]\nboost_stacking: {{how: multiply, ceiling: 5}}"
            ),
            "/balances/xp",
            "239.2",
        ),
        (
            "count",
            missions("{count: order, target: 9}", ""),
            "/missions/m/progress",
            "4",
        ),
        (
            "sum",
            missions("{sum: amount, of: order, target: 900}", ""),
            "/missions/m/progress",
            "39.6",
        ),
        (
            "sum of an attribute",
            missions("{sum: attributes.items, of: order, target: 900}", ""),
            "/missions/m/progress",
            "5",
        ),
        (
            "distinct",
            missions("{distinct: attributes.country, of: order, target: 9}", ""),
            "/missions/m/progress",
            "2",
        ),
        (
            "all",
            missions(
                "{all: [{count: order, target: 1}, {count: order, target: 99}]}",
                "",
            ),
            "/missions/m/progress",
            "1",
        ),
        (
            "any",
            missions(
                "{any: [{count: deposit, target: 1}, {count: order, target: 99}]}",
                "",
            ),
            "/missions/m/completed",
            "1",
        ),
        (
            "nested",
            missions(
                "{all: [{any: [{count: deposit, target: 1}, {count: order, target: 99}]}, {all: [{count: bet_placed, target: 1}, {sum: amount, of: order, target: 30}]}]}",
                "",
            ),
            "/missions/m/completed",
            "1",
        ),
        (
            "best",
            missions("{best: amount, of: order, target: 900}", ""),
            "/missions/m/progress",
            "20",
        ),
        (
            "steps",
            missions(
                "{steps: [{count: deposit, target: 1}, {count: order, target: 2}, {count: order, target: 1}]}",
                "",
            ),
            "/missions/m/progress",
            "2",
        ),
        (
            "after start",
            missions("{count: order, target: 9}", ", window: 2h after start"),
            "/missions/m/period",
            "2011-01-03T08:00:00Z",
        ),
        (
            "rolling",
            missions("{count: order, target: 2}", ", window: rolling 2d"),
            "/missions/m/period",
            "3",
        ),
        (
            "opt_in",
            missions("{count: order, target: 1}", ", start: opt_in"),
            "/missions/m/completed",
            "0",
        ),
        (
            "limit per player",
            missions(
                "{count: order, target: 1}",
                ", window: day, limit: {per_player: 1}",
            ),
            "/missions/m/completed",
            "1",
        ),
        (
            "from and until",
            missions(
                "{count: order, target: 9}",
                ", from: 2011-01-03T10:00, until: 2011-01-05T00:00",
            ),
            "/missions/m/progress",
            "2",
        ),
        (
            "streak",
            missions("{streak: day, of: order, target: 9, freezes: 1}", ""),
            "/missions/m/progress",
            "2",
        ),
        (
            "when of a goal",
            missions(
                "{count: order, target: 9, when: event.attributes.country == \"UK\"}",
                "",
            ),
            "/missions/m/progress",
            "1",
        ),
        (
            "day",
            missions(count, ", window: day"),
            "/missions/m/period",
            "2011-01-05",
        ),
        (
            "week",
            missions(count, ", window: week"),
            "/missions/m/period",
            "2011-W01",
        ),
        (
            "month",
            missions(count, ", window: month"),
            "/missions/m/period",
            "2011-01",
        ),
        (
            "late_events",
            format!(
                "late_events: record_only\n{}",
                missions("{count: order, target: 9}", ", window: day")
            ),
            "/missions/m/progress",
            "1",
        ),
        (
            "lateness",
            format!(
                "lateness: 72h\n{}",
                missions("{count: order, target: 9}", ", window: day")
            ),
            "/missions/m/progress",
            "1",
        ),
        (
            "late and counted now",
            missions("{count: order, target: 9}", ", window: day"),
            "/missions/m/progress",
            "2",
        ),
        (
            "reward of points",
            missions(count, ", reward: [{points: coins, fixed: 5}]"),
            "/balances/coins",
            "5",
        ),
        (
            "reward of kind points",
            missions(count, ", reward: [{grant: bag}, {grant: v}]"),
            "/balances/coins",
            "7",
        ),
        (
            "audience that holds",
            missions(count, ", audience: '\"vip\" in player.segments'"),
            "/missions/m/completed",
            "1",
        ),
        (
            "audience that does not",
            missions(count, ", audience: player.country == \"FR\""),
            "/missions/m/completed",
            "0",
        ),
        (
            "after",
            format!(
                "{EARN}\nmissions: [{{id: n, goal: {count}}}, {{id: m, goal: {{count: order, target: 9}}, after: [n]}}]"
            ),
            "/missions/m/progress",
            "2",
        ),
        (
            "take_back",
            missions(
                "{count: order, target: 3}",
                ", on_reversal: take_back, reward: [{points: coins, fixed: 5}]",
            ),
            "/missions/m/completed",
            "1",
        ),
        (
            "keep",
            missions(
                "{sum: amount, of: order, target: 70}",
                ", reward: [{points: coins, fixed: 5}]",
            ),
            "/balances/coins",
            "5",
        ),
        (
            "take_back of points",
            missions(
                "{sum: amount, of: order, target: 70}",
                ", on_reversal: take_back, reward: [{points: coins, fixed: 5}]",
            ),
            "/balances/coins",
            "0",
        ),
        ("levels", tiers(""), "/tiers/t", "b"),
        ("rewards of levels", tiers(""), "/balances/coins", "10"),
        (
            "levels that are kept",
            tiers(", on_reversal: keep, qualify: {over: lifetime}, downgrade: never"),
            "/tiers/t",
            "b",
        ),
        (
            "conversion by zone and table",
            format!("timezone: Asia/Tokyo\n{}", missions(count, ", window: day")),
            "/missions/m/period",
            "2011-01-05",
        ),
    ]
}

#[test]
fn every_construct_that_compiles_is_carried_out_by_the_core_and_the_oracle() {
    for (what, rest, path, shown) in table() {
        let points = if rest.contains("points: {xp:") {
            ""
        } else {
            "points: {xp: {kind: status}, coins: {kind: spendable}}\n"
        };
        let source = format!(
            "programme: t\nbrand: b\ncurrency: GBP\nconversion: {{EUR: \"0.86\"}}\n\
             event_types: {{article_read: {{attributes: {{minutes: int, section: string}}}}}}\n{points}{rest}\n"
        );
        let programme = programme::compile("t.yaml", &source)
            .unwrap_or_else(|errors| panic!("{what}: {errors}"));
        let records = in_log_order(&programme, &events());
        assert_eq!(records.len(), 11, "{what}: an event was refused");
        let expected = oracle::fold(&programme, &programme.brand, &records, None);
        let got = fold(&programme, &records, Passivate::Always);
        if let Err(difference) = compare(&got, &expected) {
            panic!("{what}\n{difference}");
        }
        let found = got.players[0].pointer(path).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        assert_eq!(found.as_deref(), Some(shown), "{what}: {}", got.players[0]);
    }
}
