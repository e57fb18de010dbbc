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
fn each_word_that_is_not_carried_out_yet_is_refused_by_itself() {
    let mission =
        |rest: &str| format!("missions: [{{id: m, goal: {{count: order, target: 1}}, {rest}}}]");
    let table = [(
        mission("on_change: reset"),
        "policies for changes other than `keep` are",
    )];
    for (part, what) in table {
        let points = if part.contains("points:") {
            ""
        } else {
            "points: {xp: {kind: status}}\n"
        };
        let source = format!("programme: t\nbrand: b\ncurrency: GBP\n{points}{part}\n");
        let refused = programme::compile("t.yaml", &source).expect_err(&source);
        let messages: Vec<_> = refused.iter().map(|one| one.message.as_str()).collect();
        let sentence = format!("{what} not carried out by this version yet");
        assert_eq!(messages, [sentence], "{part}");
    }
}
