//! `examples/every-construct.yaml` over a year of real orders and a year at a casino: `simulate` says what the oracle says, the server
//! ends where `simulate` ends, and each balance is the sum of its journal.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

#[path = "every_construct/shared.rs"]
mod shared;
mod support;

use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use programme::Programme;
use serde_json::{Value, json};
use support::server::{Server, is_notified, wait_for};
use support::{arg, assert_same_lines, example, lines, questline, run, stdout_of};
use testkit::oracle;
use testkit::scenario::in_log_order;

/// Nobody listens there: grants wait.
const NOBODY: &str = "http://127.0.0.1:1";

fn programme_file() -> PathBuf {
    example("every-construct.yaml")
}

fn programme() -> Programme {
    let text = std::fs::read_to_string(programme_file()).unwrap();
    programme::compile("every-construct.yaml", &text).unwrap()
}

/// The bundled orders as events, read without the mapping of the program.
fn orders() -> String {
    let file = std::fs::File::open(example("online-retail/online_retail_orders.csv.gz")).unwrap();
    let mut rows: Vec<(String, String, Value)> = Vec::new();
    for row in csv::Reader::from_reader(GzDecoder::new(file)).records() {
        let row = row.unwrap();
        let (id, kind, player, at, total) = (&row[0], &row[1], &row[2], &row[3], &row[7]);
        let nothing = !total.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
        let gone = player.is_empty() || (kind == "order" && (nothing || total.starts_with('-')));
        let kind = match kind {
            _ if gone => continue,
            "order" => "order",
            "cancellation" => "order_cancelled",
            _ => continue,
        };
        let local: jiff::civil::DateTime = at.parse().unwrap();
        let london = jiff::tz::TimeZone::get("Europe/London").unwrap();
        let at = london.to_timestamp(local).unwrap().to_string();
        let mut event = json!({"id": id, "source": "shop", "type": kind, "player": player, "occurred_at": at,
            "amount": total.trim_start_matches('-'), "currency": "GBP"});
        if kind == "order" {
            let number = |at: usize| row[at].parse::<u64>().unwrap();
            event["attributes"] =
                json!({"country": row[4], "lines": number(5), "items": number(6)});
        }
        rows.push((at, id.to_owned(), event));
    }
    rows.sort_by(|left, right| (&left.0, &left.1).cmp(&(&right.0, &right.1)));
    rows.into_iter()
        .map(|(_, _, event)| event.to_string() + "\n")
        .collect()
}

/// `simulate`'s players, and its emissions with their ids.
fn simulated(folder: &Path, programme: &Path, events: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let emissions = folder.join("emissions.jsonl");
    let common = [
        "simulate",
        "--programme",
        arg(programme),
        "--emissions-out",
        arg(&emissions),
    ];
    let players = stdout_of(run(common.into_iter().chain(events.iter().copied())));
    let text = std::fs::read_to_string(&emissions).unwrap();
    let emissions = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (lines(&players), emissions.collect())
}

/// Where each player is alone: `simulate`'s players by the same programme with enough of everything for everybody.
fn alone(folder: &Path, events: &[&str]) -> Vec<Value> {
    let mut text = std::fs::read_to_string(programme_file()).unwrap();
    for scarce in shared::SIZES {
        let (before, after) = text.split_once(scarce).unwrap();
        text = format!("{before}{}{after}", scarce.replace('}', "0000}"));
    }
    let file = folder.join("enough.yaml");
    std::fs::write(&file, text).unwrap();
    simulated(folder, &file, events).0
}

fn compare(folder: &Path, args: &[&str], events: &str) -> Vec<Value> {
    let (players, emissions) = simulated(folder, &programme_file(), args);
    let (programme, alone) = (programme(), alone(folder, args));
    let records = in_log_order(&programme, events);
    let end = records.iter().map(|record| record.recorded_at).max();
    let expected = oracle::fold(&programme, &programme.brand, &records, end);
    assert_same_lines("players", &players, &expected.players);
    assert_same_lines("emissions", &emissions, &expected.emissions);
    shared::assert_scarce(&players, &alone, &emissions);
    emissions
}

