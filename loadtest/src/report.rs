//! A result as one HTML page that needs nothing else: no script, no font, no image from anywhere.

use page::{Line, Plot, document, escaped, table};

use crate::latency::Summary;
use crate::outcome::{BarResult, Outcome, Second};

const STYLE: &str = ".PASS{color:#18733b}.FAILED,.missed{color:#b3261e}.INVALID{color:#8a5a00}";

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
    let body = format!(
        "<h1>{name}: <span class=\"{verdict}\">{verdict}</span></h1>\n<p>{about}</p>\n\
         <p>Started {started}, took {took:.1} s; seed {seed}, run {run}, version {version}.</p>\n<ul>{reasons}</ul>\n{refusal}\
         <h2>Bars</h2>\n{bars}\n<h2>Second by second</h2>\n{plots}\n<h2>Latencies</h2>\n{latencies}\n\
         <h2>Figures</h2>\n{figures}\n{examples}",
        name = escaped(&outcome.scenario),
        about = escaped(&outcome.about),
        started = escaped(&outcome.started),
        took = outcome.took_s,
        seed = outcome.seed,
        run = escaped(&outcome.run),
        version = escaped(&outcome.version),
        bars = bars(&outcome.bars),
        plots = plots(&outcome.seconds),
        latencies = latencies(outcome),
        figures = figures(outcome),
        examples = examples(outcome),
    );
    let title = format!("{}: {verdict}", outcome.scenario);
    document(&title, STYLE, &body)
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
    drawn
        .into_iter()
        .map(|(title, lines)| Plot { title, lines }.svg())
        .collect()
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
