//! The steady scenario in small, against this binary: what every accepted event has to cause comes, once, in order, as it has to be.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

use std::path::Path;

use loadtest::outcome::{Outcome, SCHEMA};
use loadtest::rig;
use loadtest::run::{listen, run};
use loadtest::scenario::Scenario;
use loadtest::server::LOOPBACK;

/// The scenario for two seconds, at 200 events a second.
fn small() -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../loadtest/scenarios/steady.toml");
    let mut scenario = Scenario::read(&file).unwrap().times(0.04);
    scenario.text.warm_up_s = 0.0;
    scenario.text.lasts_s = 2.0;
    // The server has the same clock, so a run beside a quarter of an hour leaves hardly anyone undecided.
    scenario.text.clock_skew_ms = 1;
    scenario
}

async fn ran(scenario: &Scenario) -> Outcome {
    let (folder, binary) = (
        tempfile::tempdir().unwrap(),
        Path::new(env!("CARGO_BIN_EXE_questline")),
    );
    let (sink, address) = listen(LOOPBACK).unwrap();
    let (_server, target) = rig::start(scenario, Some(binary), folder.path(), address)
        .await
        .unwrap();
    run(scenario, &target, &sink, 1, |_| {}).await.unwrap()
}

#[tokio::test]
async fn what_accepted_events_have_to_cause_comes_once_in_order_and_as_it_has_to_be() {
    let outcome = ran(&small()).await;
    for figure in [
        "lost",
        "doubled",
        "reordered",
        "wrong",
        "unexpected",
        "refused",
    ] {
        assert_eq!(outcome.figures[figure], 0.0, "{figure}: {outcome:#?}");
    }
    for figure in ["due", "accepted", "expected", "delivered"] {
        assert!(outcome.figures[figure] > 0.0, "{figure}: {outcome:#?}");
    }

    let written = serde_json::to_string(&outcome).unwrap();
    let read: Outcome = serde_json::from_str(&written).unwrap();
    assert_eq!(
        (read.schema, &read.run, read.findings),
        (SCHEMA, &outcome.run, outcome.findings)
    );
}