fn assert_told(emissions: &[Value], kinds: &[&str]) {
    let told = support::counted(emissions.iter().map(|it| it["type"].as_str().unwrap()));
    for kind in kinds {
        assert!(told.contains_key(*kind), "no {kind} in {told:?}");
    }
}

#[test]
fn check_accepts_it() {
    let file = programme_file();
    assert_eq!(run(["check", arg(&file)]).status.code(), Some(0));
}

#[test]
fn the_bundled_orders_come_to_what_the_oracle_says() {
    let folder = tempfile::tempdir().unwrap();
    let (file, mapping) = (
        example("online-retail/online_retail_orders.csv.gz"),
        example("online-retail/mapping.yaml"),
    );
    let args = ["--events", arg(&file), "--mapping", arg(&mapping)];
    let emissions = compare(folder.path(), &args, &orders());
    assert_told(
        &emissions,
        &[
            "mission_completed",
            "mission_reopened",
            "tier_changed",
            "grant_offered",
            "streak_broken",
            "points_expired",
        ],
    );
}

#[test]
fn a_year_at_the_casino_comes_to_what_the_oracle_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("casino.jsonl");
    let events = testkit::generate::casino(4, 100, 60);
    std::fs::write(&file, &events).unwrap();
    let emissions = compare(folder.path(), &["--events", arg(&file)], &events);
    assert_told(
        &emissions,
        &[
            "mission_completed",
            "mission_reopened",
            "tier_changed",
            "points_earned",
            "points_reversed",
            "points_expired",
            "grant_offered",
            "grant_claimed",
            "grant_revoked",
            "streak_broken",
        ],
    );
}

#[test]
fn a_server_ends_where_simulate_ends_and_the_audit_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv.gz");
    std::fs::copy(example("online-retail/online_retail_orders.csv.gz"), &file).unwrap();
    let mapping = example("online-retail/mapping.yaml");
    let args = [arg(&file), "--mapping", arg(&mapping)];
    serve(&folder.path().join("orders"), &args, &orders());
    let file = folder.path().join("casino.jsonl");
    let events = testkit::generate::casino(5, 60, 60);
    std::fs::write(&file, &events).unwrap();
    serve(&folder.path().join("casino"), &[arg(&file)], &events);
}

fn serve(data: &Path, file: &[&str], events: &str) {
    let (folder, events_in) = (data.parent().unwrap(), [&["--events"], file].concat());
    let (expected, emissions) = simulated(folder, &programme_file(), &events_in);
    let alone = alone(folder, &events_in);
    let mut server = Server::start(data, &programme_file(), NOBODY);
    let sent = questline()
        .args(["send", "--to", server.url("http"), "--key", &server.key])
        .args(file)
        .output()
        .unwrap();
    stdout_of(sent);
    let mut got = Vec::new();
    wait_for("the answers of all stocks", || {
        got = server.players();
        let settled = shared::early_birds(&got) == shared::early_birds(&expected);
        (settled && shared::is_ample(&got, &alone, events)).then_some(())
    });
    assert_same_lines("players", &shared::apart(&got), &shared::apart(&expected));
    let said: Vec<Value> = emissions.into_iter().filter(is_notified).collect();
    let (said, scarce) = (shared::not_shared(&said), shared::scarce(&said));
    let notified = wait_for("all emissions", || {
        let notified = server.notified();
        let all = shared::not_shared(&notified).len() >= said.len();
        (all && shared::scarce(&notified) >= scarce).then_some(notified)
    });
    assert_same_lines("emissions", &shared::not_shared(&notified), &said);
    shared::assert_scarce(&got, &alone, &notified);
    let audit = run(["audit", "--from", server.url("http"), "--key", &server.key]);
    assert!(stdout_of(audit).contains("every balance is the sum of its movements"));
    assert_eq!(server.stop(), Some(0), "exit code after SIGTERM");
    let file = programme_file();
    let audit = run(["audit", "--data", arg(data), "--programme", arg(&file)]);
    assert!(stdout_of(audit).contains("every balance is the sum of its movements"));
}
