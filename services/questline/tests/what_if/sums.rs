//! What missions, rewards and points come to, in a simulation and in a report.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::stored::Stored;
use crate::support::{arg, run, stdout_of};

/// What the emissions of a simulation come to: completions, grants and points that stand.
pub(super) fn simulated(stored: &Stored, programme: &Path) -> BTreeMap<String, i64> {
    let out = tempfile::tempdir().unwrap();
    let emissions = out.path().join("emissions.jsonl");
    stdout_of(run([
        "simulate",
        "--programme",
        arg(programme),
        "--events",
        arg(&stored.events),
        "--emissions-out",
        arg(&emissions),
    ]));
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for line in fs::read_to_string(&emissions).unwrap().lines() {
        let said: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap_or("");
        let amount = || text("amount").parse::<i64>().unwrap();
        let (name, more) = match text("type") {
            "mission_completed" => (text("mission"), 1),
            "mission_reopened" => (text("mission"), -1),
            "grant_offered" => (text("grant"), 1),
            "grant_revoked" => (text("grant"), -1),
            "points_earned" => (text("points"), amount()),
            "points_reversed" => (text("points"), -amount()),
            _ => continue,
        };
        *sums.entry(name.to_owned()).or_default() += more;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The same of one side of a report.
pub(super) fn reported(report: &Value, side: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for list in ["missions", "rewards", "points"] {
        for one in report[list].as_array().unwrap() {
            let value = &one[side];
            let text = value.as_str().map(|text| text.parse::<i64>().unwrap());
            if let Some(value) = value.as_i64().or(text).filter(|value| *value != 0) {
                sums.insert(one["id"].as_str().unwrap().to_owned(), value);
            }
        }
    }
    sums
}
