//! What came of a run, as JSON with a schema; and the verdict.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Findings;
use crate::deliveries::Deliveries;
use crate::latency::Summary;
use crate::ledger::Ledger;
use crate::scenario::Scenario;
use crate::stream::Run;
use crate::thresholds::{self, Bar};

/// The version of the form.
pub const SCHEMA: u32 = 1;
/// Figures that count, and so hold even where the tool was too slow to time anything.
const COUNTS: [&str; 8] = [
    "lost",
    "doubled",
    "reordered",
    "wrong",
    "unexpected",
    "refused",
    "unknown",
    "undecided_players",
];

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
        let latencies = BTreeMap::from([
            (
                "intended_to_accepted".to_owned(),
                ledger.response.measured().summary(),
            ),
            ("sent_to_accepted".to_owned(), ledger.service.summary()),
            (
                "accepted_to_delivered".to_owned(),
                deliveries.accepted_to_delivered.measured().summary(),
            ),
            (
                "intended_to_delivered".to_owned(),
                deliveries.intended_to_delivered.measured().summary(),
            ),
            ("lag".to_owned(), ledger.lag.summary()),
        ]);
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

/// How the tool was the limit, if it was.
fn limits(scenario: &Scenario, figures: &BTreeMap<String, f64>) -> Vec<String> {
    let tool = scenario.text.tool;
    let value = |name: &str| figures.get(name).copied().unwrap_or_default();
    let mut limits = Vec::new();
    if value("lag.p99_ms") > tool.lag_p99_ms {
        limits.push(format!(
            "its own requests started late: p99 {:.1} ms, at most {} ms",
            value("lag.p99_ms"),
            tool.lag_p99_ms
        ));
    }
    if value("busy") > tool.busy {
        limits.push(format!(
            "its sending thread computed {:.0} % of the time, at most {:.0} %",
            value("busy") * 100.0,
            tool.busy * 100.0
        ));
    }
    if value("skipped") > tool.skipped as f64 {
        limits.push(format!(
            "{} events were not sent, since max_in_flight = {} was reached",
            value("skipped"),
            scenario.text.max_in_flight
        ));
    }
    limits
}

fn judged(bar: &Bar, figures: &BTreeMap<String, f64>) -> BarResult {
    let value = figures.get(&bar.figure).copied();
    BarResult {
        figure: bar.figure.clone(),
        bar: crate::tables::limit(bar),
        value,
        // What is not measured is not met: a misspelt bar must not pass.
        met: value.is_some_and(|value| bar.verdict(value) == thresholds::Verdict::Met),
    }
}

/// A count that is missed is a failure whatever the tool was; a time is one only where the tool kept up.
fn verdict(bars: &[BarResult], limits: Vec<String>) -> (Verdict, Vec<String>) {
    let missed = bars.iter().filter(|bar| !bar.met);
    let (counts, times): (Vec<_>, Vec<_>) =
        missed.partition(|bar| bar.value.is_none() || COUNTS.contains(&bar.figure.as_str()));
    let said = |bar: &&BarResult| {
        let value = bar
            .value
            .map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
        format!("{} is {value}, and has to be {}", bar.figure, bar.bar)
    };
    let mut reasons: Vec<String> = counts.iter().map(said).collect();
    let is_limited = !limits.is_empty();
    reasons.extend(limits);
    if !counts.is_empty() {
        return (Verdict::Failed, reasons);
    }
    if is_limited {
        return (Verdict::Invalid, reasons);
    }
    reasons.extend(times.iter().map(said));
    match times.is_empty() {
        true => (Verdict::Pass, reasons),
        false => (Verdict::Failed, reasons),
    }
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
    use super::{BarResult, Outcome, Verdict, verdict};

    fn bar(figure: &str, value: Option<f64>, met: bool) -> BarResult {
        BarResult {
            figure: figure.to_owned(),
            bar: "<= 1".to_owned(),
            value,
            met,
        }
    }

    #[test]
    fn a_missed_count_fails_whatever_the_tool_was_and_a_time_only_where_it_kept_up() {
        let late = || vec!["late".to_owned()];
        let (lost, slow) = (
            bar("lost", Some(2.0), false),
            bar("lag.p99_ms", Some(2.0), false),
        );
        let table = [
            (vec![bar("lost", Some(0.0), true)], vec![], Verdict::Pass),
            (vec![lost.clone()], vec![], Verdict::Failed),
            (vec![lost], late(), Verdict::Failed),
            (vec![slow.clone()], vec![], Verdict::Failed),
            (vec![slow], late(), Verdict::Invalid),
            (vec![], late(), Verdict::Invalid),
            (vec![bar("lots", None, false)], late(), Verdict::Failed),
        ];
        for (bars, limits, expected) in table {
            let (found, reasons) = verdict(&bars, limits);
            assert_eq!(found, expected, "{bars:?}");
            assert_eq!(reasons.is_empty(), expected == Verdict::Pass);
        }
    }

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
