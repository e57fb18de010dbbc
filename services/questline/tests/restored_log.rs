//! A log put back from an older copy of the data folder, under a state that has seen more.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::json;
use support::process::{Process, key};
use support::server::wait_for;
use support::{arg, http, questline, stdout_of};

/// What the operator reads, once for each partition in which anything was lost.
const TOLD: &str = "the log is older than the state";

const PROGRAMME: &str = "programme: p\nbrand: acme\ntimezone: UTC\ncurrency: GBP\npoints: {xp: {kind: status}}\nearn:\n  - {id: e, \
                         on: order, give: {points: xp, rate: 1, per: \"1.00\", of: amount}}\n";

const SETTINGS: &str = "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ncluster = \"127.0.0.1:0\"\n\
                        partitions = 2\n[notifications]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n[bonus_engine]\n\
                        grpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n";

fn serve(folder: &Path) -> Process {
    let (data, programme) = (folder.join("data"), folder.join("p.yaml"));
    fs::write(&programme, PROGRAMME).unwrap();
    let args = ["--data", arg(&data), "--programme", arg(&programme)];
    Process::start(folder, "server", &args, SETTINGS)
}

/// Orders of 1.00 by three players each, applied.
fn orders(server: &Process, key: &str, ids: std::ops::Range<u32>) {
    for id in ids {
        for player in ["ann", "bob", "cy"] {
            let event = json!({"id": format!("o{id}"), "type": "order", "player": player,
                "occurred_at": "2026-01-05T10:00:00Z", "amount": "1.00", "currency": "GBP"});
            let url = format!("{}/v1/events?wait=applied", server.url("http"));
            let (status, answer) = http::post(&url, Some(key), event.to_string().as_bytes());
            assert_eq!(status, 202, "{answer}");
        }
    }
}

fn balance(server: &Process, key: &str, player: &str) -> Option<String> {
    let url = format!("{}/v1/players/{player}", server.url("http"));
    let player = http::get_as(&url, Some(key))?;
    Some(player["balances"]["xp"].as_str()?.to_owned())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn the_fold_goes_on_from_where_they_part_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir_all(at.join("data")).unwrap();
    let key = key(&at.join("data"), "shop", "ingest,read");
    let mut server = serve(at);
    orders(&server, &key, 0..10);
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    copy(&at.join("data/log"), &at.join("copy"));
    let mut server = serve(at);
    orders(&server, &key, 10..20);
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    for entry in fs::read_dir(at.join("data/log")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    copy(&at.join("copy"), &at.join("data/log"));

    let mut server = serve(at);
    let told = |server: &Process| server.said().matches(TOLD).count();
    let partitions = told(&server);
    assert!(partitions > 0, "{}", server.said());
    // What was acknowledged and acted on stays; some of it comes again, and more.
    orders(&server, &key, 15..30);
    for player in ["ann", "bob", "cy"] {
        let reached = || (balance(&server, &key, player)? == "30").then_some(());
        wait_for("thirty orders once", reached);
    }
    let status = questline()
        .args(["cluster", "status", "--at", server.url("cluster")])
        .output()
        .unwrap();
    let status = stdout_of(status);
    assert!(
        status.contains("restored to an older copy (1 times)"),
        "{status}"
    );
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    let server = serve(at);
    assert_eq!(balance(&server, &key, "ann").as_deref(), Some("30"));
    assert_eq!(told(&server), partitions, "not again");
}
