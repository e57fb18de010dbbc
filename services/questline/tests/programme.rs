//! A programme that is edited and published on a running server, which is killed on the way.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::process::{Process, key};
use support::server::wait_for;
use support::{arg, http, questline, run, stdout_of};
use tempfile::TempDir;

const PARTITIONS: u64 = 3;

const SETTINGS: &str = "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ncluster = \"127.0.0.1:0\"\n\
                        partitions = 3\n[notifications]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n[bonus_engine]\n\
                        grpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n";

/// A programme under which an order of 1.00 earns so many points.
fn earning(rate: u32) -> String {
    format!(
        "programme: p\nbrand: acme\ntimezone: UTC\ncurrency: GBP\npoints: {{xp: {{kind: status}}}}\nearn:\n  - {{id: e, on: order, \
         give: {{points: xp, rate: {rate}, per: \"1.00\", of: amount}}}}\n"
    )
}

struct Shop {
    folder: TempDir,
    key: String,
    server: Process,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(&data).unwrap();
        let key = key(&data, "shop", "ingest,read,programme");
        let server = serve(folder.path(), &earning(1));
        Self {
            folder,
            key,
            server,
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// Starts it again, with another file than it may have had.
    fn again(&mut self, programme: &str) {
        self.server.kill();
        self.server = serve(self.folder.path(), programme);
    }

    /// Runs `questline programme ..` on it.
    fn programme(&self, args: &[&str]) -> std::process::Output {
        let server = ["--from", self.server.url("http"), "--key", &self.key];
        let mut command = questline();
        command.args(["programme", args[0]]).args(server);
        command.args(&args[1..]).output().unwrap()
    }

    fn current(&self) -> Value {
        let url = format!("{}/v1/programme", self.server.url("http"));
        http::get_as(&url, Some(&self.key)).unwrap()
    }

    /// Puts and publishes on what is in effect; the answer.
    fn publish(&self, source: &str) -> (u16, Value) {
        let base = self.current()["version"].clone();
        self.put(source);
        self.publish_on(&base)
    }

    fn put(&self, source: &str) {
        let url = format!("{}/v1/programme", self.server.url("http"));
        let header = format!("Authorization: Bearer {}\r\n", self.key);
        let (status, answer) = http::send("PUT", &url, &header, source.as_bytes());
        assert_eq!((status, &answer["valid"]), (200, &json!(true)), "{answer}");
    }

    fn publish_on(&self, base: &Value) -> (u16, Value) {
        let url = format!("{}/v1/programme:publish", self.server.url("http"));
        let body = json!({"base": base}).to_string();
        http::post(&url, Some(&self.key), body.as_bytes())
    }

    /// An order of 1.00 of each of some players, folded; what they have then.
    fn order(&self, id: &str) -> Vec<String> {
        let players = ["ann", "bob", "cy", "dee", "eve", "fay"];
        for player in players {
            let event = json!({"id": id, "type": "order", "player": player, "occurred_at": "2026-01-05T10:00:00Z",
                "amount": "1.00", "currency": "GBP"});
            let url = format!("{}/v1/events?wait=applied", self.server.url("http"));
            let (status, answer) = http::post(&url, Some(&self.key), event.to_string().as_bytes());
            assert_eq!(status, 202, "{answer}");
        }
        let balance = |player: &str| {
            let url = format!("{}/v1/players/{player}", self.server.url("http"));
            let player = http::get_as(&url, Some(&self.key)).unwrap();
            player["balances"]["xp"].as_str().unwrap().to_owned()
        };
        players.map(balance).to_vec()
    }
}

fn serve(folder: &Path, programme: &str) -> Process {
    let (data, file) = (folder.join("data"), folder.join("p.yaml"));
    fs::write(&file, programme).unwrap();
    let args = ["--data", arg(&data), "--programme", arg(&file)];
    Process::start(folder, "server", &args, SETTINGS)
}

#[test]
fn a_version_takes_effect_in_every_partition_and_outlives_a_kill() {
    let mut shop = Shop::open();
    assert_eq!(shop.order("o1"), ["1"; 6]);
    let file = shop.file("next.yaml", &earning(10));
    let put = stdout_of(shop.programme(&["put", arg(&file)]));
    let base = shop.current()["version"].as_str().unwrap().to_owned();
    assert!(put.contains(&format!("--base {base}")), "{put}");
    // Nothing takes effect by a draft.
    assert_eq!(shop.order("o2"), ["2"; 6]);
    let said = stdout_of(shop.programme(&["publish", "--base", &base, "--note", "ten a pound"]));
    assert!(
        said.ends_with("as number 2; in effect in 3 of 3 partitions\n"),
        "{said}"
    );
    assert_eq!(shop.order("o3"), ["12"; 6]);
    // The file that the server was started with is not what is in effect any more.
    shop.again(&earning(1));
    assert_eq!(shop.order("o4"), ["22"; 6]);
    let said = shop.server.said();
    assert!(said.contains("is not the version in effect"), "{said}");
    // Nor is another one.
    shop.again(&earning(7));
    assert_eq!(shop.order("o5"), ["32"; 6]);
    assert_eq!(stdout_of(shop.programme(&["get"])), earning(10));
    assert_eq!(
        stdout_of(shop.programme(&["get", "--number", "1"])),
        earning(1)
    );
    let history = stdout_of(shop.programme(&["history"]));
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 2, "{history}");
    assert!(lines[0].trim_start().starts_with("2 ") && lines[0].ends_with("ten a pound"));
    // Each entry names the version that it was folded under.
    let url = format!("{}/v1/players/ann/events/shop", shop.server.url("http"));
    let versions = ["o1", "o3"].map(|id| {
        let answer = http::get_as(&format!("{url}/{id}"), Some(&shop.key)).unwrap();
        answer["event"]["programme_version"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(
        versions,
        [base, shop.current()["version"].as_str().unwrap().to_owned()]
    );
    assert_eq!(shop.server.stop(), Some(0));
    // And every balance follows from the journal, across versions.
    let data = shop.folder.path().join("data");
    let file = shop.folder.path().join("p.yaml");
    let audit = stdout_of(run([
        "audit",
        "--data",
        arg(&data),
        "--programme",
        arg(&file),
    ]));
    assert!(audit.contains('6'), "{audit}");
}

#[test]
fn a_state_that_is_lost_is_folded_anew_under_each_version_where_it_took_effect() {
    let mut shop = Shop::open();
    shop.order("o1");
    assert_eq!(shop.publish(&earning(10)).0, 200);
    shop.order("o2");
    assert_eq!(shop.publish(&earning(100)).0, 200);
    assert_eq!(shop.order("o3"), ["111"; 6]);
    shop.server.kill();
    fs::remove_dir_all(shop.folder.path().join("data/state")).unwrap();
    shop.server = serve(shop.folder.path(), &earning(1));
    assert_eq!(shop.order("o4"), ["211"; 6]);
}

#[test]
fn of_two_who_publish_at_once_one_is_told_what_the_other_changed() {
    let shop = Shop::open();
    let base = shop.current()["version"].clone();
    for round in 0..5 {
        let on = shop.current()["version"].clone();
        shop.put(&earning(20 + round));
        let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let rivals: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| shop.publish_on(&on)))
                .collect();
            rivals.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let published = answers.iter().filter(|(status, _)| *status == 200).count();
        let conflicts = answers
            .iter()
            .filter(|(status, answer)| *status == 409 && answer["code"] == json!("stale_base"));
        assert_eq!((published, conflicts.count()), (1, 3), "{answers:?}");
        assert_eq!(shop.current()["number"], json!(round + 2));
    }
    shop.put(&earning(50));
    let (status, conflict) = shop.publish_on(&base);
    assert_eq!((status, &conflict["code"]), (409, &json!("stale_base")));
    assert!(
        conflict["difference"]
            .as_str()
            .unwrap()
            .contains("rate: 24"),
        "{conflict}"
    );
    let refused = shop.programme(&["publish", "--base", base.as_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let errors = String::from_utf8(refused.stderr).unwrap();
    let newest = shop.current()["version"].as_str().unwrap().to_owned();
    for said in [
        "stale_base",
        "what changed since your --base:\n  earn rule e: rate 1 -> 24\n",
        "your draft changes the same, so decide which holds:\n  earn rule e: rate 1 -> 50\n",
        "rate: 24",
        "nothing was published. Put these changes into your file, then:",
        &format!("questline programme publish --base {newest} --draft"),
    ] {
        assert!(errors.contains(said), "{said:?} is not in {errors}");
    }
}

#[test]
fn a_server_killed_while_it_publishes_has_published_or_not_and_goes_on() {
    let mut shop = Shop::open();
    let mut expected = 0;
    for round in 1..=6_u64 {
        let rate = round * 10;
        let (before, source) = (shop.current(), earning(u32::try_from(rate).unwrap()));
        shop.put(&source);
        let url = format!("{}/v1/programme:publish", shop.server.url("http"));
        let asking = std::thread::spawn({
            let (key, base) = (shop.key.clone(), before["version"].clone());
            // The answer may never come.
            move || {
                std::panic::catch_unwind(|| {
                    http::post(
                        &url,
                        Some(&key),
                        json!({"base": base}).to_string().as_bytes(),
                    )
                })
            }
        });
        support::server::wait_ms(round * 3);
        shop.again(&earning(1));
        drop(asking.join());
        let after = shop.current();
        let number = before["number"].as_u64().unwrap();
        let published = after["number"].as_u64().unwrap() - number;
        assert!(published <= 1, "{before} {after}");
        // What was decided before the kill is in effect everywhere soon; what was not, never.
        let active = wait_for("every partition", || {
            let partitions = shop.current()["partitions"].clone();
            (partitions["active"] == json!(PARTITIONS)).then_some(partitions)
        });
        assert_eq!(active["total"], json!(PARTITIONS));
        if published == 0 {
            assert_eq!(shop.publish_on(&before["version"]).0, 200);
        }
        expected += rate;
        assert_eq!(
            shop.order(&format!("o{round}")),
            vec![expected.to_string(); 6]
        );
    }
}

#[test]
fn a_wrong_draft_is_kept_and_said_and_never_takes_effect() {
    let shop = Shop::open();
    let wrong = earning(3).replace("rate", "rat");
    let file = shop.file("wrong.yaml", &wrong);
    let put = shop.programme(&["put", arg(&file)]);
    assert_eq!(put.status.code(), Some(2));
    let errors = String::from_utf8(put.stderr).unwrap();
    assert!(errors.contains("wrong.yaml:7:"), "{errors}");
    assert_eq!(stdout_of(shop.programme(&["get", "--draft"])), wrong);
    let base = shop.current()["version"].as_str().unwrap().to_owned();
    let publish = shop.programme(&["publish", "--base", &base]);
    assert_eq!(publish.status.code(), Some(2));
    assert_eq!(shop.order("o1"), ["1"; 6]);
}

#[test]
fn a_folder_without_its_programmes_is_refused_with_what_to_do() {
    let mut shop = Shop::open();
    shop.order("o1");
    assert_eq!(shop.publish(&earning(10)).0, 200);
    shop.order("o2");
    assert_eq!(shop.server.stop(), Some(0));
    let (data, file) = (
        shop.folder.path().join("data"),
        shop.folder.path().join("p.yaml"),
    );
    let published = data.join("programmes/acme@00000002.json");
    let text = fs::read_to_string(&published).unwrap();
    fs::remove_file(&published).unwrap();
    let start = || {
        let settings = shop.file("again.toml", SETTINGS);
        let args = [
            "serve",
            "--data",
            arg(&data),
            "--programme",
            arg(&file),
            "--config",
        ];
        questline().args(args).arg(settings).output().unwrap()
    };
    let refused = start();
    assert_eq!(refused.status.code(), Some(1));
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(
        errors.contains("publication 2 of brand acme") && errors.contains("backup"),
        "{errors}"
    );
    // One that this server cannot read: another can.
    let version = |text: &str| text.replace("rate: 10", "rite: 10");
    fs::write(&published, version(&text)).unwrap();
    let errors = String::from_utf8(start().stderr).unwrap();
    assert!(
        errors.contains("publication 2 of brand acme") && errors.contains("cannot read it"),
        "{errors}"
    );
    fs::write(&published, &text).unwrap();
    shop.server = serve(shop.folder.path(), &earning(1));
    assert_eq!(shop.order("o3"), ["21"; 6]);
}

#[test]
fn a_server_without_a_programme_begins_when_one_is_published_and_then_needs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    let key = key(&data, "shop", "ingest,read,programme");
    let start = || Process::start(folder.path(), "server", &["--data", arg(&data)], SETTINGS);
    let server = start();
    assert!(
        server.said().contains("no programme is published")
            && server.said().contains("questline programme put"),
        "{}",
        server.said()
    );
    let mut shop = Shop {
        folder,
        key,
        server,
    };
    let url = format!("{}/v1/events", shop.server.url("http"));
    let (status, refused) = http::post(&url, Some(&shop.key), b"{}");
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")));
    let said = refused["detail"].as_str().unwrap();
    assert!(
        said.contains("has no programme") && said.contains(":publish"),
        "{said}"
    );
    let file = shop.file("first.yaml", &earning(2));
    let put = stdout_of(shop.programme(&["put", arg(&file)]));
    assert!(
        put.contains("questline programme publish --draft "),
        "{put}"
    );
    let published = stdout_of(shop.programme(&["publish"]));
    assert!(
        published.ends_with("as number 1; in effect in 3 of 3 partitions\n"),
        "{published}"
    );
    assert_eq!(shop.order("o1"), ["2"; 6]);
    assert_eq!(shop.publish(&earning(3)).0, 200);
    // What is in effect is in the folder.
    shop.server.kill();
    let again = |shop: &Shop| {
        let data = shop.folder.path().join("data");
        Process::start(
            shop.folder.path(),
            "again",
            &["--data", arg(&data)],
            SETTINGS,
        )
    };
    shop.server = again(&shop);
    assert_eq!(shop.order("o2"), ["5"; 6]);
    assert!(!shop.server.said().contains("no programme is published"));
    // Players without any programme: they are not folded on without one.
    assert_eq!(shop.server.stop(), Some(0));
    let data = shop.folder.path().join("data");
    let (programmes, aside) = (data.join("programmes"), data.join("aside"));
    fs::rename(&programmes, &aside).unwrap();
    let settings = shop.file("again.toml", SETTINGS);
    let refused = run(["serve", "--data", arg(&data), "--config", arg(&settings)]);
    assert_eq!(refused.status.code(), Some(1));
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(
        errors.contains("of brand acme")
            && errors.contains("put the programmes back from a backup"),
        "{errors}"
    );
    fs::remove_dir_all(&programmes).ok();
    fs::rename(&aside, &programmes).unwrap();
    shop.server = again(&shop);
    assert_eq!(shop.order("o3"), ["8"; 6]);
}
