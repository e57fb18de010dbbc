//! A. Time and order.

use crate::harness::check;
use crate::{answers, check_until, scenario, shown};

const COUNT: &str = "lateness: 6h
missions: [{id: m, goal: {count: order, target: 2}, window: day}]";

#[test]
fn a1_order_is_the_logs_and_timers_fire_before_the_record() {
    let world = check(
        "points: {coins: {kind: spendable, expires: 1d}}
earn: [{id: r, on: order, give: {points: coins, rate: 1}}]",
        "b order 2 GBP @2011-01-03T10:00:00Z recorded=2011-01-03T12:00:00Z
         a order 1 GBP @2011-01-03T11:00:00Z
         c order 4 GBP @2011-01-03T09:00:00Z recorded=2011-01-03T12:00:00Z
         d points_spent @2011-01-04T12:00:00Z points=coins amount=1",
        &[
            "s/a: points_earned coins 1 r",
            "s/b: points_earned coins 2 r",
            "s/c: points_earned coins 4 r",
            "expiry/coins: points_expired coins 1",
            "expiry/coins: points_expired coins 6",
        ],
    );
    assert_eq!(
        answers(&world),
        ["a applied", "b applied", "c applied", "d not_enough_points"]
    );
}

#[test]
fn a2_what_claims_to_come_later_than_it_was_recorded_occurs_then() {
    let world = check(
        COUNT,
        "a order 1 GBP @2011-01-04T10:00:00Z recorded=2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z",
        &["s/b: mission_completed m 2011-01-03"],
    );
    assert_eq!(world.emissions[0]["at"], "2011-01-03T11:00:00Z");
}

#[test]
fn a2_a_timer_due_when_it_would_be_made_is_never_made() {
    // January's review was due at its end; the level earned for January comes half a day later, and is first reviewed with February.
    check_until(
        "lateness: 48h
points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
tiers: [{id: t, by: xp, qualify: {over: month}, downgrade: to_balance, levels: [{id: a, at: 0}, {id: b, at: 5}]}]",
        "a order 5 GBP @2011-01-31T20:00:00Z recorded=2011-02-01T12:00:00Z",
        "2011-03-05T00:00:00Z",
        &[
            "s/a: points_earned xp 5 r",
            "s/a: tier_changed t a b earned",
            "tier_review/t: tier_changed t b a period_end",
        ],
    );
}

#[test]
fn a3_late_is_recorded_at_or_after_the_end_plus_lateness() {
    check(
        COUNT,
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z recorded=2011-01-04T05:59:59Z
         c order 1 GBP @2011-01-04T10:00:00Z
         d order 1 GBP @2011-01-04T11:00:00Z recorded=2011-01-05T06:00:00Z
         e order 1 GBP @2011-01-05T12:00:00Z",
        // d counts for the day of its recording.
        &[
            "s/b: mission_completed m 2011-01-03",
            "s/e: mission_completed m 2011-01-05",
        ],
    );
    scenario("08_late_events_count_now");
    scenario("27_late_events_recorded_only");
}

#[test]
fn a3_once_and_rolling_are_never_late_and_a_window_from_the_start_takes_none() {
    check(
        "late_events: record_only
missions:
  - {id: once, goal: {count: order, target: 2}}
  - {id: rolls, goal: {count: order, target: 2}, window: rolling 30d}
  - {id: start, goal: {count: order, target: 2}, window: 2d after start}",
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z recorded=2011-01-20T10:00:00Z",
        &[
            "s/b: mission_completed once once",
            "s/b: mission_completed rolls 1",
        ],
    );
}

#[test]
fn a3_earning_is_never_late_boosts_go_by_occurrence_and_a_closed_cap_gives_way() {
    check(
        "late_events: record_only
points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}, cap: [{points: 5, per: day}]}]
boosts: [{id: b, from: 2011-01-03T00:00, until: 2011-01-04T00:00, multiply: 2}]",
        "a order 2 GBP @2011-01-03T10:00:00Z
         b order 2 GBP @2011-01-03T11:00:00Z recorded=2011-01-05T10:00:00Z
         c order 2 GBP @2011-01-05T11:00:00Z",
        &[
            "s/a: points_earned xp 4 r",
            "s/b: points_earned xp 4 r",
            "s/c: points_earned xp 1 r",
        ],
    );
}

#[test]
fn a4_hours_elapse_and_months_are_the_players_calendar() {
    check_until(
        "points: {day: {kind: spendable, expires: 1d}, month: {kind: spendable, expires: 1mo}}
earn:
  - {id: d, on: order, give: {points: day, fixed: 1}}
  - {id: m, on: order, give: {points: month, fixed: 1}}",
        // The clocks of London go forward in the night: a day is 24 hours all the same; a month ends with the month, at the local hour.
        "a order 1 GBP @2011-03-26T12:00:00Z
         b order 1 GBP player=b @2011-01-31T12:00:00Z",
        "2011-06-01T00:00:00Z",
        &[
            "s/b: points_earned day 1 d",
            "s/b: points_earned month 1 m",
            "expiry/day: points_expired day 1",
            "expiry/month: points_expired month 1",
            "s/a: points_earned day 1 d",
            "s/a: points_earned month 1 m",
            "expiry/day: points_expired day 1",
            "expiry/month: points_expired month 1",
        ],
    );
    let world = check_until(
        "points: {m: {kind: spendable, expires: 1mo}, d: {kind: spendable, expires: 1d}}
earn: [{id: m, on: order, give: {points: m, fixed: 1}}, {id: d, on: order, give: {points: d, fixed: 1}}]",
        "a order 1 GBP @2011-03-26T12:00:00Z",
        "2011-06-01T00:00:00Z",
        &[
            "s/a: points_earned m 1 m",
            "s/a: points_earned d 1 d",
            "expiry/d: points_expired d 1",
            "expiry/m: points_expired m 1",
        ],
    );
    let at = |line: usize| world.emissions[line]["at"].clone();
    assert_eq!(
        (at(2), at(3)),
        ("2011-03-27T12:00:00Z".into(), "2011-04-26T11:00:00Z".into())
    );
}

#[test]
fn a4_a_window_of_months_ends_by_the_players_calendar() {
    scenario("47_windows_of_calendar_months");
}

#[test]
fn a4_a_local_time_that_does_not_exist_is_the_first_instant_after_it() {
    check(
        "points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
boosts: [{id: b, from: 2011-03-27T01:30, until: 2011-03-28T00:00, multiply: 2}]",
        "a order 1 GBP @2011-03-27T00:59:59Z
         b order 1 GBP @2011-03-27T01:00:00Z
         c order 1 GBP @2011-03-27T22:59:59Z
         d order 1 GBP @2011-03-27T23:00:00Z",
        &[
            "s/a: points_earned xp 1 r",
            "s/b: points_earned xp 2 r",
            "s/c: points_earned xp 2 r",
            "s/d: points_earned xp 1 r",
        ],
    );
}

#[test]
fn a5_a_zone_counts_from_the_end_of_the_period_and_before_anything_counted_at_once() {
    scenario("28_a_zone_counts_from_the_next_period");
    let world = check(
        COUNT,
        "z profile_changed zone=Asia/Tokyo @2011-01-03T20:00:00Z
         a order 1 GBP @2011-01-03T20:01:00Z",
        &[],
    );
    assert_eq!(shown(&world, "/missions/m/period"), "2011-01-04");
}
