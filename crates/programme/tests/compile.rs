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
fn the_programme_by_which_the_language_was_designed_compiles() {
    let source = include_str!("programmes/summer.yaml");
    let compiled = programme::compile("summer.yaml", source);
    assert!(compiled.is_ok(), "{}", compiled.expect_err("errors"));
}
