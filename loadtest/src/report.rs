//! A result as one HTML page that needs nothing else: no script, no font, no image from anywhere.

mod plot;

use std::fmt::Display;

use crate::latency::{STEPS_A_NINE, Summary};
use crate::outcome::{BarResult, Outcome, Second};
use plot::{Line, Plot};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}\
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;border-bottom:1px solid #d7dce1;text-align:left}\
td.n{text-align:right;font-variant-numeric:tabular-nums}.PASS{color:#18733b}.FAILED,.missed{color:#b3261e}.INVALID{color:#8a5a00}\
svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#57606a}";

/// The page.
pub fn page(outcome: &Outcome) -> String {
    let verdict = outcome.verdict.as_str();
    let reasons = outcome.reasons.iter();
    let reasons: String = reasons
        .map(|why| format!("<li>{}</li>", escaped(why)))
        .collect();
    let refusal = outcome.first_refusal.iter();
    let refusal: String = refusal
        .map(|why| format!("<p>The first that was not taken: {}</p>", escaped(why)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}: {verdict}</title><style>{STYLE}</style></head>\n\
         <body><h1>{name}: <span class=\"{verdict}\">{verdict}</span></h1>\n<p>{about}</p>\n\
         <p>Started {started}, took {took:.1} s; seed {seed}, run {run}, version {version}.</p>\n<ul>{reasons}</ul>\n{refusal}\
         <h2>Bars</h2>\n{bars}\n<h2>Second by second</h2>\n{plots}\n<h2>Latencies</h2>\n{distributions}\n{latencies}\n\
         <h2>Figures</h2>\n{figures}\n{examples}</body></html>\n",
        name = escaped(&outcome.scenario),
        about = escaped(&outcome.about),
        started = escaped(&outcome.started),
        took = outcome.took_s,
        seed = outcome.seed,
        run = escaped(&outcome.run),
        version = escaped(&outcome.version),
        bars = bars(&outcome.bars),
        plots = plots(&outcome.seconds),
        distributions = distributions(outcome),
        latencies = latencies(outcome),
        figures = figures(outcome),
        examples = examples(outcome),
    )
}

/// Text that stands as itself in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A table of texts; all but the first column are figures.
fn table<T: Display>(heads: &[&str], rows: impl Iterator<Item = (String, Vec<T>)>) -> String {
    let heads: String = heads.iter().map(|it| format!("<th>{it}</th>")).collect();
    let rows: String = rows
        .map(|(name, cells)| {
            let cells: String = cells
                .iter()
                .map(|cell| format!("<td class=\"n\">{}</td>", escaped(&cell.to_string())))
                .collect();
            format!("<tr><td>{}</td>{cells}</tr>", escaped(&name))
        })
        .collect();
    format!("<table><tr>{heads}</tr>{rows}</table>")
}

fn bars(bars: &[BarResult]) -> String {
    let rows = bars.iter().map(|bar| {
        let value = bar
            .value
            .map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
        let met = if bar.met { "met" } else { "MISSED" };
        (
            bar.figure.clone(),
            vec![value, bar.bar.clone(), met.to_owned()],
        )
    });
    table(&["figure", "measured", "bar", ""], rows)
}

fn plots(seconds: &[Second]) -> String {
    let count = |name, of: fn(&Second) -> u64| {
        let values = seconds.iter().map(|second| of(second) as f64);
        Line::new(name, values.collect())
    };
    let quantiles = |of: fn(&Second) -> Summary| {
        let line = |name, quantile: fn(Summary) -> f64| {
            let values = seconds.iter().map(|second| quantile(of(second)));
            Line::new(name, values.collect())
        };
        vec![
            line("p50", |it| it.p50_ms),
            line("p90", |it| it.p90_ms),
            line("p99", |it| it.p99_ms),
            line("max", |it| it.max_ms),
        ]
    };
    let rates = vec![
        count("due", |it| it.due),
        count("accepted", |it| it.accepted),
        count("skipped", |it| it.skipped),
        count("delivered", |it| it.delivered),
    ];
    let drawn = [
        ("events and emissions a second", rates),
        (
            "intended start to accepted, ms",
            quantiles(|it| it.intended_to_accepted),
        ),
        (
            "accepted to delivered, ms",
            quantiles(|it| it.accepted_to_delivered),
        ),
    ];
    let last = seconds.len().saturating_sub(1).max(1);
    let marks = vec![(0, "0 s".to_owned()), (last, format!("{last} s"))];
    drawn
        .into_iter()
        .map(|(title, lines)| {
            let marks = marks.clone();
            Plot {
                title,
                lines,
                marks,
            }
            .svg()
        })
        .collect()
}

/// How long the fastest of each share took; each nine takes as much room as the one before.
fn distributions(outcome: &Outcome) -> String {
    let line = |name: &'static str| {
        let points = outcome.distributions.get(name)?.iter();
        Some(Line::new(name, points.map(|point| point.ms).collect()))
    };
    let lines: Vec<Line> = [
        "sent_to_accepted",
        "intended_to_accepted",
        "accepted_to_delivered",
    ]
    .into_iter()
    .filter_map(line)
    .collect();
    if lines.is_empty() {
        return String::new();
    }
    let nines = (0..).step_by(STEPS_A_NINE as usize);
    let marks = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"].map(str::to_owned);
    let plot = Plot {
        title: "ms that so many took at most",
        lines,
        marks: nines.zip(marks).collect(),
    };
    plot.svg()
}

fn latencies(outcome: &Outcome) -> String {
    let rows = outcome.latencies.iter().map(|(name, it)| {
        let ms = [it.p50_ms, it.p90_ms, it.p99_ms, it.p99_9_ms, it.max_ms];
        let mut cells = vec![it.count.to_string()];
        cells.extend(ms.iter().map(|ms| format!("{ms:.2}")));
        (name.clone(), cells)
    });
    let heads = ["ms", "count", "p50", "p90", "p99", "p99.9", "max"];
    table(&heads, rows)
}

fn figures(outcome: &Outcome) -> String {
    let counts = outcome
        .figures
        .iter()
        .filter(|(name, _)| !name.ends_with("_ms"));
    let rows = counts.map(|(name, value)| (name.clone(), vec![format!("{value:.2}")]));
    table(&["figure", "measured"], rows)
}

fn examples(outcome: &Outcome) -> String {
    if outcome.findings.examples.is_empty() {
        return String::new();
    }
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let rows = outcome.findings.examples.iter().map(|it| {
        let cells = vec![it.player.clone(), said(&it.expected), said(&it.delivered)];
        (it.what.clone(), cells)
    });
    let found = table(&["", "player", "had to come", "came"], rows);
    format!("<h2>Found</h2>\n{found}\n")
}

#[cfg(test)]
mod tests;
