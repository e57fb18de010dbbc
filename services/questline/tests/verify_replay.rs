//! The promise of the whole: a server that took a year of real orders over HTTP stands where `simulate` stands, line by line.
//! Through `kill -9` at random moments, a lost state folder, the file sent twice; and each gateway acted once on each emission.
//!
//! `QUESTLINE_KILLS` says how often the server is killed (`make verify-replay`: 20), `QUESTLINE_SEED` at which moments.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use bonus_engine_service::stand_in::StandIn;
use serde_json::Value;
use support::server::{Server, wait_for, wait_ms};
use support::{arg, assert_same_lines, example, http, lines, questline, stdout_of};
use tokio_util::sync::CancellationToken;

/// Events a second while the server is being killed: the replay takes long enough for the kills to fall into it.
const RATE_PER_KILL: u64 = 12_000;
const EVENTS: u64 = 22_186;

/// What `simulate` says the end is.
struct Expected {
    players: Vec<Value>,
    /// Ids of emissions of the types that are not points.
    notified: Vec<String>,
    /// Ids of emissions about grants.
    granted: Vec<String>,
    /// Ids of what the operator is asked for: credits at once, and taking back. They are the idempotency keys.
    asked: Vec<String>,
}

struct Inputs {
    programme: PathBuf,
    orders: PathBuf,
    mapping: PathBuf,
}

#[test]
fn a_server_ends_where_simulate_ends_whatever_happens_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = Inputs {
        programme: example("online-retail/programme.yaml"),
        orders: folder.path().join("orders.csv.gz"),
        mapping: example("online-retail/mapping.yaml"),
    };
    // A copy: `send` keeps its progress next to the file.
    std::fs::copy(
        example("online-retail/online_retail_orders.csv.gz"),
        &inputs.orders,
    )
    .unwrap();
    let expected = simulate(folder.path(), &inputs);
    let number = |name: &str, default| {
        std::env::var(name)
            .ok()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (kills, seed) = (number("QUESTLINE_KILLS", 1), number("QUESTLINE_SEED", 1));

    undisturbed(&folder.path().join("undisturbed"), &inputs, &expected);
    killed(
        &folder.path().join("killed"),
        &inputs,
        &expected,
        kills,
        seed,
    );
}

/// One replay, the whole file again, a graceful stop, the state folder lost.
fn undisturbed(data: &Path, inputs: &Inputs, expected: &Expected) {
    let operator = Operator::start();
    let mut server = Server::start(data, &inputs.programme, &operator.url);
    finish(send(&server, inputs, None));
    check("replayed", &server, &operator, expected);

    finish(send(&server, inputs, None));
    check("the whole file sent twice", &server, &operator, expected);

    assert_eq!(server.stop(), Some(0), "exit code after SIGTERM");
    std::fs::remove_dir_all(data.join("state")).unwrap();
    server.start_again();
    check("state folder deleted", &server, &operator, expected);
}

/// A replay during which the server is killed again and again; the sender goes on by itself.
fn killed(data: &Path, inputs: &Inputs, expected: &Expected, kills: u64, seed: u64) {
    let operator = Operator::start();
    let mut server = Server::start(data, &inputs.programme, &operator.url);
    let rate = (RATE_PER_KILL / kills.max(1)).clamp(500, 6_000);
    let sender = send(&server, inputs, Some(rate));
    let mut random = seed.max(1);
    for kill in 0..kills {
        // Spread over the file but for its end, so that the sender is still under way; a moment of its own within each share.
        let share = (EVENTS - 3_000) / kills;
        let at = kill * share + next(&mut random) % share;
        wait_for("the replay to get on", || {
            (sent(&inputs.orders) >= at).then_some(())
        });
        wait_ms(next(&mut random) % 20);
        server.kill();
        server.start_again();
        println!("kill {} of {kills}, after event {at}", kill + 1);
    }
    finish(sender);
    check(
        &format!("killed {kills} times"),
        &server,
        &operator,
        expected,
    );
}

