//! E. Tiers.

use crate::harness::check;
use crate::{check_until, scenario, shown};

fn set(rest: &str) -> String {
    format!(
        "points: {{xp: {{kind: status}}, coins: {{kind: spendable}}}}
earn: [{{id: r, on: order, give: {{points: xp, rate: 1}}}}]
tiers: [{{id: t, by: xp, {rest}, levels: [{{id: a, at: 0}}, {{id: b, at: 10}}, {{id: c, at: 20}}, {{id: d, at: 30}}]}}]"
    )
}

#[test]
fn e1_a_level_is_kept_to_the_end_plus_grace_and_then_falls_by_the_policy() {
    let earned = "a order 30 GBP @2011-01-10T10:00:00Z";
    let up = [
        "s/a: points_earned xp 30 r",
        "s/a: tier_changed t a d earned",
    ];
    let down =
        |from: &str, to: &str| format!("tier_review/t: tier_changed t {from} {to} period_end");
    let table: [(&str, &str, Vec<String>); 4] = [
        // January earned it, so its own review keeps it; February earns nothing.
        ("one_step, grace: 5d", "2011-03-05T23:59:59Z", vec![]),
        (
            "one_step, grace: 5d",
            "2011-03-06T00:00:00Z",
            vec![down("d", "c")],
        ),
        (
            "to_balance, grace: 5d",
            "2011-03-06T00:00:00Z",
            vec![down("d", "a")],
        ),
        ("never", "2012-03-06T00:00:00Z", vec![]),
    ];
    for (policy, until, falls) in table {
        let expected: Vec<&str> = up
            .into_iter()
            .chain(falls.iter().map(String::as_str))
            .collect();
        let programme = set(&format!("qualify: {{over: month}}, downgrade: {policy}"));
        check_until(&programme, earned, until, &expected);
    }
    scenario("13_tiers_up_down_and_reversed");
}

#[test]
fn e1_the_running_period_may_hold_the_level_and_a_review_leaves_a_floor() {
    let world = check_until(
        &set("qualify: {over: month}, downgrade: one_step"),
        "a order 30 GBP @2011-01-10T10:00:00Z
         b order 20 GBP @2011-02-10T10:00:00Z
         c order 5 GBP @2011-03-10T10:00:00Z
         x order_cancelled of=c @2011-03-11T10:00:00Z",
        "2011-03-20T00:00:00Z",
        &[
            "s/a: points_earned xp 30 r",
            "s/a: tier_changed t a d earned",
            "s/b: points_earned xp 20 r",
            // The review of February: one step, and not below what it earned.
            "tier_review/t: tier_changed t d c period_end",
            "s/c: points_earned xp 5 r",
            "s/x: points_reversed xp 5 r",
        ],
    );
    assert_eq!(shown(&world, "/tiers/t"), "c");
}

#[test]
fn e1_rewards_lift_levels_and_spending_never_lowers_them() {
    check(
        "points: {coins: {kind: spendable}}
missions: [{id: m, goal: {count: order, target: 1}, reward: [{points: coins, fixed: 10}]}]
tiers: [{id: t, by: coins, levels: [{id: a, at: 0}, {id: b, at: 10}]}]",
        "a order 1 GBP @2011-01-10T10:00:00Z
         b points_spent points=coins amount=10 @2011-01-10T11:00:00Z",
        &[
            "s/a: mission_completed m once",
            "s/a: points_earned coins 10 m once",
            "s/a: tier_changed t a b earned",
        ],
    );
}

#[test]
fn e2_a_reversal_demotes_at_once_but_not_below_what_was_brought() {
    check(
        &set("qualify: {over: lifetime}"),
        "a order 30 GBP @2011-01-10T10:00:00Z
         x order_refunded 15 GBP of=a @2011-01-11T10:00:00Z",
        &[
            "s/a: points_earned xp 30 r",
            "s/a: tier_changed t a d earned",
            "s/x: points_reversed xp 15 r",
            "s/x: tier_changed t d b reversal",
        ],
    );
    check(
        &set("on_reversal: keep"),
        "a order 30 GBP @2011-01-10T10:00:00Z
         x order_cancelled of=a @2011-01-11T10:00:00Z",
        &[
            "s/a: points_earned xp 30 r",
            "s/a: tier_changed t a d earned",
            "s/x: points_reversed xp 30 r",
        ],
    );
    // The level of January is brought into February; what is taken of January is felt at its review.
    check_until(
        &set("qualify: {over: month}, downgrade: to_balance, grace: 5d"),
        "a order 20 GBP @2011-01-10T10:00:00Z
         x order_cancelled of=a @2011-02-02T10:00:00Z",
        "2011-02-20T00:00:00Z",
        &[
            "s/a: points_earned xp 20 r",
            "s/a: tier_changed t a c earned",
            "s/x: points_reversed xp 20 r",
            "tier_review/t: tier_changed t c a period_end",
        ],
    );
}

#[test]
fn e3_rewards_of_all_levels_passed_once_for_life_and_sets_until_a_pass_changes_nothing() {
    check(
        "points: {xp: {kind: status}, coins: {kind: spendable}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
tiers:
  - {id: late, by: coins, levels: [{id: p, at: 0}, {id: q, at: 5}]}
  - {id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 10, reward: [{points: coins, fixed: 2}]}, {id: c, at: 20, reward: [{points: coins, fixed: 3}]}]}",
        "a order 20 GBP @2011-01-10T10:00:00Z
         x order_cancelled of=a @2011-01-11T10:00:00Z
         b order 20 GBP @2011-01-12T10:00:00Z",
        &[
            "s/a: points_earned xp 20 r",
            "s/a: tier_changed t a c earned",
            "s/a: points_earned coins 2 t b",
            "s/a: points_earned coins 3 t c",
            "s/a: tier_changed late p q earned",
            "s/x: points_reversed xp 20 r",
            "s/x: tier_changed t c a reversal",
            "s/b: points_earned xp 20 r",
            "s/b: tier_changed t a c earned",
        ],
    );
    scenario("24_levels_and_their_rewards");
}

#[test]
fn e4_in_a_rolling_window_the_grace_starts_when_an_entry_leaves() {
    check_until(
        &set("qualify: {over: rolling 10d}, downgrade: one_step, grace: 2d"),
        "a order 10 GBP @2011-01-01T00:00:00Z
         b order 20 GBP @2011-01-03T00:00:00Z",
        // a leaves on the 11th, the grace is over on the 13th: one step, which is what b earns until it leaves that very day; then
        // another grace for each further step.
        "2011-02-01T00:00:00Z",
        &[
            "s/a: points_earned xp 10 r",
            "s/a: tier_changed t a b earned",
            "s/b: points_earned xp 20 r",
            "s/b: tier_changed t b d earned",
            "tier_review/t: tier_changed t d c period_end",
            "tier_review/t: tier_changed t c b period_end",
            "tier_review/t: tier_changed t b a period_end",
        ],
    );
    scenario("40_rolling_tiers");
}
