//! D. Reversals.

use crate::harness::check;
use crate::{answers, scenario, shown};

const XP: &str = "points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}, {id: b, on: bet_placed, give: {points: xp, rate: 1}}]";

#[test]
fn d1_a_named_one_is_undone_at_most_as_far_as_it_is_left() {
    let world = check(
        XP,
        "a order 10 GBP @2011-01-03T10:00:00Z
         b order_refunded 4 GBP of=a @2011-01-03T11:00:00Z
         c order_refunded 9 GBP of=a @2011-01-03T12:00:00Z
         d order_cancelled of=a @2011-01-03T13:00:00Z
         e order 10 GBP @2011-01-03T14:00:00Z
         f bet_rolled_back of=e @2011-01-03T15:00:00Z
         g order_cancelled 10 EUR of=e @2011-01-03T16:00:00Z
         h order_cancelled of=e source=other @2011-01-03T17:00:00Z
         i order_cancelled of=e @2031-01-03T18:00:00Z",
        &[
            "s/a: points_earned xp 10 r",
            "s/b: points_reversed xp 4 r",
            "s/c: points_reversed xp 6 r",
            "s/e: points_earned xp 10 r",
            "s/i: points_reversed xp 10 r",
        ],
    );
    assert!(answers(&world).iter().all(|it| it.ends_with("applied")));
    assert_eq!(shown(&world, "/balances/xp"), "0");
}

#[test]
fn d1_neither_lateness_nor_a_restriction_stops_a_reversal() {
    check(
        &format!("late_events: record_only\n{XP}"),
        "a order 10 GBP @2011-01-03T10:00:00Z
         r player_restricted status=self_excluded @2011-01-03T11:00:00Z
         x order_cancelled of=a @2011-01-03T12:00:00Z recorded=2011-06-03T12:00:00Z",
        &["s/a: points_earned xp 10 r", "s/x: points_reversed xp 10 r"],
    );
}

#[test]
fn d2_without_a_name_the_newest_of_exactly_this_amount_else_newest_first() {
    let world = check(
        XP,
        "a order 10 GBP @2011-01-03T10:00:00Z
         b order 7 GBP @2011-01-03T11:00:00Z
         c order 10 GBP @2011-01-03T12:00:00Z
         d order 3 GBP @2011-01-03T13:00:00Z
         x order_cancelled 10 GBP @2011-01-03T14:00:00Z
         y order_cancelled 5 GBP @2011-01-03T15:00:00Z
         z order_cancelled 50 GBP @2011-01-03T10:30:00Z recorded=2011-01-03T16:00:00Z
         e order 1 GBP @2011-01-03T17:00:00Z",
        &[
            "s/a: points_earned xp 10 r",
            "s/b: points_earned xp 7 r",
            "s/c: points_earned xp 10 r",
            "s/d: points_earned xp 3 r",
            "s/x: points_reversed xp 10 r",
            "s/y: points_reversed xp 3 r",
            "s/y: points_reversed xp 2 r",
            // Of what had not occurred by then nothing, and nothing waits for what is to come.
            "s/z: points_reversed xp 10 r",
            "s/e: points_earned xp 1 r",
        ],
    );
    assert_eq!(shown(&world, "/balances/xp"), "6");
    scenario("04_cancellation_without_an_order");
}

#[test]
fn d3_shares_are_rounded_of_the_whole_so_partial_refunds_do_not_drift() {
    check(
        "points: {xp: {kind: status}}
earn: [{id: f, on: order, give: {points: xp, fixed: 1}}]
missions:
  - {id: sum, goal: {sum: amount, of: order, target: 2}}
  - {id: best, goal: {best: amount, of: order, target: 2}}
  - {id: count, goal: {count: order, target: 1}}",
        "a order 3 GBP @2011-01-03T10:00:00Z
         b order_refunded 1 GBP of=a @2011-01-03T11:00:00Z
         c order_refunded 1 GBP of=a @2011-01-03T12:00:00Z
         d order_refunded 1 GBP of=a @2011-01-03T13:00:00Z",
        &[
            "s/a: points_earned xp 1 f",
            "s/a: mission_completed sum once",
            "s/a: mission_completed best once",
            "s/a: mission_completed count once",
            "s/b: points_reversed xp 0.333333 f",
            "s/c: points_reversed xp 0.333334 f",
            "s/c: mission_reopened sum once",
            "s/c: mission_reopened best once",
            "s/d: points_reversed xp 0.333333 f",
            "s/d: mission_reopened count once",
        ],
    );
    scenario("03_partial_refunds_do_not_drift");
}

