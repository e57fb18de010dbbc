use serde_json::json;

use super::page;
use crate::outcome::Outcome;

/// A run of two seconds in which every text is hostile.
fn outcome() -> Outcome {
    let hostile = "<script src='http://x'>&\"";
    let summary = json!({"count": 4, "p50_ms": 1.0, "p90_ms": 2.0, "p99_ms": 3.0, "p99_9_ms": 4.0, "max_ms": 5.0});
    let second = |second: u64, accepted: u64| {
        json!({
            "second": second, "due": 200, "accepted": accepted, "skipped": 0, "delivered": 50,
            "intended_to_accepted": summary, "accepted_to_delivered": summary,
        })
    };
    let outcome = json!({
        "schema": 1, "version": hostile, "scenario": hostile, "about": hostile, "seed": 1, "run": hostile, "started": hostile,
        "took_s": 2.0, "verdict": "failed", "reasons": [hostile],
        "bars": [
            {"figure": hostile, "bar": hostile, "value": 1.0, "met": false},
            {"figure": "lost", "bar": "<= 0", "value": null, "met": false},
        ],
        "figures": {hostile: 1.0, "accepted": 300.0, "lag.p99_ms": 77.0},
        "latencies": {hostile: summary},
        "distributions": {"accepted_to_delivered": [{"share": 0.0, "ms": 1.0}, {"share": 0.9, "ms": 4.0}], hostile: []},
        "findings": {
            "expected": 1, "delivered": 0, "lost": 1, "doubled": 0, "reordered": 0, "wrong": 0, "unexpected": 0, "players": 1,
            "undecided_players": 0,
            "examples": [{"what": hostile, "player": hostile, "expected": hostile, "delivered": null}],
        },
        "first_refusal": hostile,
        "seconds": [second(0, 100), second(1, 200)],
    });
    serde_json::from_value(outcome).unwrap()
}

#[test]
fn every_text_is_escaped_and_nothing_comes_from_elsewhere() {
    let page = page(&outcome());
    let safe = "&lt;script src=&#39;http://x&#39;&gt;&amp;&quot;";
    // Title, heading, about, started, run, version, reason, refusal, two of the bar, figure, latency, three of the example.
    assert_eq!(page.matches(safe).count(), 15, "{page}");
    for elsewhere in ["<script", "<link", "<img", "href=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}: {page}");
    }
}

#[test]
fn the_page_has_the_verdict_the_bars_the_counts_and_a_line_for_each_series() {
    let page = page(&outcome());
    for said in [
        "<span class=\"FAILED\">FAILED</span>",
        "<td>lost</td><td class=\"n\">not measured</td><td class=\"n\">&lt;= 0</td><td class=\"n\">MISSED</td>",
        "<td>accepted</td><td class=\"n\">300.00</td>",
        // Accepted: 100 of 200 is half the height, then all of it.
        "points=\"60.0,116.0 900.0,36.0\"",
        // A quarter of the longest, then all of it.
        "points=\"60.0,156.0 900.0,36.0\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(page.matches("<polyline").count(), 13);
}
