//! A mission whose goal another version changes while its periods run: `on_change`.

use crate::harness::{HEAD, compile};
use crate::versions::Versions;

fn goal(goal: &str, rest: &str) -> String {
    format!("missions: [{{id: m, goal: {goal}{rest}}}]")
}

fn count(target: u32, rest: &str) -> String {
    goal(&format!("{{count: order, target: {target}}}"), rest)
}

#[test]
fn keep_leaves_a_running_period_its_goal_until_it_ends() {
    let mut it = Versions::begin(&count(3, ", window: month"));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-04T10:00:00Z",
        &[],
    );
    it.publish(&count(2, ", window: month, on_change: keep"));
    assert_eq!(it.mission(), ["2011-01", "2", "3"]);
    it.run(
        "c order 1 GBP @2011-01-05T10:00:00Z",
        &["s/c: mission_completed m 2011-01"],
    );
    // Where nothing has counted yet there is nothing to keep; the next period goes by the new goal.
    it.run(
        "n order 1 GBP player=n @2011-01-05T11:00:00Z
         o order 1 GBP player=n @2011-01-05T12:00:00Z
         d order 1 GBP @2011-02-03T10:00:00Z
         e order 1 GBP @2011-02-04T10:00:00Z",
        &[
            "s/o: mission_completed m 2011-01",
            "s/e: mission_completed m 2011-02",
        ],
    );
}

#[test]
fn keep_goes_on_with_other_event_types_conditions_and_windows() {
    let mut it = Versions::begin(&goal(
        "{count: order, target: 2, when: event.attributes.k == \"x\"}",
        ", window: month",
    ));
    it.run("a order 1 GBP k=x @2011-01-03T10:00:00Z", &[]);
    it.publish(&goal("{count: deposit, target: 1}", ", window: week"));
    it.run(
        "b order 1 GBP k=y @2011-01-04T10:00:00Z
         c deposit 1 GBP @2011-01-04T11:00:00Z
         d order 1 GBP k=x @2011-01-05T10:00:00Z",
        &["s/d: mission_completed m 2011-01"],
    );
    // The month is complete: from here on the week counts, also within it.
    it.run(
        "e deposit 1 GBP @2011-01-06T10:00:00Z",
        &["s/e: mission_completed m 2011-W01"],
    );
    // A third version that says again what the period keeps changes nothing for it.
    let mut it = Versions::begin(&count(2, ", window: month"));
    it.run("a order 1 GBP @2011-01-03T10:00:00Z", &[]);
    it.publish(&count(3, ", window: month"));
    it.publish(&count(4, ", window: month"));
    assert_eq!(it.mission(), ["2011-01", "1", "2"]);
    it.publish(&count(2, ", window: month, on_change: reset"));
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &["s/b: mission_completed m 2011-01"],
    );
}

#[test]
fn rebase_keeps_progress_and_counts_by_the_new_goal_from_now() {
    let mut it = Versions::begin(&count(3, ""));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-04T10:00:00Z",
        &[],
    );
    it.publish(&count(4, ", on_change: rebase"));
    assert_eq!(it.mission(), ["once", "2", "4"]);
    it.run("c order 1 GBP @2011-01-05T10:00:00Z", &[]);
    // A goal that is reached already is completed by the next event that counts.
    it.publish(&goal(
        "{count: order, target: 2, when: event.amount > 5}",
        ", on_change: rebase",
    ));
    it.run(
        "d order 1 GBP @2011-01-06T10:00:00Z
         e order 9 GBP @2011-01-07T10:00:00Z",
        &["s/e: mission_completed m once"],
    );
}

#[test]
fn rebase_finds_each_part_again_and_what_is_taken_back_of_it() {
    let mut it = Versions::begin(&goal(
        "{all: [{count: order, target: 9}, {sum: amount, of: deposit, target: 90}, {best: amount, of: order, target: 90}]}",
        "",
    ));
    it.run(
        "a order 5 GBP @2011-01-03T10:00:00Z
         b order 6 GBP @2011-01-03T11:00:00Z
         c deposit 7 GBP @2011-01-03T12:00:00Z",
        &[],
    );
    // The parts change places, one goes, one comes; then only the orders are left.
    it.publish(&goal(
        "{all: [{sum: amount, of: deposit, target: 7}, {count: withdrawal, target: 1}, {count: order, target: 2}]}",
        ", on_change: rebase",
    ));
    assert_eq!(it.mission(), ["once", "2", "3"]);
    it.run("x order_cancelled of=b @2011-01-04T10:00:00Z", &[]);
    assert_eq!(it.mission()[1], "1");
    it.publish(&count(9, ", on_change: rebase"));
    assert_eq!(it.mission(), ["once", "1", "9"]);
    it.run("y order_cancelled of=a @2011-01-05T10:00:00Z", &[]);
    assert_eq!(it.mission()[1], "0");
}

