//! C. Points.

use crate::harness::check;
use crate::{answers, check_until, scenario, shown};

#[test]
fn c1_weights_are_of_game_else_provider_else_category_else_default_times_funds() {
    check(
        "points: {xp: {kind: status}}
weights: {default: 80%, game: {g: 50%}, provider: {p: 20%}, category: {c: 10%}, funds: {bonus: 50%, free: 25%}}
earn: [{id: r, on: bet_placed, give: {points: xp, rate: 1}}, {id: f, on: bet_placed, give: {points: xp, fixed: 10}}, {id: o, on: order, give: {points: xp, rate: 1}}]",
        "a bet_placed 100 GBP @2011-01-03T10:00:00Z game=g provider=p category=c
         b bet_placed 100 GBP @2011-01-03T10:00:00Z game=x provider=p category=c
         c bet_placed 100 GBP @2011-01-03T10:00:00Z category=c funds=bonus
         d bet_placed 100 GBP @2011-01-03T10:00:00Z funds=free
         e order 100 GBP @2011-01-03T10:00:00Z game=g funds=free",
        &[
            "s/a: points_earned xp 50 r",
            "s/a: points_earned xp 5 f",
            "s/b: points_earned xp 20 r",
            "s/b: points_earned xp 2 f",
            "s/c: points_earned xp 5 r",
            "s/c: points_earned xp 0.5 f",
            "s/d: points_earned xp 20 r",
            "s/d: points_earned xp 2 f",
            "s/e: points_earned xp 100 o",
        ],
    );
    scenario("01_micro_points_and_weights");
}

#[test]
fn c1_a_settlement_is_weighed_by_its_own_attributes_else_by_its_bets() {
    check(
        "points: {xp: {kind: status}}
weights: {category: {c: 10%, d: 50%}, funds: {bonus: 50%}}
earn: [{id: s, on: bet_settled, give: {points: xp, rate: 1}}]",
        "a bet_placed 9 GBP @2011-01-03T10:00:00Z category=c funds=bonus
         b bet_placed 9 GBP @2011-01-03T10:00:00Z category=c funds=bonus
         c bet_placed 9 GBP @2011-01-03T10:00:00Z category=c funds=bonus
         sa bet_settled 100 of=a result=won @2011-01-03T11:00:00Z
         sb bet_settled 100 of=b result=won category=d @2011-01-03T11:00:00Z
         sc bet_settled 100 of=c result=won category=e funds=real @2011-01-03T11:00:00Z",
        &[
            "s/sa: points_earned xp 5 s",
            "s/sb: points_earned xp 25 s",
            "s/sc: points_earned xp 100 s",
        ],
    );
}

#[test]
fn c1_weight_0_counts_for_no_mission_and_any_other_is_a_whole_count() {
    let world = check(
        "weights: {category: {c: 10%}}
missions:
  - {id: count, goal: {count: bet_placed, target: 9}}
  - {id: sum, goal: {sum: amount, of: bet_placed, target: 900}}",
        "a bet_placed 100 GBP @2011-01-03T10:00:00Z category=c
         b bet_placed 100 GBP @2011-01-03T10:00:00Z funds=bonus",
        &[],
    );
    let progress = ["count", "sum"].map(|it| shown(&world, &format!("/missions/{it}/progress")));
    assert_eq!(progress, ["1", "10"]);
}

#[test]
fn c2_the_events_rate_else_the_tables_else_nothing_is_taken() {
    check(
        "conversion: {EUR: \"0.86\"}
points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 1, when: event.amount == 8.60}}]",
        "a order 10 EUR @2011-01-03T10:00:00Z
         b order 10 EUR rate=0.5 @2011-01-03T11:00:00Z
         c order 0.01 EUR rate=0.333333 @2011-01-03T12:00:00Z
         x order_refunded 5 EUR of=b @2011-01-03T13:00:00Z",
        &[
            "s/a: points_earned xp 8.6 r",
            "s/a: mission_completed m once",
            "s/b: points_earned xp 5 r",
            "s/c: points_earned xp 0.003333 r",
            "s/x: points_reversed xp 2.5 r",
        ],
    );
    scenario("30_reversals_in_another_currency");
}

#[test]
fn c2_sums_of_a_goal_are_rounded_half_to_even_at_the_millionth_for_each_event() {
    let world = check(
        "missions: [{id: m, goal: {sum: amount, of: order, target: 900}}]",
        "a order 0.01 EUR rate=0.00025 @2011-01-03T10:00:00Z
         b order 0.01 EUR rate=0.00035 @2011-01-03T10:00:00Z",
        &[],
    );
    assert_eq!(shown(&world, "/missions/m/progress"), "0.000006");
}