#[test]
fn d4_what_comes_before_its_original_waits_for_it() {
    let world = check(
        &format!("{XP}\nmissions: [{{id: m, goal: {{sum: amount, of: order, target: 6}}}}]"),
        "x order_cancelled of=a @2011-01-03T09:00:00Z
         a order 10 GBP @2011-01-03T08:00:00Z recorded=2011-01-03T10:00:00Z
         y order_refunded 4 GBP of=b @2011-01-03T11:00:00Z
         b order 10 GBP @2011-01-03T10:00:00Z recorded=2011-01-03T12:00:00Z",
        &[
            "s/b: points_earned xp 10 r",
            "s/b: points_reversed xp 4 r",
            "s/b: mission_completed m once",
        ],
    );
    assert_eq!(shown(&world, "/missions/m/progress"), "6");
    scenario("05_reversal_before_the_original");
}

#[test]
fn d5_a_bet_has_one_result_that_counts_and_a_void_undoes_it() {
    check(
        "points: {xp: {kind: status}}
earn:
  - {id: b, on: bet_placed, give: {points: xp, rate: 1}}
  - {id: s, on: bet_settled, give: {points: xp, rate: 1}}",
        "a bet_placed 10 GBP @2011-01-03T10:00:00Z
         b bet_settled 20 of=a result=won @2011-01-03T11:00:00Z
         c bet_settled 20 of=a result=won @2011-01-03T11:30:00Z
         d bet_settled 30 of=a result=won @2011-01-03T12:00:00Z
         e bet_settled 4 of=a result=partial_void @2011-01-03T13:00:00Z
         f bet_settled 0 of=a result=void @2011-01-03T14:00:00Z
         g bet_settled 20 of=a result=won @2011-01-03T15:00:00Z",
        &[
            "s/a: points_earned xp 10 b",
            "s/b: points_earned xp 20 s",
            "s/d: points_reversed xp 20 s",
            "s/d: points_earned xp 30 s",
            "s/e: points_reversed xp 4 b",
            "s/f: points_reversed xp 6 b",
            "s/f: points_reversed xp 30 s",
        ],
    );
    scenario("31_bets_settled_corrected_and_voided");
    scenario("32_settlements_before_their_bets");
}

const FATE: &str = "points: {coins: {kind: spendable}}
rewards: [{id: v, kind: bonus, template: V}]
missions:
  - {id: kept, goal: {count: order, target: 2}, reward: [{grant: v}]}
  - {id: back, goal: {count: order, target: 2}, reward: [{points: coins, fixed: 5}, {grant: v}], on_reversal: take_back}
  - {id: bare, goal: {count: order, target: 2}}
  - {id: open, goal: {count: order, target: 2}, reward: [{grant: v}], claim: {within: 1d}}";

#[test]
fn d6_a_completion_and_its_reward_share_one_fate() {
    check(
        FATE,
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z
         x order_cancelled of=b @2011-01-03T12:00:00Z
         c order 1 GBP @2011-01-03T13:00:00Z",
        &[
            "s/b: mission_completed kept once",
            "s/b: grant_offered v kept once requested",
            "s/b: mission_completed back once",
            "s/b: points_earned coins 5 back once",
            "s/b: grant_offered v back once requested",
            "s/b: mission_completed bare once",
            "s/b: mission_completed open once",
            "s/b: grant_offered v open once offered",
            "s/x: mission_reopened back once",
            "s/x: points_reversed coins 5 back once",
            "s/x: grant_revoked v back once reversal",
            "s/x: mission_reopened bare once",
            "s/x: mission_reopened open once",
            "s/x: grant_revoked v open once reversal",
            "s/c: mission_completed back once",
            "s/c: points_earned coins 5 back once",
            "s/c: grant_offered v back once requested",
            "s/c: mission_completed bare once",
            "s/c: mission_completed open once",
            "s/c: grant_offered v open once offered",
            "claim/open/once: grant_revoked v open once claim_expired",
        ][..20],
    );
    scenario("21_kept_or_taken_back");
}

#[test]
fn d6_an_offer_that_lapsed_is_reopened_and_a_reversal_completes_nothing() {
    check(
        "rewards: [{id: v, kind: bonus, template: V}]
missions:
  - {id: m, goal: {count: order, target: 1}, reward: [{grant: v}], claim: {within: 1d}}
  - {id: n, goal: {steps: [{count: deposit, target: 1}, {count: order, target: 1}]}}",
        "a order 1 GBP @2011-01-03T10:00:00Z
         x order_cancelled of=a @2011-01-05T10:00:00Z
         d deposit 1 GBP @2011-01-05T11:00:00Z
         b order 1 GBP @2011-01-05T12:00:00Z",
        &[
            "s/a: mission_completed m once",
            "s/a: grant_offered v m once offered",
            "claim/m/once: grant_revoked v m once claim_expired",
            "s/x: mission_reopened m once",
            "s/b: mission_completed m once",
            "s/b: grant_offered v m once offered",
            "s/b: mission_completed n once",
        ],
    );
    scenario("44_claims_kept_taken_back_and_lapsed");
}