fn simulate(folder: &Path, inputs: &Inputs) -> Expected {
    let emissions = folder.join("emissions.jsonl");
    let simulated = questline()
        .args([
            "simulate",
            "--programme",
            arg(&inputs.programme),
            "--mapping",
            arg(&inputs.mapping),
        ])
        .args([
            "--events",
            arg(&inputs.orders),
            "--emissions-out",
            arg(&emissions),
        ])
        .output()
        .unwrap();
    let mut expected = Expected {
        players: lines(&stdout_of(simulated)),
        notified: Vec::new(),
        granted: Vec::new(),
        asked: Vec::new(),
    };
    for line in std::fs::read_to_string(&emissions).unwrap().lines() {
        let emission: Value = serde_json::from_str(line).unwrap();
        let (kind, id) = (
            emission["type"].as_str().unwrap(),
            emission["id"].as_str().unwrap(),
        );
        if kind.starts_with("points_") {
            continue;
        }
        expected.notified.push(id.to_owned());
        if kind.starts_with("grant_") {
            expected.granted.push(id.to_owned());
        }
        let credit = kind == "grant_offered" && emission["status"] == "requested";
        if credit || kind == "grant_revoked" {
            expected.asked.push(id.to_owned());
        }
    }
    assert!(!expected.asked.is_empty() && expected.players.len() == 4_370);
    for ids in [
        &mut expected.notified,
        &mut expected.granted,
        &mut expected.asked,
    ] {
        ids.sort_unstable();
    }
    expected
}

fn send(server: &Server, inputs: &Inputs, rate: Option<u64>) -> Child {
    let rate = rate.map(|rate| format!("--rate={rate}"));
    questline()
        .args(["send", "--to", server.url("http"), "--key", &server.key])
        .args(["--mapping", arg(&inputs.mapping), arg(&inputs.orders)])
        .args(rate)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn finish(mut sender: Child) {
    assert!(sender.wait().unwrap().success(), "send failed");
}

/// How many events the progress file says are sent; 0 where there is none.
fn sent(orders: &Path) -> u64 {
    let folder = std::fs::read_dir(orders.parent().unwrap()).unwrap();
    let file = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(".sent.json"));
    let progress: Option<Value> = file
        .and_then(|file| std::fs::read(file).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    progress
        .and_then(|progress| progress["sent"].as_u64())
        .unwrap_or(0)
}

fn check(what: &str, server: &Server, operator: &Operator, expected: &Expected) {
    // The fold and the deliveries follow the log: both are waited for.
    wait_for(&format!("{what}: the server's players"), || {
        (server.players() == expected.players).then_some(())
    });
    assert_same_lines(what, &server.players(), &expected.players);
    for (gateway, ids) in [
        ("notifications", &expected.notified),
        ("bonus-engine", &expected.granted),
    ] {
        let (held, totals) = wait_for(&format!("{what}: emissions at {gateway}"), || {
            let held = server.emissions(gateway);
            (held.0.len() >= ids.len()).then_some(held)
        });
        let mut held = held;
        held.sort_unstable();
        let differs = held
            .iter()
            .zip(ids)
            .find(|(held, expected)| held != expected);
        assert_eq!(differs, None, "{what}: each emission once at {gateway}");
        assert_eq!(held.len(), ids.len(), "{what}: emissions at {gateway}");
        assert_eq!(totals["alarms"], 0, "{what}: alarms at {gateway}");
    }
    let effects = wait_for(&format!("{what}: effects at the operator"), || {
        let book = operator.effects();
        (book["keys"].as_u64()? >= expected.asked.len() as u64).then_some(book)
    });
    let keys = effects["effects"].as_object().unwrap();
    let done: Vec<&String> = keys.keys().collect();
    let differs = done
        .iter()
        .zip(&expected.asked)
        .find(|(done, expected)| **done != *expected);
    assert_eq!(differs, None, "{what}: what the operator was asked for");
    assert_eq!(
        done.len(),
        expected.asked.len(),
        "{what}: calls with an effect"
    );
    assert!(
        keys.values().all(|times| times == 1),
        "{what}: one effect for each grant"
    );
    println!(
        "{what}: {} players, {} emissions, {} grants ({} requests to the operator): the same",
        expected.players.len(),
        expected.notified.len(),
        keys.len(),
        effects["requests"]
    );
}

/// The operator's side, which outlives every server.
struct Operator {
    url: String,
    stop: CancellationToken,
}

impl Operator {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        std::thread::spawn(move || {
            let bad_day = StandIn {
                seed: 11,
                errors_percent: 5,
                hangs_percent: 1,
                file: None,
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .unwrap()
                .block_on(bad_day.run(listener, stopped))
                .unwrap();
        });
        Self { url, stop }
    }

    fn effects(&self) -> Value {
        http::get(&format!("{}/effects", self.url)).unwrap()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Xorshift: moments that a seed gives again.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
