//! The 25 rules, each by the tests that pin it and by what no line of the exact rules says. Rules 18 (publishing), 20 (the gateway), 21
//! (draws), 23 and 24 (messages, erasure) and 25 (leaderboards) are not the core's alone, or not of this language yet: what of them is
//! the core's stands here.

use programme::model::Programme;
use progression::journal::{Entry, entry_json};
use serde_json::Value;

use crate::harness::check;
use crate::{answers, scenario, shown};

const XP: &str = "points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]";

#[test]
fn rule_1_the_same_again_is_a_replay_however_long_after() {
    let world = check(
        XP,
        "a order 1 GBP @2011-01-03T10:00:00Z
         a order 1 GBP @2011-01-03T10:00:00Z recorded=2041-01-03T10:00:00Z
         a order 2 GBP @2011-01-03T10:00:00Z recorded=2041-01-03T10:00:01Z",
        &["s/a: points_earned xp 1 r"],
    );
    assert_eq!(answers(&world), ["a applied", "a conflict"]);
}

#[test]
fn rule_2_a_late_event_is_never_dropped_without_a_word() {
    let world = check(
        "late_events: record_only\nmissions: [{id: m, goal: {count: order, target: 1}, window: day}]",
        "a order 1 GBP @2011-01-03T10:00:00Z recorded=2011-01-05T10:00:00Z",
        &[],
    );
    assert_eq!(reasons(&world, "a"), ["m: late"]);
}

#[test]
fn rule_3_a_reversal_that_comes_first_leaves_a_tombstone() {
    scenario("05_reversal_before_the_original");
}