#[test]
fn c3_a_cap_counts_granted_less_reversed_and_rewards_know_no_caps_nor_boosts() {
    check(
        "points: {xp: {kind: status, cap: [{points: 10, per: day}]}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
boosts:
  - {id: x, from: 2011-01-03T00:00, until: 2011-01-04T00:00, multiply: 2}
  - {id: y, from: 2011-01-03T00:00, until: 2011-01-04T00:00, multiply: 3}
missions: [{id: m, goal: {count: order, target: 3}, reward: [{points: xp, fixed: 100}]}]",
        "a order 3 GBP @2011-01-03T10:00:00Z
         b order 3 GBP @2011-01-03T10:01:00Z
         c order 3 GBP @2011-01-03T10:02:00Z
         d order_cancelled of=a @2011-01-03T10:03:00Z
         e order 1 GBP @2011-01-03T10:04:00Z",
        // The highest boost is taken where nothing else is said; what a cap leaves nothing of is no entry.
        &[
            "s/a: points_earned xp 9 r",
            "s/b: points_earned xp 1 r",
            "s/c: mission_completed m once",
            "s/c: points_earned xp 100 m once",
            "s/d: points_reversed xp 9 r",
            "s/e: points_earned xp 3 r",
        ],
    );
    scenario("02_boosts_and_caps");
    scenario("25_boosts_add_up");
    scenario("26_iso_weeks_and_month_caps");
}

const COINS: &str = "points: {coins: {kind: spendable, pending: 2d, expires: 10d}}
earn: [{id: r, on: order, give: {points: coins, rate: 1}}]";

#[test]
fn c4_what_is_pending_is_not_spent_and_what_expires_first_is() {
    let world = check_until(
        COINS,
        "a order 10 GBP @2011-01-01T10:00:00Z
         b points_spent points=coins amount=1 @2011-01-03T09:59:59Z
         c points_spent points=coins amount=4 @2011-01-03T10:00:00Z
         d order 10 GBP @2011-01-04T10:00:00Z
         e points_spent points=coins amount=7 @2011-01-06T10:00:00Z",
        "2011-01-20T00:00:00Z",
        &[
            "s/a: points_earned coins 10 r",
            "s/d: points_earned coins 10 r",
            "expiry/coins: points_expired coins 9",
        ],
    );
    assert_eq!(
        answers(&world),
        [
            "a applied",
            "b not_enough_points",
            "c applied",
            "d applied",
            "e applied"
        ]
    );
    scenario("34_points_pending_held_spent_expired");
}

#[test]
fn c4_expired_points_are_not_reversed_again_and_a_debt_is_paid_by_what_comes_next() {
    let world = check_until(
        COINS,
        "a order 10 GBP @2011-01-01T10:00:00Z
         b points_spent points=coins amount=4 @2011-01-03T10:00:00Z
         x order_cancelled of=a @2011-01-20T10:00:00Z
         c order 3 GBP @2011-01-21T10:00:00Z
         d order 3 GBP @2011-01-21T11:00:00Z",
        "2011-02-20T00:00:00Z",
        &[
            "s/a: points_earned coins 10 r",
            "expiry/coins: points_expired coins 6",
            "s/x: points_reversed coins 4 r",
            "s/c: points_earned coins 3 r",
            "s/d: points_earned coins 3 r",
            "expiry/coins: points_expired coins 2",
        ],
    );
    assert_eq!(shown(&world, "/balances/coins"), "0");
}

#[test]
fn c4_of_a_reward_that_is_taken_back_what_has_expired_is_not_taken_again() {
    let programme = "points: {coins: {kind: spendable, expires: 10d}}
missions:
  - {id: m, goal: {sum: amount, of: order, target: 10}, window: month, on_reversal: take_back, reward: [{points: coins, fixed: 20}, {points: coins, fixed: 1}]}";
    let world = check_until(
        programme,
        "a order 10 GBP @2011-01-01T10:00:00Z
         b points_spent points=coins amount=5 @2011-01-03T10:00:00Z
         x order_refunded 1 GBP of=a @2011-03-20T10:00:00Z",
        "2011-03-21T00:00:00Z",
        &[
            "s/a: mission_completed m 2011-01",
            "s/a: points_earned coins 20 m 2011-01",
            "s/a: points_earned coins 1 m 2011-01",
            "expiry/coins: points_expired coins 16",
            "s/x: mission_reopened m 2011-01",
            // Of the 20 five were spent and fifteen expired; the 1 expired whole.
            "s/x: points_reversed coins 5 m 2011-01",
        ],
    );
    assert_eq!(shown(&world, "/balances/coins"), "-5");
}

#[test]
fn c4_what_expires_of_points_at_one_instant_is_told_once() {
    // Held and free points expire, and both holds lapse, at one instant.
    let world = check_until(
        "points: {coins: {kind: spendable, expires: 10d}}
earn: [{id: r, on: order, give: {points: coins, rate: 1}}]",
        "a order 10 GBP @2011-01-01T10:00:00Z
         h points_held points=coins amount=3 hold=h within=9d @2011-01-02T10:00:00Z
         k points_held points=coins amount=2 hold=k within=9d @2011-01-02T10:00:00Z",
        "2011-01-20T00:00:00Z",
        &[
            "s/a: points_earned coins 10 r",
            "expiry/coins: points_expired coins 10",
        ],
    );
    assert_eq!(shown(&world, "/balances/coins"), "0");
    // Nothing is free: the holds alone.
    check_until(
        "points: {coins: {kind: spendable, expires: 10d}}
earn: [{id: r, on: order, give: {points: coins, rate: 1}}]",
        "a order 10 GBP @2011-01-01T10:00:00Z
         h points_held points=coins amount=7 hold=h within=20d @2011-01-02T10:00:00Z
         k points_held points=coins amount=3 hold=k within=20d @2011-01-02T10:00:00Z",
        "2011-01-30T00:00:00Z",
        &[
            "s/a: points_earned coins 10 r",
            "hold/h: points_expired coins 10",
        ],
    );
}
