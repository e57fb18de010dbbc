//! Whole programmes: those that compile, and those that are refused.

use std::path::Path;

fn programme(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    std::fs::read_to_string(folder.join(name)).expect("a readable programme")
}

#[test]
fn what_is_carried_out_compiles() {
    for name in [
        "01_micro_points_and_weights.yaml",
        "02_boosts_and_caps.yaml",
        "03_partial_refunds_do_not_drift.yaml",
        "04_cancellation_without_an_order.yaml",
        "05_reversal_before_the_original.yaml",
        "06_identity_and_refusals.yaml",
        "08_late_events_count_now.yaml",
    ] {
        let source = programme(name);
        let compiled = programme::compile(name, &source);
        assert!(compiled.is_ok(), "{}", compiled.unwrap_err());
    }
}

#[test]
fn what_is_not_carried_out_yet_is_refused_with_a_sentence() {
    let table: &[(&str, &[&str])] = &[
        (
            "10_streaks_and_freezes.yaml",
            &[
                "streak goals are not carried out by this version yet",
                "streak goals are not carried out by this version yet",
            ],
        ),
        (
            "13_tiers_up_down_and_reversed.yaml",
            &[
                "qualification periods other than `lifetime` are not carried out by this version yet",
                "downgrades are not carried out by this version yet",
                "a grace before a downgrade is not carried out by this version yet",
            ],
        ),
        (
            "16_claims_limits_opt_in_prerequisites.yaml",
            &[
                "rewards that a player claims are not carried out by this version yet",
                "limits of completions are not carried out by this version yet",
                "missions that a player opts in to are not carried out by this version yet",
                "the stock of a reward is not carried out by this version yet",
            ],
        ),
        (
            "17_goal_kinds.yaml",
            &[
                "goals of steps are not carried out by this version yet",
                "windows of the kind `7d after start` are not carried out by this version yet",
            ],
        ),
    ];
    for (name, expected) in table {
        let refused = programme::compile(name, &programme(name)).unwrap_err();
        let messages: Vec<_> = refused.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, *expected, "{name}");
    }
}
