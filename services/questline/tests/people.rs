//! A person's two questions, through a running server: what do you hold about me, and forget me.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use support::process::{Process, key};
use support::server::wait_for;
use support::{arg, http, questline, run, stdout_of};

const PROGRAMME: &str = "\
programme: p
brand: acme
timezone: UTC
currency: GBP
points: {xp: {kind: status}}
event_types:
  ticket: {attributes: {writer: {kind: string, personal: true}, topic: string}}
earn:
  - {id: t, on: ticket, give: {points: xp, fixed: 100}, when: event.attributes.topic == 'praise'}
  - {id: e, on: order, give: {points: xp, rate: 1, per: '1.00', of: amount}}
  - {id: vip, on: order, give: {points: xp, fixed: 10}, when: player.attributes.vip == true}
missions:
  - {id: two, goal: {count: order, target: 2}, window: once, reward: [{grant: voucher}]}
rewards:
  - {id: voucher, kind: bonus, template: V}
";

/// Nobody listens where grants are posted: they wait.
const SETTINGS: &str = "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ncluster = \"127.0.0.1:0\"\n\
                        partitions = 2\n[engine]\nreplay_budget_ms = 1\n[notifications]\ngrpc = \"127.0.0.1:0\"\n\
                        http = \"127.0.0.1:0\"\n[bonus_engine]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n\
                        [bonus_engine.operator]\nurl = \"http://127.0.0.1:9/grants\"\n";

/// Who ann is.
const NAME: &str = "Ann Example-Surname";

struct World {
    folder: tempfile::TempDir,
    key: String,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(&data).unwrap();
        let key = key(&data, "shop", "ingest,read,people");
        Self { folder, key }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn serve(&self, data: &str) -> Process {
        let programme = self.at("p.yaml");
        fs::write(&programme, PROGRAMME).unwrap();
        let data = self.at(data);
        let args = ["--data", arg(&data), "--programme", arg(&programme)];
        Process::start(self.folder.path(), "server", &args, SETTINGS)
    }

    /// Sends an event and waits until it is folded: its result.
    fn send(&self, server: &Process, event: &Value) -> Value {
        let url = format!("{}/v1/events?wait=applied", server.url("http"));
        let (status, answer) = http::post(&url, Some(&self.key), event.to_string().as_bytes());
        assert_eq!(status, 202, "{answer}");
        answer["results"][0].clone()
    }

    fn order(&self, server: &Process, player: &str, id: &str) -> Value {
        self.send(
            server,
            &json!({"id": id, "type": "order", "player": player, "amount": "1.00", "currency": "GBP",
                "occurred_at": "2026-01-05T10:00:00Z"}),
        )
    }

    fn profile(&self, server: &Process, player: &str, id: &str) -> Value {
        self.send(
            server,
            &json!({"id": id, "type": "profile_changed", "player": player, "occurred_at": "2026-01-05T09:00:00Z",
                "attributes": {"name": NAME, "vip": true, "zone": "Europe/London"}}),
        )
    }

    /// A ticket, in which the player says a name.
    fn ticket(&self, server: &Process, player: &str, id: &str) -> Value {
        self.send(
            server,
            &json!({"id": id, "type": "ticket", "player": player, "occurred_at": "2026-01-05T11:00:00Z",
                "attributes": {"writer": NAME, "topic": "complaint"}}),
        )
    }

    fn call(&self, command: &str, player: &str, server: &Process) -> Output {
        let mut call = questline();
        call.args([command, player, "--from", server.url("http")]);
        call.args(["--key", &self.key]).output().unwrap()
    }

    fn export(&self, server: &Process, player: &str) -> Value {
        let text = stdout_of(self.call("export", player, server));
        serde_json::from_str(&text).unwrap()
    }

    fn player(&self, server: &Process, player: &str) -> Value {
        self.found(server, player).unwrap()
    }

    /// The player; `None` before any of it is folded.
    fn found(&self, server: &Process, player: &str) -> Option<Value> {
        let url = format!("{}/v1/players/{player}", server.url("http"));
        http::get_as(&url, Some(&self.key))
    }

    fn backup(&self, server: &Process, to: &str) {
        let (to, at) = (self.at(to), server.url("cluster"));
        stdout_of(run(["backup", "--to", arg(&to), "--at", at]));
    }

    fn audit(&self, data: &str) {
        let (data, programme) = (self.at(data), self.at("p.yaml"));
        let audit = [
            "audit",
            "--data",
            arg(&data),
            "--programme",
            arg(&programme),
        ];
        let said = stdout_of(run(audit));
        assert!(said.contains("every balance is the sum"), "{said}");
    }

