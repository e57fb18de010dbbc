//! A backup of a folder in use, and a server on what is restored from it.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use serde_json::{Value, json};
use support::process::{Process, key};
use support::server::wait_for;
use support::{arg, http, questline, run, stdout_of};

const PROGRAMME: &str = "programme: p\nbrand: acme\ntimezone: UTC\ncurrency: GBP\npoints: {xp: {kind: status}}\nearn:\n  - {id: e, \
                         on: order, give: {points: xp, rate: 1, per: \"1.00\", of: amount}}\nmissions:\n  - {id: five, goal: \
                         {count: order, target: 5}, window: once, reward: [{points: xp, fixed: 100}]}\n";

const SETTINGS: &str = "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ncluster = \"127.0.0.1:0\"\n\
                        partitions = 2\n[engine]\nreplay_budget_ms = 1\n[notifications]\ngrpc = \"127.0.0.1:0\"\n\
                        http = \"127.0.0.1:0\"\n[bonus_engine]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n";

const PLAYERS: [&str; 3] = ["ann", "bob", "cy"];

fn serve(folder: &Path, data: &str) -> Process {
    let (data, programme) = (folder.join(data), folder.join("p.yaml"));
    fs::create_dir_all(&data).unwrap();
    fs::write(&programme, PROGRAMME).unwrap();
    let args = ["--data", arg(&data), "--programme", arg(&programme)];
    Process::start(folder, "server", &args, SETTINGS)
}

/// An order of 1.00 by each player.
fn order(server: &Process, key: &str, id: u32) {
    let events: Vec<Value> = PLAYERS
        .iter()
        .map(|player| {
            json!({"id": format!("o{id}"), "type": "order", "player": player,
                "occurred_at": "2026-01-05T10:00:00Z", "amount": "1.00", "currency": "GBP"})
        })
        .collect();
    let body = json!({ "events": events }).to_string();
    let url = format!("{}/v1/events", server.url("http"));
    let (status, answer) = http::post(&url, Some(key), body.as_bytes());
    assert_eq!(status, 202, "{answer}");
}

fn player(server: &Process, key: &str, player: &str) -> Option<Value> {
    http::get_as(
        &format!("{}/v1/players/{player}", server.url("http")),
        Some(key),
    )
}

fn wait_applied(server: &Process, key: &str, events: u32) {
    for name in PLAYERS {
        wait_for("all orders", || {
            (player(server, key, name)?["applied"] == events).then_some(())
        });
    }
}

fn backup(server: &Process, to: &Path) -> Output {
    let at = ["--at", server.url("cluster")];
    let mut command = questline();
    command.args(["backup", "--to", arg(to)]).args(at);
    command.output().unwrap()
}

fn restore(from: &Path, to: &Path) -> Output {
    let from = ["restore", "--from", arg(from)];
    let to = ["--data", arg(to), "--none-erased-since"];
    run(from.into_iter().chain(to))
}

fn emissions(server: &Process) -> Vec<String> {
    let url = format!("{}/v1/emissions", server.url("notifications"));
    let all = http::get_all(&url, "emissions").unwrap();
    all.iter().map(|it| it["id"].to_string()).collect()
}

