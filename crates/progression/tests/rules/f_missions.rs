//! F. Missions.

use crate::harness::check;
use crate::{answers, check_until, scenario, shown};

#[test]
fn f1_what_opens_a_mission_is_read_before_the_event_and_never_judged_again() {
    check(
        "missions:
  - {id: first, goal: {count: order, target: 1}}
  - {id: then, goal: {count: order, target: 2}, after: [first]}
  - {id: join, goal: {count: order, target: 2}, start: opt_in}
  - {id: uk, goal: {count: order, target: 2}, audience: player.country == \"UK\"}",
        "a order 1 GBP @2011-01-03T10:00:00Z
         j mission_opted_in mission=join @2011-01-03T10:30:00Z
         p profile_changed country=UK @2011-01-03T10:30:00Z
         b order 1 GBP @2011-01-03T10:15:00Z recorded=2011-01-03T11:00:00Z
         x order_cancelled of=a @2011-01-03T11:30:00Z
         c order 1 GBP @2011-01-03T12:00:00Z
         d order 1 GBP @2011-01-03T13:00:00Z",
        // b occurred before the player joined, and after the first mission was complete; it counts where the player is of the audience
        // by then. What a had counted for goes with it; `first` stands by b.
        &[
            "s/a: mission_completed first once",
            "s/c: mission_completed then once",
            "s/c: mission_completed uk once",
            "s/d: mission_completed join once",
        ],
    );
    scenario("23_prerequisites_are_read_before_the_event");
    scenario("29_attributes_and_audiences");
}

#[test]
fn f2_a_window_from_the_start_runs_once() {
    let programme = |rest: &str| {
        format!(
            "missions: [{{id: f, goal: {{count: deposit, target: 1}}}}, {{id: m, goal: {{count: order, target: 9}}, window: 2d after start{rest}}}]"
        )
    };
    let history = "s session_started @2011-01-03T10:00:00Z
         d deposit 1 GBP @2011-01-03T12:00:00Z
         j mission_opted_in mission=m @2011-01-03T14:00:00Z
         a order 1 GBP @2011-01-05T09:59:59Z
         b order 1 GBP @2011-01-05T10:00:00Z
         c order 1 GBP @2011-01-05T12:00:00Z
         e order 1 GBP @2011-01-05T14:00:00Z";
    let table = [
        ("", "2011-01-03T10:00:00Z", "1"),
        (", after: [f]", "2011-01-03T12:00:00Z", "2"),
        (", start: opt_in", "2011-01-03T14:00:00Z", "3"),
        (", start: opt_in, after: [f]", "2011-01-03T14:00:00Z", "3"),
    ];
    for (rest, start, progress) in table {
        let world = check(
            &programme(rest),
            history,
            &["s/d: mission_completed f once"],
        );
        assert_eq!(shown(&world, "/missions/m/period"), start, "{rest}");
        assert_eq!(shown(&world, "/missions/m/progress"), progress, "{rest}");
    }
    scenario("46_where_a_window_from_the_start_begins");
}

#[test]
fn f3_a_completion_of_a_rolling_window_uses_its_events_up() {
    check(
        "missions: [{id: m, goal: {sum: amount, of: order, target: 10}, window: rolling 2d}]",
        "a order 6 GBP @2011-01-03T10:00:00Z
         b order 6 GBP @2011-01-03T11:00:00Z
         c order 9 GBP @2011-01-03T12:00:00Z
         d order 9 GBP @2011-01-05T12:00:00Z
         e order 1 GBP @2011-01-05T12:00:01Z
         x order_cancelled of=e @2011-01-05T13:00:00Z
         f order 1 GBP @2011-01-05T14:00:00Z",
        // c dies at the instant at which d comes; the number of a run that was reopened is not used again.
        &[
            "s/b: mission_completed m 1",
            "s/e: mission_completed m 2",
            "s/x: mission_reopened m 2",
            "s/f: mission_completed m 3",
        ],
    );
    scenario("41_runs_of_a_rolling_window");
}

#[test]
fn f4_a_chain_breaks_at_the_missing_days_own_end_and_a_freeze_is_given_back() {
    let world = check_until(
        "lateness: 6h
missions: [{id: m, goal: {streak: day, of: session_started, target: 9, freezes: 1}}]",
        "a session_started @2011-01-03T10:00:00Z
         b session_started @2011-01-04T10:00:00Z
         c session_started @2011-01-06T10:00:00Z
         d session_started @2011-01-05T23:00:00Z recorded=2011-01-06T05:59:59Z",
        "2011-01-09T05:59:59Z",
        // The 5th was frozen and is given back, so the 7th is; the 8th breaks the chain when it takes no more events.
        &[],
    );
    assert_eq!(shown(&world, "/missions/m/progress"), "4");
    check_until(
        "lateness: 6h
missions: [{id: m, goal: {streak: day, of: session_started, target: 9, freezes: 1}}]",
        "a session_started @2011-01-03T10:00:00Z
         b session_started @2011-01-04T10:00:00Z",
        "2011-01-07T06:00:00Z",
        &["streak/m: streak_broken m once"],
    );
    scenario("10_streaks_and_freezes");
    scenario("43_weeks_in_a_month_and_days_undone");
    scenario("45_freezes_and_the_window_of_each_event");
}

#[test]
fn f4_a_streak_as_a_step_breaks_while_it_is_open_and_no_more_once_it_is_done() {
    check_until(
        "missions: [{id: m, goal: {steps: [{streak: day, of: session_started, target: 3}, {count: order, target: 1}]}}]",
        "a session_started @2011-01-03T10:00:00Z
         b session_started @2011-01-04T10:00:00Z
         o order 1 GBP @2011-01-05T10:00:00Z
         c session_started @2011-01-06T10:00:00Z
         d session_started @2011-01-07T10:00:00Z
         e session_started @2011-01-08T10:00:00Z
         p order 1 GBP @2011-01-20T10:00:00Z",
        "2011-02-01T00:00:00Z",
        // The order of the 5th comes while the first step is open; the second step breaks no chain.
        &[
            "streak/m: streak_broken m once",
            "s/p: mission_completed m once",
        ],
    );
}

#[test]
fn f4_in_a_rolling_window_a_chain_is_what_lives_of_it() {
    let programme = "missions: [{id: m, goal: {streak: day, of: session_started, target: 4}, window: rolling 3d}]";
    let three = "a session_started @2011-01-03T10:00:00Z
         b session_started @2011-01-04T10:00:00Z
         c session_started @2011-01-05T10:00:00Z";
    // The fourth day comes in time, or when the first has died.
    check(
        programme,
        &format!("{three}\nd session_started @2011-01-06T09:59:59Z"),
        &["s/d: mission_completed m 1"],
    );
    let world = check(
        programme,
        &format!("{three}\nd session_started @2011-01-06T10:00:00Z"),
        &[],
    );
    assert_eq!(shown(&world, "/missions/m/progress"), "3");
    // The 6th is missing when it is over: of the chain two days live by then.
    let world = check_until(
        programme,
        three,
        "2011-01-07T00:00:00Z",
        &["streak/m: streak_broken m 1"],
    );
    assert_eq!(world.emissions[0]["length"], 2);
    assert_eq!(shown(&world, "/missions/m/progress"), "0");
    // Where but one lives when the 5th is over, nobody is told.
    check_until(
        &programme.replace("rolling 3d", "rolling 2d"),
        "a session_started @2011-01-03T10:00:00Z
         b session_started @2011-01-04T10:00:00Z",
        "2011-01-09T00:00:00Z",
        &[],
    );
}

#[test]
fn f5_an_event_counts_in_one_step_and_the_rest_is_gone_through_again() {
    let world = check(
        "missions:
  - {id: m, goal: {steps: [{count: deposit, target: 1}, {count: order, target: 1}, {count: order, target: 1}]}}
  - {id: all, goal: {all: [{count: order, target: 1}, {count: deposit, target: 9}]}}
  - {id: sum, goal: {sum: amount, of: order, target: 5}}",
        "a order 9 GBP @2011-01-03T10:00:00Z
         b deposit 1 GBP @2011-01-03T11:00:00Z
         c deposit 1 GBP @2011-01-03T12:00:00Z
         d order 1 GBP @2011-01-03T13:00:00Z
         x order_cancelled of=d @2011-01-03T14:00:00Z",
        &["s/a: mission_completed sum once"],
    );
    let progress = ["m", "all", "sum"].map(|it| shown(&world, &format!("/missions/{it}/progress")));
    // Parts done; not capped at the target.
    assert_eq!(progress, ["1", "1", "9"]);
    scenario("42_steps_are_gone_through_again");
}

#[test]
fn f6_a_limit_counts_completions_that_stand() {
    check(
        "missions: [{id: m, goal: {count: order, target: 1}, window: day, limit: {per_player: 1}}]",
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-04T10:00:00Z
         x order_cancelled of=a @2011-01-04T11:00:00Z
         c order 1 GBP @2011-01-04T12:00:00Z",
        &[
            "s/a: mission_completed m 2011-01-03",
            "s/x: mission_reopened m 2011-01-03",
            "s/c: mission_completed m 2011-01-04",
        ],
    );
}

#[test]
fn f6_where_a_years_offers_wait_to_be_claimed_there_is_no_completion() {
    let day = |n: u32| {
        let first: types::Timestamp = "2011-01-01T10:00:00Z".parse().unwrap();
        first.saturating_add_nanos(i64::from(n) * 86_400_000_000_000)
    };
    let mut history: Vec<String> = (0..370)
        .map(|n| format!("o{n} order 1 GBP @{}", day(n)))
        .collect();
    history.push(format!("c mission_claimed @{}", day(370)));
    history.push(format!("d order 1 GBP @{}", day(370)));
    let mut expected = Vec::new();
    for n in (0..366).chain([370]) {
        if n == 370 {
            expected.extend(["s/c: grant_claimed v m 2011-01-01".to_owned()]);
        }
        let (id, date) = (
            if n == 370 {
                "d".to_owned()
            } else {
                format!("o{n}")
            },
            day(n).to_string(),
        );
        expected.push(format!("s/{id}: mission_completed m {}", &date[..10]));
        expected.push(format!("s/{id}: grant_offered v m {} offered", &date[..10]));
    }
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(
        "rewards: [{id: v, kind: bonus, template: V}]
missions: [{id: m, goal: {count: order, target: 1}, window: day, reward: [{grant: v}], claim: {}}]",
        &history.join("\n"),
        &expected,
    );
}

#[test]
fn f7_a_claim_is_of_what_is_named_else_of_the_oldest_and_too_late_at_the_lapse() {
    let world = check(
        "points: {coins: {kind: spendable}}
rewards: [{id: v, kind: bonus, template: V}]
missions: [{id: m, goal: {count: order, target: 1}, window: day, reward: [{points: coins, fixed: 5}, {grant: v}], claim: {within: 2d}}]",
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-04T10:00:00Z
         c mission_claimed mission=m period=2011-01-04 @2011-01-04T11:00:00Z
         d mission_claimed mission=m period=2011-01-04 @2011-01-04T12:00:00Z
         e mission_claimed @2011-01-05T10:00:00Z",
        &[
            "s/a: mission_completed m 2011-01-03",
            "s/a: grant_offered coins 5 m 2011-01-03 offered",
            "s/a: grant_offered v m 2011-01-03 offered",
            "s/b: mission_completed m 2011-01-04",
            "s/b: grant_offered coins 5 m 2011-01-04 offered",
            "s/b: grant_offered v m 2011-01-04 offered",
            "s/c: grant_claimed coins 5 m 2011-01-04",
            "s/c: points_earned coins 5 m 2011-01-04",
            "s/c: grant_claimed v m 2011-01-04",
            "claim/m/2011-01-03: grant_revoked coins 5 m 2011-01-03 claim_expired",
            "claim/m/2011-01-03: grant_revoked v m 2011-01-03 claim_expired",
        ],
    );
    assert_eq!(answers(&world)[3..], ["d no_open_offer", "e no_open_offer"]);
    assert_eq!(shown(&world, "/missions/m/completed"), "2");
}

#[test]
fn a_command_that_is_not_allowed_now_has_its_code_and_changes_nothing() {
    let programme = "points: {xp: {kind: status}, coins: {kind: spendable}}
earn: [{id: r, on: order, give: {points: coins, rate: 1}}]
rewards: [{id: v, kind: bonus, template: V}]
missions:
  - {id: m, goal: {count: order, target: 1}, reward: [{grant: v}], claim: {}}
  - {id: past, goal: {count: order, target: 9}, start: opt_in, until: 2011-01-02T00:00}
  - {id: join, goal: {count: order, target: 9}, start: opt_in}";
    let begun = "a order 10 GBP @2011-01-03T10:00:00Z
         b mission_claimed mission=m @2011-01-03T11:00:00Z
         c mission_opted_in mission=join @2011-01-03T11:00:00Z
         h points_held points=coins amount=4 hold=h within=10d @2011-01-03T11:00:00Z";
    let table = [
        ("mission_claimed mission=m", "no_open_offer"),
        ("mission_claimed", "no_open_offer"),
        ("mission_claimed mission=nowhere", "unknown_mission"),
        ("mission_opted_in mission=past", "mission_ended"),
        ("mission_opted_in mission=join", "already_opted_in"),
        ("mission_opted_in mission=m", "not_opt_in"),
        ("mission_opted_in mission=nowhere", "unknown_mission"),
        (
            "points_spent points=coins amount=6.000001",
            "not_enough_points",
        ),
        ("points_spent points=xp amount=1", "not_spendable"),
        ("points_spent points=gold amount=1", "unknown_points"),
        ("points_spent hold=k amount=1", "unknown_hold"),
        ("points_spent hold=h amount=5", "not_enough_points"),
        ("points_held points=coins amount=1 hold=h", "hold_exists"),
        ("points_held points=coins amount=7", "not_enough_points"),
        ("hold_released hold=k", "unknown_hold"),
    ];
    let expected = [
        "s/a: points_earned coins 10 r",
        "s/a: mission_completed m once",
        "s/a: grant_offered v m once offered",
        "s/b: grant_claimed v m once",
    ];
    let before = check(programme, begun, &expected);
    for (command, code) in table {
        let world = check(
            programme,
            &format!("{begun}\nz {command} @2011-01-04T10:00:00Z"),
            &expected,
        );
        assert_eq!(
            answers(&world).pop(),
            Some(format!("z {code}")),
            "{command}"
        );
        let line = |world: &crate::harness::World| {
            let mut line = world.lines().remove(0);
            line["applied"] = 0.into();
            line
        };
        assert_eq!(line(&world), line(&before), "{command}");
    }
}

#[test]
fn f6_limits_of_all_players_and_stock() {
    scenario("16_claims_limits_opt_in_prerequisites");
}
