//! `questline simulate` against outputs that were worked out by hand, and against a real shop's year.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use support::{arg, assert_same_lines, counted, example, lines, questline, run, stdout_of};

/// Scenarios whose constructs this version carries out.
const SCENARIOS: &[&str] = &[
    "02_boosts_and_caps",
    "03_partial_refunds_do_not_drift",
    "04_cancellation_without_an_order",
    "05_reversal_before_the_original",
    "06_identity_and_refusals",
    "08_late_events_count_now",
    "10_streaks_and_freezes",
    "16_claims_limits_opt_in_prerequisites",
    "17_goal_kinds",
    "41_runs_of_a_rolling_window",
    "43_weeks_in_a_month_and_days_undone",
    "44_claims_kept_taken_back_and_lapsed",
];

#[test]
fn scenarios_give_what_was_worked_out_by_hand() {
    for name in SCENARIOS {
        let folder = example("scenarios").join(name);
        let out = tempfile::tempdir().unwrap();
        let (players, emissions) = (out.path().join("p.jsonl"), out.path().join("e.jsonl"));
        let file = |name: &str| folder.join(name);
        let mut simulate = questline();
        simulate
            .args(["simulate", "--programme", arg(&file("programme.yaml"))])
            .args(["--events", arg(&file("events.jsonl"))])
            .args([
                "--players-out",
                arg(&players),
                "--emissions-out",
                arg(&emissions),
            ]);
        if let Ok(until) = std::fs::read_to_string(file("until.txt")) {
            simulate.args(["--until", until.trim()]);
        }
        stdout_of(simulate.output().unwrap());
        let read = |path: &Path| lines(&std::fs::read_to_string(path).unwrap());
        let expected = read(&file("expected_players.jsonl"));
        assert_same_lines(&format!("{name}: players"), &read(&players), &expected);
        let expected = read(&file("expected_emissions.jsonl"));
        assert_same_lines(&format!("{name}: emissions"), &read(&emissions), &expected);
    }
}

#[test]
fn unreadable_lines_are_skipped_and_counted_by_reason() {
    let folder = example("scenarios/06_identity_and_refusals");
    let output = questline()
        .args([
            "simulate",
            "--programme",
            arg(&folder.join("programme.yaml")),
        ])
        .args(["--events", arg(&folder.join("events.jsonl"))])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let rejected: Vec<&str> = errors
        .lines()
        .filter_map(|line| line.strip_prefix("rejected: "))
        .collect();
    let expected = [
        "1 · bad_amount",
        "1 · bad_number",
        "1 · bad_time",
        "1 · malformed",
        "1 · no_conversion_rate",
        "2 · too_many_decimals",
        "1 · unknown_currency",
        "1 · unknown_type",
    ];
    assert_eq!(rejected, expected);
}

#[test]
fn a_shop_s_year_is_folded_the_same_each_time_and_its_journal_adds_up() {
    let out = tempfile::tempdir().unwrap();
    let shop = |name: &str| example("online-retail").join(name);
    let files =
        |run: &str| ["p", "e", "j"].map(|name| out.path().join(format!("{name}{run}.jsonl")));
    for run in ["1", "2"] {
        let [players, emissions, journal] = files(run);
        let output = questline()
            .args(["simulate", "--programme", arg(&shop("programme.yaml"))])
            .args(["--events", arg(&shop("online_retail_orders.csv.gz"))])
            .args(["--mapping", arg(&shop("mapping.yaml"))])
            .args([
                "--players-out",
                arg(&players),
                "--emissions-out",
                arg(&emissions),
            ])
            .args(["--journal-out", arg(&journal)])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        for said in [
            "22,182 events of 4,370 players",
            "rejected: 4 · too_many_decimals",
            "3,710 · no customer",
        ] {
            assert!(errors.contains(said), "{said}: {errors}");
        }
        stdout_of(output);
    }
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    for (first, second) in files("1").iter().zip(&files("2")) {
        assert_eq!(text(first), text(second), "two runs");
    }
    let [players, emissions, journal] = files("1");
    let players = lines(&text(&players));
    assert_eq!(players.len(), 4_370);
    assert_ordered(&text(&emissions));
    let emissions = lines(&text(&emissions));
    let kinds = counted(
        emissions
            .iter()
            .map(|emission| emission["type"].as_str().unwrap()),
    );
    for kind in [
        "mission_completed",
        "mission_reopened",
        "tier_changed",
        "grant_offered",
        "points_earned",
        "points_reversed",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
    // One entry for each event that said something new.
    let journal = lines(&text(&journal));
    assert_eq!(journal.len(), 22_182);
    let spoken_of = counted(
        journal
            .iter()
            .map(|entry| entry["player"].as_str().unwrap()),
    );
    assert_eq!(
        spoken_of.len(),
        players.len(),
        "each entry names its player"
    );
    balances_are_sums(&players, &emissions);
}

/// By time; ids distinct.
fn assert_ordered(emissions: &str) {
    let mut ids = std::collections::BTreeSet::new();
    let mut last = String::new();
    for line in emissions.lines() {
        let emission: Value = serde_json::from_str(line).unwrap();
        assert!(
            ids.insert(emission["id"].as_str().unwrap().to_owned()),
            "{line}"
        );
        let at = emission["at"].as_str().unwrap().to_owned();
        assert!(last <= at, "{line}");
        last = at;
    }
}

fn balances_are_sums(players: &[Value], emissions: &[Value]) {
    let micro = |value: &Value| {
        let text = value.as_str().unwrap();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{fraction:0<6}").parse::<i128>().unwrap()
    };
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for emission in emissions {
        let sum = sums
            .entry(emission["player"].as_str().unwrap())
            .or_default();
        match emission["type"].as_str().unwrap() {
            "points_earned" => *sum += micro(&emission["amount"]),
            "points_reversed" => *sum -= micro(&emission["amount"]),
            _ => {}
        }
    }
    for player in players {
        let sum = sums
            .get(player["player"].as_str().unwrap())
            .copied()
            .unwrap_or(0);
        assert_eq!(micro(&player["balances"]["xp"]), sum, "{player}");
    }
}

#[test]
fn a_run_may_end_early() {
    let folder = example("scenarios/04_cancellation_without_an_order");
    let players = stdout_of(run([
        "simulate",
        "--programme",
        arg(&folder.join("programme.yaml")),
        "--events",
        arg(&folder.join("events.jsonl")),
        "--until",
        "2011-03-02T10:00:00Z",
    ]));
    assert_eq!(lines(&players)[0]["applied"], 2);
}