#[test]
fn what_is_restored_is_what_was_there_while_events_came() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir_all(at.join("data")).unwrap();
    let key = key(&at.join("data"), "shop", "ingest,read");
    let mut server = serve(at, "data");
    let (sent, enough) = (AtomicU32::new(0), AtomicU32::new(u32::MAX));
    thread::scope(|scope| {
        scope.spawn(|| {
            while sent.load(Ordering::SeqCst) < enough.load(Ordering::SeqCst) {
                order(&server, &key, sent.load(Ordering::SeqCst));
                sent.fetch_add(1, Ordering::SeqCst);
            }
        });
        for number in 0..5_u32 {
            let before = sent.load(Ordering::SeqCst);
            wait_for("some more orders", || {
                (sent.load(Ordering::SeqCst) > before + 20).then_some(())
            });
            let to = at.join(format!("backup-{number}"));
            let said = stdout_of(backup(&server, &to));
            assert!(said.starts_with("backed up to "), "{said}");
        }
        enough.store(0, Ordering::SeqCst);
    });
    let all = sent.load(Ordering::SeqCst);
    wait_applied(&server, &key, all);
    let seen = emissions(&server);
    assert_eq!(server.stop(), Some(0), "{}", server.said());

    for number in 0..5 {
        let data = format!("restored-{number}");
        let said = stdout_of(restore(
            &at.join(format!("backup-{number}")),
            &at.join(&data),
        ));
        assert!(said.contains(" is as it was at 20"), "{said}");
        let programme = at.join("p.yaml");
        let audited = stdout_of(run([
            "audit",
            "--data",
            arg(&at.join(&data)),
            "--programme",
            arg(&programme),
        ]));
        assert!(audited.contains("every balance is the sum"), "{audited}");
        // The key is in the backup too. Sent again, each order counts once, also those that were in it.
        let mut server = serve(at, &data);
        for id in 0..all {
            order(&server, &key, id);
        }
        wait_applied(&server, &key, all);
        for name in PLAYERS {
            let player = player(&server, &key, name).unwrap();
            let xp = (all + 100).to_string();
            assert_eq!(player["balances"]["xp"], xp, "{player}");
        }
        wait_for("the emissions", || {
            (emissions(&server) == seen).then_some(())
        });
        assert_eq!(server.stop(), Some(0), "{}", server.said());
        let said = server.said();
        assert!(!said.contains("older than the state"), "{said}");
        assert!(!said.contains("another body"), "{said}");
    }
}

#[test]
fn a_stopped_folder_is_copied_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir_all(at.join("data")).unwrap();
    let key = key(&at.join("data"), "shop", "ingest,read");
    let mut server = serve(at, "data");
    order(&server, &key, 1);
    let (data, to) = (at.join("data"), at.join("copy"));
    let offline = ["backup", "--to", arg(&to), "--data", arg(&data)];
    let refused = run(offline);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("in use by another process"), "{said}");
    assert_eq!(server.stop(), Some(0));
    stdout_of(run(offline));
    stdout_of(restore(&to, &at.join("again")));
    let server = serve(at, "again");
    assert_eq!(player(&server, &key, "ann").unwrap()["applied"], 1);
}

/// What is done to a backup or a place, and what is said of it.
type Case = (&'static str, fn(&Path), &'static str);

const WRONG: [Case; 7] = [
    (
        "a folder that a server has used",
        |at| fs::rename(at.join("data"), at.join("target")).unwrap(),
        "target is in use or was",
    ),
    (
        "a folder with anything in it",
        |at| {
            fs::create_dir(at.join("target")).unwrap();
            fs::write(at.join("target/note"), "mine").unwrap();
        },
        "target is in use or was",
    ),
    (
        "a restore that was killed",
        |at| fs::create_dir(at.join("target.restoring")).unwrap(),
        "did not come to its end: remove it",
    ),
    (
        "a backup that did not come to its end",
        |at| fs::remove_file(at.join("backup/manifest.json")).unwrap(),
        "this is no backup, or one that did not come to its end",
    ),
    (
        "a byte changed",
        |at| {
            let file = at.join("backup/log/00000001.seg");
            let mut bytes = fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&file, bytes).unwrap();
        },
        "00000001.seg: damaged",
    ),
    (
        "a file gone",
        |at| fs::remove_file(at.join("backup/state.rows")).unwrap(),
        "state.rows: missing from the backup",
    ),
    (
        "a path that leads elsewhere",
        |at| {
            let file = at.join("backup/manifest.json");
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.replace("keys.json", "../keys.json")).unwrap();
        },
        "no path below the backup",
    ),
];

#[test]
fn what_cannot_be_restored_is_refused_with_a_sentence() {
    for (what, damage, expected) in WRONG {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::create_dir_all(at.join("data")).unwrap();
        let key = key(&at.join("data"), "shop", "ingest,read");
        let mut server = serve(at, "data");
        order(&server, &key, 1);
        stdout_of(backup(&server, &at.join("backup")));
        let again = backup(&server, &at.join("backup"));
        let said = String::from_utf8(again.stderr).unwrap();
        assert_eq!(again.status.code(), Some(2), "{said}");
        assert!(
            said.contains("a backup goes to a folder of its own"),
            "{said}"
        );
        assert_eq!(server.stop(), Some(0));
        damage(at);
        let before = names(&at.join("target"));
        let refused = restore(&at.join("backup"), &at.join("target"));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{what}: {said}");
        assert!(said.contains(expected), "{what}: {said}");
        assert_eq!(names(&at.join("target")), before, "{what}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}