#[test]
fn rebase_of_steps_and_runs_goes_through_their_events_again() {
    let steps = |orders: u32, rest: &str| {
        goal(
            &format!(
                "{{steps: [{{count: deposit, target: 1}}, {{count: order, target: {orders}}}]}}"
            ),
            rest,
        )
    };
    let mut it = Versions::begin(&steps(3, ""));
    it.run(
        "a deposit 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z
         c order 1 GBP @2011-01-03T12:00:00Z",
        &[],
    );
    it.publish(&steps(4, ", on_change: rebase"));
    it.run(
        "d order 1 GBP @2011-01-03T13:00:00Z
         e order 1 GBP @2011-01-03T14:00:00Z",
        &["s/e: mission_completed m once"],
    );
    let mut it = Versions::begin(&count(3, ", window: rolling 2d"));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z",
        &[],
    );
    it.publish(&count(4, ", window: rolling 2d, on_change: rebase"));
    it.run("c order 1 GBP @2011-01-04T10:00:00Z", &[]);
    assert_eq!(it.mission(), ["1", "3", "4"]);
    it.run("d order 1 GBP @2011-01-05T10:30:00Z", &[]);
    assert_eq!(it.mission()[1], "3", "what has died is gone");
    // A plain count knows its events not one by one: as a step it begins anew.
    let mut it = Versions::begin(&count(3, ""));
    it.run("a order 1 GBP @2011-01-03T10:00:00Z", &[]);
    it.publish(&goal(
        "{steps: [{count: order, target: 2}]}",
        ", on_change: rebase",
    ));
    it.run("x order_cancelled of=a @2011-01-04T10:00:00Z", &[]);
    it.run(
        "b order 1 GBP @2011-01-05T10:00:00Z
         c order 1 GBP @2011-01-06T10:00:00Z",
        &["s/c: mission_completed m once"],
    );
}

#[test]
fn reset_begins_anew_and_what_is_complete_stays_complete() {
    let mut it = Versions::begin(&count(3, ""));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z
         p order 1 GBP player=p @2011-01-03T10:00:00Z
         q order 1 GBP player=p @2011-01-03T11:00:00Z
         r order 1 GBP player=p @2011-01-03T12:00:00Z",
        &["s/r: mission_completed m once"],
    );
    it.publish(&count(2, ", on_change: reset"));
    assert_eq!(it.mission(), ["once", "0", "2"]);
    // What counted before is not taken away a second time.
    it.run(
        "c order 1 GBP @2011-01-05T10:00:00Z
         x order_cancelled of=a @2011-01-05T11:00:00Z
         s order 1 GBP player=p @2011-01-05T11:30:00Z
         d order 1 GBP @2011-01-05T12:00:00Z",
        &["s/d: mission_completed m once"],
    );
}

#[test]
fn what_was_completed_is_judged_by_the_goal_that_it_had() {
    let sum = |target: u32, rest: &str| {
        goal(
            &format!("{{sum: amount, of: order, target: {target}}}"),
            &format!(", window: month{rest}"),
        )
    };
    for policy in ["keep", "rebase", "reset"] {
        let mut it = Versions::begin(&sum(20, ""));
        it.run(
            "a order 30 GBP @2011-01-03T10:00:00Z",
            &["s/a: mission_completed m 2011-01"],
        );
        it.publish(&sum(100, &format!(", on_change: {policy}")));
        it.run("x order_refunded 5 GBP of=a @2011-01-04T10:00:00Z", &[]);
        it.run(
            "y order_refunded 6 GBP of=a @2011-01-05T10:00:00Z",
            &["s/y: mission_reopened m 2011-01"],
        );
        it.run(
            "b order 1 GBP @2011-01-06T10:00:00Z",
            &["s/b: mission_completed m 2011-01"],
        );
    }
    // The same once the month has left memory.
    let mut it = Versions::begin(&sum(20, ""));
    it.run(
        "a order 30 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-02-03T10:00:00Z",
        &["s/a: mission_completed m 2011-01"],
    );
    it.publish(&sum(100, ", on_change: reset"));
    it.run("x order_refunded 5 GBP of=a @2011-02-04T10:00:00Z", &[]);
    it.run(
        "y order_refunded 6 GBP of=a @2011-02-05T10:00:00Z",
        &["s/y: mission_reopened m 2011-01"],
    );
}

