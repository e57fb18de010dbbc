//! What came of a run, as JSON with a schema; and the verdict.

mod judge;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Findings;
use crate::deliveries::Deliveries;
use crate::latency::{Latency, Quantile, Summary};
use crate::ledger::Ledger;
use crate::scenario::Scenario;
use crate::stream::Run;
use judge::{judged, limits, verdict};

/// The version of the form.
pub const SCHEMA: u32 = 1;
/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every bar is met.
    Pass,
    /// A bar is missed.
    Failed,
    /// The tool was the limit: what it timed says nothing of the server.
    Invalid,
}

impl Verdict {
    /// The code that the process ends with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Invalid => 3,
        }
    }

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Failed => "FAILED",
            Self::Invalid => "INVALID",
        }
    }
}

/// The result of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Version of this form.
    pub schema: u32,
    /// Version of the tool.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// What it is about.
    pub about: String,
    /// The seed.
    pub seed: u64,
    /// What told the run from others, in hexadecimal.
    pub run: String,
    /// When it started.
    pub started: String,
    /// From the first request to the last answer, in seconds.
    pub took_s: f64,
    /// How it ended.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// Every bar.
    pub bars: Vec<BarResult>,
    /// Every figure that a bar can be on.
    pub figures: BTreeMap<String, f64>,
    /// Latencies by name.
    pub latencies: BTreeMap<String, Summary>,
    /// Their distributions.
    #[serde(default)]
    pub distributions: BTreeMap<String, Vec<Quantile>>,
    /// The comparison with what had to come.
    pub findings: Findings,
    /// Why the first event that was not taken was not.
    pub first_refusal: Option<String>,
    /// Second by second.
    pub seconds: Vec<Second>,
}

/// A bar and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BarResult {
    /// The figure.
    pub figure: String,
    /// The bound, for people.
    pub bar: String,
    /// What was measured; absent: nothing.
    pub value: Option<f64>,
    /// Whether it is met.
    pub met: bool,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Second {
    /// Counted from 0.
    pub second: usize,
    /// Events due.
    pub due: u64,
    /// Events accepted.
    pub accepted: u64,
    /// Events skipped.
    pub skipped: u64,
    /// Emissions delivered.
    pub delivered: u64,
    /// From the intended start to the answer.
    pub intended_to_accepted: Summary,
    /// From the acceptance to the delivery.
    pub accepted_to_delivered: Summary,
}

/// What a run measured.
#[derive(Debug)]
pub struct Measured<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// Which run.
    pub run: Run,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Share of its time that the sending thread computed.
    pub busy: f64,
    /// What was sent.
    pub ledger: &'a Ledger,
    /// What the comparison found.
    pub findings: Findings,
}

impl Outcome {
    /// Puts everything together, and judges.
    pub fn of(measured: Measured<'_>, deliveries: &Deliveries) -> Self {
        let Measured {
            scenario,
            run,
            took,
            busy,
            ledger,
            findings,
        } = measured;
        let recorded: [(&str, &Latency); 5] = [
            ("intended_to_accepted", ledger.response.measured()),
            ("sent_to_accepted", &ledger.service),
            (
                "accepted_to_delivered",
                deliveries.accepted_to_delivered.measured(),
            ),
            (
                "intended_to_delivered",
                deliveries.intended_to_delivered.measured(),
            ),
            ("lag", &ledger.lag),
        ];
        let named = |(name, latency): (&str, &Latency)| (name.to_owned(), latency.summary());
        let latencies = recorded.into_iter().map(named).collect();
        let named = |(name, latency): (&str, &Latency)| (name.to_owned(), latency.distribution());
        let distributions = recorded.into_iter().map(named).collect();
        let figures = figures(&latencies, ledger, &findings, took, busy);
        let limits = limits(scenario, &figures);
        let bars: Vec<BarResult> = scenario
            .text
            .bars
            .iter()
            .map(|bar| judged(bar, &figures))
            .collect();
        let (verdict, reasons) = verdict(&bars, limits);
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.text.name.clone(),
            about: scenario.text.about.clone(),
            seed: run.seed,
            run: format!("{:x}", run.id),
            started: run.started.to_string(),
            took_s: took.as_secs_f64(),
            verdict,
            reasons,
            bars,
            figures,
            latencies,
            distributions,
            findings,
            first_refusal: ledger.first_reason.clone(),
            seconds: seconds(ledger, deliveries),
        }
    }
}

fn figures(
    latencies: &BTreeMap<String, Summary>,
    ledger: &Ledger,
    findings: &Findings,
    took: Duration,
    busy: f64,
) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    for (name, summary) in latencies {
        for (quantile, value) in [
            ("p50_ms", summary.p50_ms),
            ("p90_ms", summary.p90_ms),
            ("p99_ms", summary.p99_ms),
            ("p99_9_ms", summary.p99_9_ms),
            ("max_ms", summary.max_ms),
        ] {
            figures.insert(format!("{name}.{quantile}"), value);
        }
    }
    let accepted = ledger.accepted.sum();
    for (name, count) in [
        ("due", ledger.due.sum()),
        ("accepted", accepted),
        ("refused", ledger.refused.sum()),
        ("unknown", ledger.unknown.sum()),
        ("skipped", ledger.skipped.sum()),
        ("expected", findings.expected),
        ("delivered", findings.delivered),
        ("lost", findings.lost),
        ("doubled", findings.doubled),
        ("reordered", findings.reordered),
        ("wrong", findings.wrong),
        ("unexpected", findings.unexpected),
        ("undecided_players", findings.undecided_players),
    ] {
        figures.insert(name.to_owned(), count as f64);
    }
    figures.insert(
        "accepted_per_second".to_owned(),
        accepted as f64 / took.as_secs_f64(),
    );
    figures.insert("busy".to_owned(), busy);
    figures
}

fn seconds(ledger: &Ledger, deliveries: &Deliveries) -> Vec<Second> {
    let last = ledger
        .accepted
        .seconds()
        .max(deliveries.delivered.seconds());
    (0..last.max(ledger.due.seconds()))
        .map(|second| Second {
            second,
            due: ledger.due.in_second(second),
            accepted: ledger.accepted.in_second(second),
            skipped: ledger.skipped.in_second(second),
            delivered: deliveries.delivered.in_second(second),
            intended_to_accepted: ledger.response.in_second(second),
            accepted_to_delivered: deliveries.accepted_to_delivered.in_second(second),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn the_schema_in_the_repository_is_that_of_the_result() {
        let schema = serde_json::to_value(schemars::schema_for!(Outcome)).unwrap();
        let kept: serde_json::Value =
            serde_json::from_str(include_str!("../outcome.schema.json")).unwrap();
        assert_eq!(
            schema, kept,
            "questline-load schema > loadtest/outcome.schema.json"
        );
    }
}