#[test]
fn rule_4_an_emission_has_one_id_that_a_replay_gives_again() {
    let events = "a order 3 GBP @2011-01-03T10:00:00Z
         b order 4 GBP @2011-01-03T11:00:00Z
         a order 3 GBP @2011-01-03T10:00:00Z recorded=2011-01-03T12:00:00Z
         x order_cancelled of=a @2011-01-03T13:00:00Z";
    let expected = [
        "s/a: points_earned xp 3 r",
        "s/b: points_earned xp 4 r",
        "s/x: points_reversed xp 3 r",
    ];
    let ids = || -> Vec<String> {
        let emissions = check(XP, events, &expected).emissions;
        let ids = emissions.iter().map(|it| it["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    };
    let (first, again) = (ids(), ids());
    assert_eq!(first, again);
    let distinct: std::collections::BTreeSet<&String> = first.iter().collect();
    assert_eq!(distinct.len(), 3, "{first:?}");
}

#[test]
fn rule_5_money_has_its_currencys_decimals_and_no_float() {
    // Yen have none; what has too many is refused before the core (`bad_input`).
    check(
        "conversion: {JPY: \"0.005\"}\npoints: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]",
        "a order 1001 JPY @2011-01-03T10:00:00Z
         b order 9007199254740993 JPY @2011-01-03T10:00:00Z
         x order_refunded 1 JPY of=a @2011-01-03T11:00:00Z"
            .replace("9007199254740993", "900719925474099")
            .as_str(),
        &[
            "s/a: points_earned xp 5.005 r",
            "s/b: points_earned xp 4503599627370.495 r",
            "s/x: points_reversed xp 0.005 r",
        ],
    );
}

#[test]
fn rule_6_ten_bets_of_a_tenth_are_a_whole_point_rounded_half_to_even_once() {
    let bets: String = (0..10)
        .map(|n| format!("a{n} bet_placed 0.10 GBP @2011-01-03T10:00:{n:02}Z\n"))
        .collect();
    let expected: Vec<String> = (0..10)
        .map(|n| format!("s/a{n}: points_earned xp 0.1 r"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let world = check(
        "points: {xp: {kind: status}}\nearn: [{id: r, on: bet_placed, give: {points: xp, rate: 1}}]",
        &bets,
        &expected,
    );
    assert_eq!(shown(&world, "/balances/xp"), "1");
    check(
        "points: {xp: {kind: status}}\nearn: [{id: r, on: order, give: {points: xp, rate: \"0.00005\"}}]
boosts: [{id: b, from: 2011-01-04T00:00, until: 2011-01-05T00:00, multiply: 3}]",
        "a order 0.01 GBP @2011-01-03T10:00:00Z
         b order 0.03 GBP @2011-01-03T10:00:00Z
         c order 0.05 GBP @2011-01-03T10:00:00Z
         d order 0.01 GBP @2011-01-04T10:00:00Z",
        // 0.5 to 0, 1.5 to 2, 2.5 to 2; 0.5 × 3 is 1.5 before it is rounded.
        &[
            "s/b: points_earned xp 0.000002 r",
            "s/c: points_earned xp 0.000002 r",
            "s/d: points_earned xp 0.000002 r",
        ],
    );
}

#[test]
fn rule_7_every_entry_says_its_cause_version_rule_weight_boost_and_rate() {
    let world = check(
        "conversion: {EUR: \"0.86\"}\nweights: {category: {live: 10%}}\npoints: {xp: {kind: status}}
earn: [{id: r, on: bet_placed, give: {points: xp, rate: 1}}]
boosts: [{id: b, from: 2011-01-03T00:00, until: 2011-01-04T00:00, multiply: 2}]",
        "a bet_placed 10 EUR category=live @2011-01-03T10:00:00Z",
        &["s/a: points_earned xp 1.72 r"],
    );
    let entry = entry(&world, "a");
    assert_eq!(entry["cause"]["event"], "s/a");
    assert_eq!(entry["programme_version"], version(&world.programme));
    let movement = &entry["effects"][0];
    let expected = serde_json::json!({"type": "points_earned", "points": "xp", "amount": "1.72", "rule": "r",
        "weight": "0.1", "boost": "2", "rate": "0.86"});
    assert_eq!(*movement, expected);
}

#[test]
fn rule_8_boosts_are_chosen_by_occurrence_and_stack_as_declared() {
    scenario("02_boosts_and_caps");
    scenario("25_boosts_add_up");
}

#[test]
fn rule_9_partial_refunds_do_not_drift() {
    scenario("03_partial_refunds_do_not_drift");
}

#[test]
fn rule_10_a_reversal_runs_down_the_whole_chain() {
    check(
        "points: {xp: {kind: status, cap: [{points: 30, per: day}]}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
missions:
  - {id: m, goal: {sum: amount, of: order, target: 20}, reward: [{points: xp, fixed: 50}, {grant: v}], on_reversal: take_back}
  - {id: n, goal: {count: order, target: 1}, after: [m]}
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 60}]}]
rewards: [{id: v, kind: bonus, template: V}]",
        "a order 25 GBP @2011-01-03T10:00:00Z
         x order_refunded 10 GBP of=a @2011-01-03T11:00:00Z
         b order 20 GBP @2011-01-03T12:00:00Z",
        // Points, progress, completion, grant, level; the cap has room for 15 again.
        &[
            "s/a: points_earned xp 25 r",
            "s/a: mission_completed m once",
            "s/a: points_earned xp 50 m once",
            "s/a: grant_offered v m once requested",
            "s/a: tier_changed t a b earned",
            "s/x: points_reversed xp 10 r",
            "s/x: mission_reopened m once",
            "s/x: points_reversed xp 50 m once",
            "s/x: grant_revoked v m once reversal",
            "s/x: tier_changed t b a reversal",
            "s/b: points_earned xp 15 r",
            "s/b: mission_completed m once",
            "s/b: points_earned xp 50 m once",
            "s/b: grant_offered v m once requested",
            "s/b: tier_changed t a b earned",
        ],
    );
}

#[test]
fn rule_11_a_cancellation_that_names_none_finds_its_order() {
    scenario("04_cancellation_without_an_order");
}

#[test]
fn rule_12_bonus_stakes_count_nothing_and_minimum_odds_are_the_tickets() {
    check(
        "points: {xp: {kind: status}}
earn: [{id: s, on: bet_settled, give: {points: xp, rate: 1}, when: event.attributes.odds >= 1.5}]",
        "a bet_placed 10 GBP odds=1.4 @2011-01-03T10:00:00Z
         b bet_settled 14 of=a result=won @2011-01-03T11:00:00Z
         c bet_placed 10 GBP odds=1.5 funds=bonus @2011-01-03T10:00:00Z
         d bet_settled 15 of=c result=won @2011-01-03T11:00:00Z
         e bet_placed 10 GBP odds=1.5 @2011-01-03T10:00:00Z
         f bet_settled 15 of=e result=won provisional=true @2011-01-03T11:00:00Z
         g bet_settled 15 of=e result=won @2011-01-03T12:00:00Z",
        &["s/f: points_earned xp 15 s"],
    );
}

#[test]
fn rule_13_goals_and_windows_of_every_kind() {
    scenario("17_goal_kinds");
    scenario("22_distinct_values_come_and_go");
    scenario("26_iso_weeks_and_month_caps");
    // A local day of 25 hours, and one of 23.
    let world = check(
        "missions: [{id: m, goal: {count: order, target: 9}, window: day}]",
        "a order 1 GBP @2011-10-29T23:00:00Z
         b order 1 GBP @2011-10-30T23:59:59Z",
        &[],
    );
    assert_eq!(
        shown(&world, "/missions/m"),
        r#"{"completed":0,"period":"2011-10-30","progress":"2"}"#
    );
    let world = check(
        "missions: [{id: m, goal: {count: order, target: 9}, window: day}]",
        "a order 1 GBP @2011-03-27T00:00:00Z
         b order 1 GBP @2011-03-27T22:59:59Z
         c order 1 GBP @2011-03-27T23:00:00Z",
        &[],
    );
    assert_eq!(
        shown(&world, "/missions/m"),
        r#"{"completed":0,"period":"2011-03-28","progress":"1"}"#
    );
}

#[test]
fn rule_14_a_mission_completes_once_in_a_period_in_the_step_of_the_event() {
    check(
        "missions: [{id: m, goal: {count: order, target: 2}, window: month}]",
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-03T11:00:00Z
         c order 1 GBP @2011-01-03T12:00:00Z
         d order 1 GBP @2011-01-03T13:00:00Z
         e order 1 GBP @2011-02-03T10:00:00Z
         f order 1 GBP @2011-02-03T11:00:00Z",
        &[
            "s/b: mission_completed m 2011-01",
            "s/f: mission_completed m 2011-02",
        ],
    );
}

#[test]
fn rule_15_many_events_on_one_day_are_one_day() {
    let world = check(
        "missions: [{id: m, goal: {streak: day, of: order, target: 9}}]",
        "a order 1 GBP @2011-01-03T00:00:00Z
         b order 1 GBP @2011-01-03T23:59:59Z
         c order 1 GBP @2011-01-04T10:00:00Z",
        &[],
    );
    assert_eq!(shown(&world, "/missions/m/progress"), "2");
    scenario("10_streaks_and_freezes");
}

#[test]
fn rule_16_a_jump_over_levels_is_one_change() {
    scenario("24_levels_and_their_rewards");
    scenario("13_tiers_up_down_and_reversed");
}

#[test]
fn rule_17_what_is_due_by_time_alone_happens_without_an_event() {
    scenario("34_points_pending_held_spent_expired");
    scenario("40_rolling_tiers");
}

#[test]
fn rule_19_why_an_event_did_or_did_not_count_is_stored_rule_by_rule() {
    let world = check(
        "points: {xp: {kind: status, cap: [{points: 5, per: day}]}}
weights: {game: {zero: 0%}}
earn:
  - {id: counted, on: bet_placed, give: {points: xp, rate: 1}}
  - {id: false, on: bet_placed, give: {points: xp, rate: 1}, when: event.amount < 1}
  - {id: error, on: bet_placed, give: {points: xp, rate: 1}, when: event.attributes.odds > 1}
  - {id: absent, on: bet_placed, give: {points: xp, rate: 1, of: attributes.lines}}
missions:
  - {id: some, goal: {count: bet_placed, target: 9}}
  - {id: after, goal: {count: bet_placed, target: 9}, after: [some]}
  - {id: joined, goal: {count: bet_placed, target: 9}, start: opt_in}
  - {id: uk, goal: {count: bet_placed, target: 9}, audience: player.tier == \"x\"}
  - {id: past, goal: {count: bet_placed, target: 9}, until: 2011-01-01T00:00}
  - {id: step, goal: {steps: [{count: order, target: 1}, {count: bet_placed, target: 1}]}}",
        "a bet_placed 5 GBP @2011-01-03T10:00:00Z
         b bet_placed 5 GBP @2011-01-03T10:00:00Z
         c bet_placed 5 GBP game=zero @2011-01-03T10:00:00Z",
        &["s/a: points_earned xp 5 counted"],
    );
    let of_missions = [
        "some: counted",
        "after: prerequisite_missing",
        "joined: not_opted_in",
        "uk: when_error",
        "past: not_available",
        "step: not_its_step",
    ];
    let rules = [
        "counted: counted",
        "false: when_false",
        "error: when_error",
        "absent: no_amount",
    ];
    let expected: Vec<&str> = rules.into_iter().chain(of_missions).collect();
    assert_eq!(reasons(&world, "a"), expected);
    assert_eq!(reasons(&world, "b")[0], "counted: cap_reached");
    assert!(
        reasons(&world, "c")
            .iter()
            .all(|it| it.ends_with("weight_zero"))
    );
    assert_eq!(
        entry(&world, "a")["programme_version"],
        version(&world.programme)
    );
}

#[test]
fn rule_20_what_the_bonus_engine_says_of_a_grant_is_what_became_of_it() {
    let world = check(
        "rewards: [{id: v, kind: bonus, template: V}]
missions: [{id: m, goal: {count: order, target: 1}, reward: [{grant: v}]}]",
        "a order 1 GBP @2011-01-03T10:00:00Z
         b grant_updated of=v/m/once/1 status=wagered_out @2011-01-05T10:00:00Z
         c grant_updated of=v/m/once/1 status=credited @2011-01-04T10:00:00Z recorded=2011-01-06T10:00:00Z
         d grant_updated of=v/m/once/1 status=wagered_out @2011-01-05T10:00:00Z recorded=2011-01-07T10:00:00Z
         e grant_updated of=v/m/once/2 status=failed @2011-01-08T10:00:00Z",
        &["s/a: mission_completed m once", "s/a: grant_offered v m once requested"],
    );
    let (id, player) = world.players.iter().next().unwrap();
    let subject = progression::Subject {
        brand: world.brand(),
        player: id,
    };
    let view = progression::view(&world.programme, &player.state, subject, world.now);
    let grants: Vec<(&str, &str)> = view
        .grants
        .iter()
        .map(|it| (&*it.grant_id, it.status))
        .collect();
    assert_eq!(grants, [("v/m/once/1", "wagered_out")]);
}

#[test]
fn rule_22_a_restricted_player_is_caught_up_with_nothing() {
    scenario("33_restricted_players_earn_nothing");
}

#[test]
fn rule_23_consent_is_a_profiles_and_decides_nothing_here() {
    check(
        XP,
        "p profile_changed consent={\"marketing\":false} @2011-01-03T09:00:00Z
         a order 1 GBP @2011-01-03T10:00:00Z",
        &["s/a: points_earned xp 1 r"],
    );
}

fn version(programme: &Programme) -> &str {
    &programme.version.0
}

fn entries(world: &crate::harness::World) -> Vec<Entry> {
    world
        .players
        .values()
        .flat_map(|player| player.journal())
        .collect()
}

/// The journal's entry of an event, as readers see it.
fn entry(world: &crate::harness::World, id: &str) -> Value {
    let entries = entries(world);
    let found = entries.iter().find(|entry| entry.id.as_str() == id);
    serde_json::from_slice(&entry_json(found.unwrap())).unwrap()
}

/// Why each rule and mission did, or did not, count an event.
fn reasons(world: &crate::harness::World, id: &str) -> Vec<String> {
    let entry = entry(world, id);
    let all = entry["rules"].as_array().unwrap().iter();
    let one = |it: &Value| {
        let name = it["rule"]
            .as_str()
            .or_else(|| it["mission"].as_str())
            .unwrap();
        format!("{name}: {}", it["reason"].as_str().unwrap())
    };
    all.map(one).collect()
}