    fn audit_running(&self, server: &Process) {
        let audit = ["audit", "--from", server.url("http"), "--key", &self.key];
        let said = stdout_of(run(audit));
        assert!(said.contains("every balance is the sum"), "{said}");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// Files below a folder in which a text stands in the clear.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_is_personal_is_sealed_wherever_it_lies_and_predicates_see_it() {
    let world = World::new();
    let mut server = world.serve("data");
    assert_eq!(world.profile(&server, "ann", "p1")["status"], "applied");
    assert_eq!(world.profile(&server, "ann", "p1")["status"], "replayed");
    world.order(&server, "ann", "o1");
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    let mut server = world.serve("data");
    assert_eq!(world.profile(&server, "ann", "p1")["status"], "replayed");
    world.order(&server, "ann", "o2");
    assert_eq!(world.player(&server, "ann")["balances"]["xp"], "22");
    let export = world.export(&server, "ann");
    let expected = json!({"name": NAME, "vip": true});
    assert_eq!(export["profile"]["attributes"], expected, "{export}");
    let events = export["events"].as_array().unwrap();
    let first = &events[0];
    assert_eq!(first["attributes"]["name"], NAME, "{export}");
    assert_eq!(first["attributes"]["zone"], "Europe/London", "{export}");
    assert_eq!(events.len(), 5, "with what was said again: {export}");
    assert_eq!(export["journal"].as_array().unwrap().len(), 3, "{export}");
    assert_eq!(export["state"]["balances"]["xp"], "22", "{export}");
    // So is what the programme declares personal of an event of its own, and known as the same again.
    assert_eq!(world.ticket(&server, "ann", "t1")["status"], "applied");
    assert_eq!(world.ticket(&server, "ann", "t1")["status"], "replayed");
    let export = world.export(&server, "ann");
    let ticket = json!({"writer": NAME, "topic": "complaint"});
    assert_eq!(export["events"][5]["attributes"], ticket, "{export}");
    // A copy has the rows of the state as they are, not compressed.
    world.backup(&server, "backup");
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    for folder in ["data", "backup"] {
        let found = files_with(&world.at(folder), NAME);
        assert_eq!(found, [] as [PathBuf; 0]);
    }
    world.audit("data");
    // What is lost with the state is folded again from what is sealed in the log.
    fs::remove_dir_all(world.at("data/state")).unwrap();
    let server = world.serve("data");
    wait_for("the fold", || {
        (world.player(&server, "ann")["balances"]["xp"] == "22").then_some(())
    });
    assert_eq!(
        world.export(&server, "ann")["profile"]["attributes"],
        expected
    );
}

#[test]
fn an_erased_player_is_nobody_any_more_and_the_books_balance() {
    let world = World::new();
    let mut server = world.serve("data");
    for player in ["ann", "bob"] {
        world.profile(&server, player, "p1");
        world.order(&server, player, "o1");
        world.order(&server, player, "o2");
        world.ticket(&server, player, "t1");
    }
    let grants = |server: &Process, player: &str| {
        let url = format!("{}/v1/grants?player={player}", server.url("bonus-engine"));
        http::get(&url).unwrap()["grants"].clone()
    };
    wait_for("ann's grant", || {
        (grants(&server, "ann")[0]["status"] == "requested").then_some(())
    });
    let inbox = |server: &Process, player: &str| {
        let url = format!("{}/v1/inbox/acme/{player}", server.url("notifications"));
        http::get(&url).unwrap()["total"].clone()
    };
    wait_for("ann's message", || {
        (inbox(&server, "ann").as_u64()? > 0).then_some(())
    });
    // The last checkpoint has all of it: what is not in one is folded again, without what is gone by then.
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    let mut server = world.serve("data");
    world.backup(&server, "before");

    let unknown = world.call("erase", "nobody", &server);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    assert!(
        said(&unknown).contains("no such player"),
        "{}",
        said(&unknown)
    );
    let erased = stdout_of(world.call("erase", "ann", &server));
    assert!(erased.starts_with("ann is erased: 20"), "{erased}");
    let since = erased.trim().rsplit_once(' ').unwrap().1.to_owned();
    let again = stdout_of(world.call("erase", "ann", &server));
    assert_eq!(again.trim(), format!("ann was erased before: {since}"));

    let gone = |server: &Process, world: &World| {
        let ann = world.player(server, "ann");
        assert_eq!(
            (&ann["erased"], &ann["balances"]["xp"]),
            (&json!(true), &json!("22"))
        );
        let export = world.export(server, "ann");
        assert_eq!(export["erased_at"], since, "{export}");
        assert_eq!(export["profile"]["attributes"], json!({}), "{export}");
        assert!(!export.to_string().contains(NAME), "{export}");
        assert!(export.to_string().contains("complaint"), "{export}");
        for event in ["o3", "o1"] {
            let result = world.order(server, "ann", event);
            assert_eq!(result["status"], "rejected", "{result}");
            assert_eq!(result["code"], "player_erased", "{result}");
        }
        assert_eq!(world.profile(server, "ann", "p9")["code"], "player_erased");
        assert_eq!(world.player(server, "bob")["balances"]["xp"], "22");
        assert_eq!(
            world.export(server, "bob")["profile"]["attributes"]["name"],
            NAME
        );
        wait_for("ann's messages to go", || {
            (inbox(server, "ann") == 0).then_some(())
        });
        wait_for("ann's grant to be dropped", || {
            (grants(server, "ann")[0]["status"] == "failed").then_some(())
        });
        assert_eq!(grants(server, "ann")[0]["reason"], "player_erased");
        assert_eq!(grants(server, "bob")[0]["status"], "requested");
        assert!(inbox(server, "bob").as_u64().unwrap() > 0);
        world.audit_running(server);
    };
    gone(&server, &world);
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    world.audit("data");
    let mut server = world.serve("data");
    gone(&server, &world);
    assert_eq!(server.stop(), Some(0), "{}", server.said());

    // A backup of before does not bring ann back, nor does it go unsaid whether anybody was erased since.
    let (from, to, list) = (
        world.at("before"),
        world.at("restored"),
        world.at("data/people/erased.jsonl"),
    );
    let restore = ["restore", "--from", arg(&from), "--data", arg(&to)];
    let refused = run(restore);
    assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
    assert!(said(&refused).contains("--erased"), "{}", said(&refused));
    let told = stdout_of(run(restore.into_iter().chain(["--erased", arg(&list)])));
    assert!(told.contains("erased here: 1 players"), "{told}");
    let mut server = world.serve("restored");
    wait_for("the erasure", || {
        (world.found(&server, "ann")?["erased"] == true).then_some(())
    });
    gone(&server, &world);
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    world.audit("restored");

    // Folded anew from the log: what was personal cannot be read, the rest adds up.
    fs::remove_dir_all(world.at("restored/state")).unwrap();
    let server = world.serve("restored");
    wait_for("the fold", || {
        (world.found(&server, "ann")?["erased"] == true).then_some(())
    });
    let ann = world.player(&server, "ann");
    assert_eq!(
        ann["balances"]["xp"], "2",
        "the predicate on what is gone is false"
    );
    world.audit_running(&server);
}

#[test]
fn a_key_that_is_lost_is_counted_and_what_it_sealed_is_passed_over() {
    let world = World::new();
    let mut server = world.serve("data");
    world.profile(&server, "ann", "p1");
    world.ticket(&server, "ann", "t1");
    world.order(&server, "ann", "o1");
    assert_eq!(world.player(&server, "ann")["balances"]["xp"], "11");
    let unopened = |server: &Process| {
        let metrics = http::text(&format!("{}/metrics", server.url("admin"))).unwrap();
        let is_it = |line: &&str| line.starts_with("questline_unopened_records_total");
        let line = metrics.lines().find(is_it).map(str::to_owned);
        line.and_then(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
    };
    assert_eq!(unopened(&server), Some(0), "{}", server.said());
    assert_eq!(server.stop(), Some(0), "{}", server.said());
    for lost in ["data/people", "data/state"] {
        fs::remove_dir_all(world.at(lost)).unwrap();
    }
    let server = world.serve("data");
    wait_for("the fold", || {
        (world.player(&server, "ann")["balances"]["xp"] == "1").then_some(())
    });
    assert_eq!(unopened(&server), Some(2), "{}", server.said());
    assert!(server.said().contains("put people/ of a backup back"));
    // Nobody was erased: who the player is may be said again.
    assert_eq!(world.profile(&server, "ann", "p2")["status"], "applied");
}

#[test]
fn only_a_key_for_it_may_ask() {
    let world = World::new();
    let data = world.at("data");
    let reader = key(&data, "shop", "ingest,read,command,programme,adjust");
    let server = world.serve("data");
    world.order(&server, "ann", "o1");
    let url = |path: &str| format!("{}/v1/players/ann{path}", server.url("http"));
    let bearer = format!("Authorization: Bearer {reader}\r\n");
    let table = [("DELETE", ""), ("GET", "/export")];
    for (method, path) in table {
        let (status, problem) = http::send(method, &url(path), &bearer, b"");
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("forbidden")),
            "{method} {path}"
        );
        let (status, _) = http::send(method, &url(path), "", b"");
        assert_eq!(status, 401, "{method} {path}");
    }
    assert_eq!(world.player(&server, "ann")["erased"], Value::Null);
}
