//! Bad input at the binary: each gets its answer, and costs nobody else anything. What players end with is what `simulate` gives for
//! the good events alone.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::server::{Server, wait_for};
use support::{arg, assert_same_lines, example, lines, questline, run, stdout_of};

/// Nobody listens there: grants wait.
const NOBODY: &str = "http://127.0.0.1:1";
const LAST: &str = "2011-01-20T00:00:00Z";

/// A server of the bundled programme, and the good events that it took.
struct Shop {
    folder: tempfile::TempDir,
    server: Server,
    good: Vec<Value>,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("data"), &programme(), NOBODY);
        Self {
            folder,
            server,
            good: Vec::new(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn post(&self, body: &[u8]) -> (u16, Value) {
        let url = format!("{}/v1/events?wait=applied", self.server.url("http"));
        support::http::post(&url, Some(&self.server.key), body)
    }

    /// Good events, of a player each, around a bad one: what became of the three.
    fn around(&mut self, bad: &[u8]) -> Vec<String> {
        let n = self.good.len();
        let before = order(&format!("g{n}"), &format!("p{}", n % 7), "25.00");
        let after = order(&format!("g{}", n + 1), "zoë", "10.01");
        let mut body = format!("{{\"events\":[{before},").into_bytes();
        body.extend_from_slice(bad);
        body.extend_from_slice(format!(",{after}]}}").as_bytes());
        self.good.extend([before, after]);
        let (status, answer) = self.post(&body);
        assert_eq!(status, 202, "{answer}");
        outcomes(&answer)
    }

    /// An event that is good by itself, whatever it does.
    fn take(&mut self, event: Value) -> String {
        let (status, answer) = self.post(event.to_string().as_bytes());
        assert_eq!(status, 202, "{answer}");
        self.good.push(event);
        outcomes(&answer).remove(0)
    }

    /// Everybody is where the good events alone bring them.
    fn assert_unharmed(&self, what: &str) {
        let file = self.folder.path().join("good.jsonl");
        let text: Vec<String> = self.good.iter().map(Value::to_string).collect();
        std::fs::write(&file, text.join("\n")).unwrap();
        let (programme, file) = (programme(), arg(&file).to_owned());
        let simulate = [
            "simulate",
            "--programme",
            arg(&programme),
            "--events",
            &file,
            "--until",
            LAST,
        ];
        let expected = lines(&stdout_of(run(simulate)));
        let tick = json!({ "recorded_at": LAST }).to_string();
        let url = format!("{}/v1/clock:tick", self.server.url("http"));
        let (status, answer) = support::http::post(&url, Some(&self.server.key), tick.as_bytes());
        assert!((200..300).contains(&status), "{status} {answer}");
        let mut got = Vec::new();
        wait_for(what, || {
            got = self.server.players();
            (got == expected).then_some(())
        });
        assert_same_lines(what, &got, &expected);
        assert!(!expected.is_empty());
    }
}

fn programme() -> PathBuf {
    example("online-retail/programme.yaml")
}

fn order(id: &str, player: &str, amount: &str) -> Value {
    json!({"id": id, "source": "shop", "type": "order", "player": player, "amount": amount, "currency": "GBP",
        "occurred_at": "2011-01-10T10:00:00Z"})
}

fn outcomes(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    let one = |result: &Value| match result["code"].as_str() {
        Some(code) => code.to_owned(),
        None => result["status"].as_str().unwrap().to_owned(),
    };
    results.iter().map(one).collect()
}

#[test]
fn a_bad_event_leaves_its_neighbours_and_all_players_as_they_would_be() {
    let mut shop = Shop::open();
    let of = |key: &str, value: Value| {
        let mut event = order("bad", "p1", "1.00");
        event[key] = value;
        event.to_string().into_bytes()
    };
    let raw = |from: &str, to: &str| {
        let text = order("bad", "p1", "1.00").to_string();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    let without = |key: &str| {
        let mut event = order("bad", "p1", "1.00");
        event.as_object_mut().unwrap().remove(key);
        event.to_string().into_bytes()
    };
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let mut not_utf8 = raw("\"bad\"", "\"b?d\"");
    let at = not_utf8.windows(3).position(|some| some == b"b?d").unwrap();
    not_utf8[at + 1] = 0xFF;
    let table: [(&str, Vec<u8>, &str); 19] = [
        (
            "malformed JSON",
            raw("\"bad\"", "\"bad\"\"bad\""),
            "malformed",
        ),
        ("unknown type", of("type", json!("oder")), "unknown_type"),
        ("missing field", without("player"), "missing_field"),
        ("missing amount", without("amount"), "missing_field"),
        (
            "unknown currency",
            of("currency", json!("XXQ")),
            "unknown_currency",
        ),
        (
            "too many decimals",
            of("amount", json!("1.001")),
            "too_many_decimals",
        ),
        ("NaN", raw("\"1.00\"", "NaN"), "bad_number"),
        ("NaN as text", of("amount", json!("NaN")), "bad_number"),
        (
            "negative amount",
            of("amount", json!("-1.00")),
            "bad_amount",
        ),
        (
            "10^30",
            raw("\"1.00\"", &format!("1{}", "0".repeat(30))),
            "bad_amount",
        ),
        (
            "no offset",
            of("occurred_at", json!("2011-01-10T10:00:00")),
            "bad_time",
        ),
        (
            "year 9999",
            of("occurred_at", json!("9999-01-10T10:00:00Z")),
            "bad_time",
        ),
        (
            "large attribute",
            of("attributes", json!({"a": "x".repeat(70_000)})),
            "too_large",
        ),
        (
            "nesting",
            raw(
                "\"1.00\"",
                &format!("\"1.00\",\"attributes\":{{\"a\":{deep}}}"),
            ),
            "too_deep",
        ),
        ("invalid UTF-8", not_utf8, "malformed"),
        ("NUL in an id", of("id", json!("b\0d")), "malformed"),
        ("NUL in a player", of("player", json!("p\0")), "malformed"),
        (
            "10,000-character id",
            of("id", json!("x".repeat(10_000))),
            "id_too_long",
        ),
        (
            "another source",
            of("source", json!("till")),
            "source_not_allowed",
        ),
    ];
    for (what, bad, code) in table {
        assert_eq!(shop.around(&bad), ["applied", code, "applied"], "{what}");
    }
    shop.assert_unharmed("rejected events");
}

#[test]
fn odd_events_are_answered_and_change_what_the_rules_say_and_no_more() {
    let mut shop = Shop::open();
    assert_eq!(shop.take(order("o1", "p1", "50.00")), "applied");
    assert_eq!(shop.take(order("o1", "p1", "50.00")), "replayed");
    assert_eq!(shop.take(order("o1", "p1", "51.00")), "conflict");
    assert_eq!(
        shop.take(order("o1", "p2", "51.00")),
        "applied",
        "another player's"
    );
    let mut unknown = order("c1", "p1", "9.00");
    unknown["type"] = "order_cancelled".into();
    unknown["refers_to"] = "never".into();
    assert_eq!(shop.take(unknown), "applied", "a reversal of nothing");
    let mut future = order("o2", "p3", "30.00");
    future["occurred_at"] = "2099-01-01T00:00:00Z".into();
    future["recorded_at"] = "2011-01-11T00:00:00Z".into();
    assert_eq!(shop.take(future), "applied", "the future is now");
    shop.assert_unharmed("odd events");
}

#[test]
fn a_bad_request_is_refused_and_others_are_served() {
    let mut shop = Shop::open();
    let good = order("o1", "p1", "50.00").to_string();
    let many = format!("{{\"events\":[{}]}}", vec![good.as_str(); 1_001].join(","));
    let mut large = order("o2", "p1", "50.00");
    large["attributes"] = json!({"a": "x".repeat(1 << 20)});
    let large = large.to_string();
    let table = [
        ("{", 400),
        ("", 400),
        ("{\"events\":[]}", 400),
        (many.as_str(), 413),
        (large.as_str(), 413),
    ];
    for (body, status) in table {
        let shown: String = body.chars().take(30).collect();
        assert_eq!(shop.post(body.as_bytes()).0, status, "{shown}");
    }
    let url = format!("{}/v1/events", shop.server.url("http"));
    let post = |key: Option<&str>| support::http::post(&url, key, good.as_bytes()).0;
    let create = |brand: &str, scopes: &str| {
        let data = shop.data();
        let args = ["key", "create", "--data", arg(&data), "--brand", brand];
        let rest = ["--source", "shop", "--scopes", scopes];
        stdout_of(run(args.into_iter().chain(rest)))
            .trim()
            .to_owned()
    };
    assert_eq!(post(None), 401);
    assert_eq!(post(Some("ql_nobody_nothing")), 401);
    let read_only = create("online-retail", "read");
    wait_for("the new key", || {
        (post(Some(&read_only)) == 403).then_some(())
    });
    let elsewhere = create("bold", "ingest,read");
    wait_for("another brand's key", || {
        (post(Some(&elsewhere)) == 403).then_some(())
    });
    // A caller that stops in the middle of a body holds its own connection alone.
    let host = shop
        .server
        .url("http")
        .trim_start_matches("http://")
        .to_owned();
    let mut slow = TcpStream::connect(&host).unwrap();
    let key = &shop.server.key;
    write!(slow, "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 500\r\n\r\n{{\"id\"").unwrap();
    assert_eq!(shop.take(order("o3", "p1", "50.00")), "applied");
    shop.assert_unharmed("refused requests");
}

#[test]
fn a_damaged_state_is_set_aside_and_folded_anew_from_the_log() {
    let mut shop = Shop::open();
    for n in 0..20 {
        shop.take(order(&format!("o{n}"), &format!("p{}", n % 3), "30.00"));
    }
    shop.assert_unharmed("before the damage");
    assert_eq!(shop.server.stop(), Some(0));
    let damaged = overwrite_files(&shop.data().join("state"));
    assert!(damaged > 0, "no file to damage");
    shop.server.start_again();
    shop.assert_unharmed("after the damage");
    assert!(shop.data().join("state.damaged-1").is_dir());
}

/// Overwrites the middle of every file under a folder, and says how many they were.
fn overwrite_files(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += overwrite_files(&path);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let (from, until) = (bytes.len() / 4, bytes.len() * 3 / 4);
        bytes[from..until].fill(0xA5);
        std::fs::write(&path, bytes).unwrap();
        count += usize::from(until > from);
    }
    count
}

#[test]
fn a_log_that_is_damaged_in_the_middle_is_refused_by_file_and_offset() {
    let mut shop = Shop::open();
    for n in 0..20 {
        shop.take(order(&format!("o{n}"), "p1", "30.00"));
    }
    shop.server.kill();
    let segment = shop.data().join("log/00000001.seg");
    let whole = std::fs::read(&segment).unwrap();
    let at = whole.windows(3).position(|some| some == b"o10").unwrap();
    let mut damaged = whole.clone();
    damaged[at] ^= 0xFF;
    std::fs::write(&segment, &damaged).unwrap();
    let (code, said) = serve(&shop.data(), &programme());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("00000001.seg at byte "), "{said}");
    assert_eq!(
        std::fs::read(&segment).unwrap(),
        damaged,
        "nothing was changed"
    );
    std::fs::write(&segment, &whole).unwrap();
    shop.server.start_again();
    shop.assert_unharmed("after the file was restored");
}

