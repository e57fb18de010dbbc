//! Whole programmes: those that compile, and those that are refused.

use std::fs::{read_dir, read_to_string};
use std::path::Path;

#[test]
fn every_example_scenario_compiles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    let mut count = 0;
    for entry in read_dir(folder).expect("the scenarios") {
        let file = entry.expect("a folder").path().join("programme.yaml");
        let source = read_to_string(&file).expect("a programme");
        let compiled = programme::compile(&file.display().to_string(), &source);
        assert!(compiled.is_ok(), "{}", compiled.expect_err("errors"));
        count += 1;
    }
    assert!(count >= 7, "only {count} scenarios");
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
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/refused")
            .join(name);
        let source = read_to_string(file).expect("a programme");
        let refused = programme::compile(name, &source).expect_err("a refused programme");
        let messages: Vec<_> = refused.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, *expected, "{name}");
    }
}
