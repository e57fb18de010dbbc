//! The scenarios that were worked out by hand: `examples/scenarios/*/WHY.md` has the reasoning.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{World, bare};

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/scenarios")
        .join(name);
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let lines = |file: &str| -> Vec<Value> {
        let text = text(file);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    for passivating in [false, true] {
        let mut world = World::new(&text("programme.yaml"));
        world.passivating = passivating;
        world.run(&text("events.jsonl"));
        if let Ok(until) = fs::read_to_string(folder.join("until.txt")) {
            world.until(until.trim().parse().unwrap());
        }
        let emissions: Vec<Value> = world.emissions.iter().map(bare).collect();
        assert_eq!(emissions, lines("expected_emissions.jsonl"), "{name}");
        assert_eq!(world.lines(), lines("expected_players.jsonl"), "{name}");
    }
}

#[test]
fn micro_points_and_weights() {
    check("01_micro_points_and_weights");
}

#[test]
fn boosts_and_caps() {
    check("02_boosts_and_caps");
}

#[test]
fn partial_refunds_do_not_drift() {
    check("03_partial_refunds_do_not_drift");
}

#[test]
fn cancellation_without_an_order() {
    check("04_cancellation_without_an_order");
}

#[test]
fn reversal_before_the_original() {
    check("05_reversal_before_the_original");
}

#[test]
fn identity_and_refusals() {
    check("06_identity_and_refusals");
}

#[test]
fn late_events_count_now() {
    check("08_late_events_count_now");
}

#[test]
fn tiers_up_down_and_reversed() {
    check("13_tiers_up_down_and_reversed");
}

#[test]
fn bets_settled_corrected_and_voided() {
    check("31_bets_settled_corrected_and_voided");
}

#[test]
fn settlements_before_their_bets() {
    check("32_settlements_before_their_bets");
}

#[test]
fn goal_kinds() {
    check("17_goal_kinds");
}

#[test]
fn runs_of_a_rolling_window() {
    check("41_runs_of_a_rolling_window");
}

#[test]
fn steps_are_gone_through_again() {
    check("42_steps_are_gone_through_again");
}

#[test]
fn restricted_players_earn_nothing() {
    check("33_restricted_players_earn_nothing");
}

#[test]
fn points_pending_held_spent_expired() {
    check("34_points_pending_held_spent_expired");
}

#[test]
fn streaks_and_freezes() {
    check("10_streaks_and_freezes");
}

#[test]
fn weeks_in_a_month_and_days_undone() {
    check("43_weeks_in_a_month_and_days_undone");
}

#[test]
fn rolling_tiers() {
    check("40_rolling_tiers");
}

#[test]
fn claims_limits_opt_in_prerequisites() {
    check("16_claims_limits_opt_in_prerequisites");
}

#[test]
fn claims_kept_taken_back_and_lapsed() {
    check("44_claims_kept_taken_back_and_lapsed");
}