#[test]
fn a_second_server_on_a_data_folder_is_told_so_and_the_first_goes_on() {
    let mut shop = Shop::open();
    shop.take(order("o1", "p1", "30.00"));
    let (code, said) = serve(&shop.data(), &programme());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("in use by another process"), "{said}");
    shop.take(order("o2", "p1", "30.00"));
    shop.assert_unharmed("the first server");
}

#[test]
fn a_programme_with_fifty_errors_is_told_all_of_them_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    let missions: Vec<String> = (0..50)
        .map(|n| format!("  - {{id: m{n}, goal: {{count: oder, target: 1}}}}"))
        .collect();
    let head = "programme: p\nbrand: online-retail\ncurrency: GBP\nmissions:\n";
    std::fs::write(&file, head.to_owned() + &missions.join("\n")).unwrap();
    let said = run(["check", arg(&file)]);
    assert_eq!(said.status.code(), Some(2));
    let said = String::from_utf8(said.stderr).unwrap() + &String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.matches("there is no event type `oder`").count(), 50);
    assert!(said.contains("50 errors"), "{said}");
    let data = folder.path().join("data");
    let (code, said) = serve(&data, &file);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(said.matches("there is no event type `oder`").count(), 50);
}

/// A server that is expected not to start: its exit code, and what it said.
fn serve(data: &Path, programme: &Path) -> (Option<i32>, String) {
    let settings = data.with_extension("refused.toml");
    let text = "[notifications]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n\
                [bonus_engine]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n";
    std::fs::write(&settings, text).unwrap();
    let output = questline()
        .args(["serve", "--clock", "event", "--data", arg(data)])
        .args(["--programme", arg(programme), "--config", arg(&settings)])
        .args(["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"])
        .args(["--admin", "127.0.0.1:0"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}
