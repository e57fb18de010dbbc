//! The verdict: bars, and whether the tool was the limit.

use std::collections::BTreeMap;

use super::{BarResult, Verdict};
use crate::scenario::Scenario;
use crate::thresholds::{self, Bar};

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

/// How the tool was the limit, if it was.
pub(super) fn limits(scenario: &Scenario, figures: &BTreeMap<String, f64>) -> Vec<String> {
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

pub(super) fn judged(bar: &Bar, figures: &BTreeMap<String, f64>) -> BarResult {
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
pub(super) fn verdict(bars: &[BarResult], limits: Vec<String>) -> (Verdict, Vec<String>) {
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

#[cfg(test)]
mod tests {
    use super::{BarResult, Verdict, verdict};

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
}
