//! `questline send` against a server of the test's own: order, batches, back-off, and going on where it was.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};
use support::{arg, questline};

/// What the fake server does with each request, in turn; the last one stays.
#[derive(Clone, Copy)]
enum Turn {
    /// Takes the batch.
    Take,
    /// Takes all but the events of one partition.
    TakeSome,
    /// Answers a status with `Retry-After: 0`.
    Refuse(u16),
    /// Closes the connection without an answer.
    Hang,
}

/// A server that says what it was sent: path, and ids in order.
struct Fake {
    url: String,
    requests: Receiver<(String, Vec<String>)>,
}

impl Fake {
    fn start(turns: Vec<Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, requests) = mpsc::channel();
        std::thread::spawn(move || {
            let mut turns = turns.into_iter().peekable();
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                while let Some((path, body)) = request(&mut stream) {
                    let ids: Vec<String> = body.lines().map(id).collect();
                    let turn = if path.starts_with("/v1/events") {
                        *turns.peek().unwrap()
                    } else {
                        Turn::Take
                    };
                    if path.starts_with("/v1/events") && turns.len() > 1 {
                        turns.next();
                    }
                    let answered = answer(stream.get_mut(), turn, &ids);
                    // The test may have seen enough.
                    drop(seen.send((path, ids)));
                    if !answered {
                        break;
                    }
                }
            }
        });
        Self { url, requests }
    }

    /// Ids of each batch so far.
    fn batches(&self) -> Vec<Vec<String>> {
        let all = self.requests.try_iter();
        all.filter(|(path, _)| path.starts_with("/v1/events"))
            .map(|(_, ids)| ids)
            .collect()
    }

    fn send(&self, file: &Path) -> Output {
        questline()
            .args([
                "send",
                "--to",
                &self.url,
                "--key",
                "k",
                "--patience",
                "20",
                arg(file),
            ])
            .output()
            .unwrap()
    }
}

fn id(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    event["id"].as_str().unwrap_or("").to_owned()
}

fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix("POST ") {
            rest.split(' ').next()?.clone_into(&mut path);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((path, String::from_utf8(body).unwrap()))
}

fn answer(stream: &mut TcpStream, turn: Turn, ids: &[String]) -> bool {
    let (status, body) = match turn {
        Turn::Hang => return false,
        Turn::Refuse(status) => (status, json!({"code": "refused", "detail": "not now"})),
        Turn::Take | Turn::TakeSome => {
            let results: Vec<Value> = ids.iter().map(|id| result(turn, id)).collect();
            (200, json!({"results": results}))
        }
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} x\r\nretry-after: 0\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).is_ok()
}

fn result(turn: Turn, id: &str) -> Value {
    // A tick has no id.
    let number: u64 = id.parse().unwrap_or(0);
    match turn {
        Turn::TakeSome if number % 2 == 1 => {
            json!({"id": id, "status": "rejected", "code": "unavailable"})
        }
        _ if number == 7 => json!({"id": id, "status": "rejected", "code": "too_many_decimals"}),
        _ => json!({"id": id, "status": "accepted"}),
    }
}

fn events(folder: &Path, count: u64) -> std::path::PathBuf {
    let file = folder.join("events.jsonl");
    let line = |id| format!("{{\"id\":\"{id}\",\"occurred_at\":\"2011-01-01T00:00:00Z\"}}\n");
    std::fs::write(&file, (0..count).map(line).collect::<String>()).unwrap();
    file
}

fn numbers(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

fn progress_files(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".sent.json"))
        .count()
}

#[test]
fn events_go_in_order_in_batches_of_a_thousand_and_rejected_ones_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(vec![Turn::Take]);
    let output = fake.send(&events(folder.path(), 2_500));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("sent 2,500 events, 2,499 accepted, 1 rejected"),
        "{text}"
    );
    let all: Vec<_> = fake.requests.try_iter().collect();
    let batches: Vec<_> = all.iter().map(|(_, ids)| ids.len()).collect();
    assert_eq!(batches, [1_000, 1_000, 500, 1]);
    assert!(all[3].0.starts_with("/v1/clock:tick"));
    assert_eq!(
        all[..3]
            .iter()
            .flat_map(|(_, ids)| ids.clone())
            .collect::<Vec<_>>(),
        numbers(0..2_500)
    );
    assert_eq!(
        progress_files(folder.path()),
        0,
        "nothing is left to go on from"
    );
}

#[test]
fn back_pressure_and_broken_connections_are_waited_out_with_the_same_batch() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(vec![
        Turn::Refuse(429),
        Turn::Refuse(503),
        Turn::Hang,
        Turn::Take,
    ]);
    let output = fake.send(&events(folder.path(), 1_200));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let batches = fake.batches();
    assert_eq!(batches.len(), 5);
    assert!(batches[..4].iter().all(|batch| *batch == numbers(0..1_000)));
    assert_eq!(batches[4], numbers(1_000..1_200));
}

#[test]
fn events_that_are_not_durable_yet_are_sent_again_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(vec![Turn::TakeSome, Turn::Take]);
    let output = fake.send(&events(folder.path(), 1_010));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("1,009 accepted, 1 rejected"), "{text}");
    let batches = fake.batches();
    let odd: Vec<String> = (0..1_000)
        .filter(|number| number % 2 == 1)
        .map(|number: u64| number.to_string())
        .collect();
    assert_eq!(batches[1], odd);
    assert_eq!(batches[2], numbers(1_000..1_010));
}

#[test]
fn an_interrupted_backfill_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = events(folder.path(), 3_000);
    let fake = Fake::start(vec![Turn::Take, Turn::Take, Turn::Refuse(403), Turn::Take]);
    let output = fake.send(&file);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        (fake.batches().len(), progress_files(folder.path())),
        (3, 1)
    );

    let output = fake.send(&file);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("went on after 2,000 events"), "{text}");
    assert!(
        text.contains("sent 3,000 events, 2,999 accepted, 1 rejected"),
        "{text}"
    );
    assert_eq!(fake.batches(), [numbers(2_000..3_000)]);
    assert_eq!(progress_files(folder.path()), 0);
}