#[test]
fn a_streak_keeps_its_days_and_breaks_by_the_goal_in_force() {
    let days = |target: u32, freezes: u32, rest: &str| {
        goal(
            &format!("{{streak: day, of: session_started, target: {target}, freezes: {freezes}}}"),
            rest,
        )
    };
    let begun = "a session_started @2011-01-03T10:00:00Z
         b session_started @2011-01-04T10:00:00Z";
    let mut it = Versions::begin(&days(9, 1, ""));
    it.run(begun, &[]);
    it.publish(&days(9, 0, ""));
    it.until("2011-01-06T00:00:00Z", &[]);
    it.until("2011-01-07T00:00:00Z", &["streak/m: streak_broken m once"]);
    let mut it = Versions::begin(&days(9, 1, ""));
    it.run(begun, &[]);
    it.publish(&days(9, 0, ", on_change: rebase"));
    it.until("2011-01-06T00:00:00Z", &["streak/m: streak_broken m once"]);
    let mut it = Versions::begin(&days(9, 0, ""));
    it.run(begun, &[]);
    it.publish(&days(9, 1, ", on_change: reset"));
    it.until("2011-02-06T00:00:00Z", &[]);
}

#[test]
fn an_offer_that_is_open_is_claimed_or_lapses_as_it_was_made() {
    let offering = |claim: &str| {
        format!(
            "rewards: [{{id: v, kind: bonus, template: V}}]\n{}",
            count(1, &format!(", reward: [{{grant: v}}]{claim}"))
        )
    };
    let offered = [
        "s/a: mission_completed m once",
        "s/a: grant_offered v m once offered",
    ];
    let mut it = Versions::begin(&offering(", claim: {within: 2d}"));
    it.run("a order 1 GBP @2011-01-03T10:00:00Z", &offered);
    it.publish(&offering(""));
    it.until(
        "2011-01-06T00:00:00Z",
        &["claim/m/once: grant_revoked v m once claim_expired"],
    );
    let mut it = Versions::begin(&offering(", claim: {within: 2d}"));
    it.run("a order 1 GBP @2011-01-03T10:00:00Z", &offered);
    it.publish(&offering(", claim: {within: 1d}"));
    it.run(
        "b mission_claimed @2011-01-05T09:00:00Z",
        &["s/b: grant_claimed v m once"],
    );
}

#[test]
fn a_window_from_the_start_that_comes_back_is_the_one_that_was_and_stays_complete_or_over() {
    let from_start =
        |days: u32, target: u32| count(target, &format!(", window: {days}d after start"));
    let mut it = Versions::begin(&from_start(3, 1));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z",
        &["s/a: mission_completed m 2011-01-03T10:00:00Z"],
    );
    it.publish(&count(1, ", window: week"));
    it.run(
        "b order 1 GBP @2011-01-12T10:00:00Z",
        &["s/b: mission_completed m 2011-W02"],
    );
    it.publish(&from_start(30, 2));
    assert_eq!(it.mission(), ["2011-01-03T10:00:00Z", "1", "1"]);
    it.run(
        "c order 1 GBP @2011-01-14T10:00:00Z
         d order 1 GBP @2011-01-15T10:00:00Z",
        &[],
    );
    // One that ran out before it was complete is over; one that still runs becomes longer.
    let mut it = Versions::begin(&from_start(3, 2));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z
         x deposit 1 GBP @2011-01-09T10:00:00Z
         p order 1 GBP player=p @2011-01-09T10:00:00Z",
        &[],
    );
    it.publish(&count(2, ", window: 30d after start, on_change: rebase"));
    it.run(
        "b order 1 GBP @2011-01-14T10:00:00Z
         q order 1 GBP player=p @2011-01-14T10:00:00Z",
        &["s/q: mission_completed m 2011-01-09T10:00:00Z"],
    );
}

#[test]
fn without_the_version_before_progress_stays_and_the_new_goal_counts() {
    let mut it = Versions::begin(&count(3, ""));
    it.run("a order 1 GBP @2011-01-03T10:00:00Z", &[]);
    it.world.programme = compile(&format!("{HEAD}{}", count(2, "")));
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &["s/b: mission_completed m once"],
    );
}
