//! A data folder with a history, as a server left it, and the same events as a file.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use embedded::{ClockMode, DataFolder, Options};
use ports::{Entry, EventLog as _, ProgrammeStore as _, Publication};
use serde_json::{Value, json};
use tempfile::TempDir;
use types::{BrandId, Event, Timestamp};

use crate::support::arg;
use crate::support::process::Process;

const PARTITIONS: u16 = 3;

pub(crate) struct Stored {
    pub(crate) folder: TempDir,
    pub(crate) data: PathBuf,
    pub(crate) events: PathBuf,
    pub(crate) today: PathBuf,
}

/// A programme with one mission of a month, one reward, two tiers above the first.
pub(crate) fn programme(target: &str, rate: &str, more: &str) -> String {
    format!(
        "programme: p\nbrand: acme\ntimezone: UTC\ncurrency: GBP\npoints: {{xp: {{kind: status}}}}\n\
         earn:\n  - {{id: e, on: order, give: {{points: xp, {rate}, per: \"1.00\", of: amount}}}}\n\
         missions:\n  - {{id: five, goal: {{count: order, {target}}}, window: month, reward: [{{grant: voucher}}]{more}}}\n\
         rewards: [{{id: voucher, kind: bonus, template: V}}]\n\
         tiers:\n  - {{id: loyalty, by: xp, levels: [{{id: bronze, at: 0}}, {{id: silver, at: 100}}, {{id: gold, at: 1000}}]}}\n"
    )
}

/// An order, recorded when it occurred.
pub(crate) fn order(player: &str, at: &str, amount: &str) -> Value {
    json!({"id": format!("{player}-{at}"), "type": "order", "player": player, "occurred_at": at, "amount": amount,
        "currency": "GBP", "source": "shop"})
}

/// Orders of 40 players in two months, and cancellations of some: the nth player orders n times and more.
pub(crate) fn orders() -> Vec<Value> {
    let mut events = Vec::new();
    for player in 0..40 {
        let name = format!("p{player:02}");
        for nth in 0..=player {
            let (month, day) = (1 + nth % 2, 1 + (nth + player) % 28);
            let at = format!("2026-0{month}-{day:02}T{:02}:{player:02}:00Z", nth % 24);
            let placed = order(&name, &at, &format!("{}.00", 1 + player));
            if nth % 7 == 3 {
                events.push(json!({"id": format!("c-{}", placed["id"].as_str().unwrap()), "type": "order_cancelled",
                    "player": name, "refers_to": placed["id"], "occurred_at": format!("2026-0{month}-28T23:59:00Z"),
                    "source": "shop"}));
            }
            events.push(placed);
        }
    }
    events.sort_by_key(|event| event["occurred_at"].as_str().unwrap().to_owned());
    events
}

impl Stored {
    pub(crate) fn new(today: &str, events: &[Value]) -> Self {
        Self::made(today, events, 64 << 20)
    }

    /// Each event in a segment of its own, from the second on.
    pub(crate) fn in_segments(today: &str, events: &[Value]) -> Self {
        Self::made(today, events, 1)
    }

    fn made(today: &str, events: &[Value], segment_bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stored = Self {
            data: folder.path().join("data"),
            events: folder.path().join("events.jsonl"),
            today: folder.path().join("today.yaml"),
            folder,
        };
        fs::write(&stored.today, today).unwrap();
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        fs::write(&stored.events, lines.join("\n")).unwrap();
        let mut options = Options::new(Arc::new(|| Timestamp::MIN));
        options.partitions = Some(PARTITIONS);
        options.clock = Some(ClockMode::Event);
        options.segment_bytes = segment_bytes;
        let data = DataFolder::open(&stored.data, options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(fill(&data, today, events));
        stored
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// A server on it.
    pub(crate) fn serve(&self) -> Process {
        let settings = "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n[notifications]\n\
                        grpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n[bonus_engine]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n";
        let args = ["--data", arg(&self.data), "--programme", arg(&self.today)];
        Process::start(self.folder.path(), "serve", &args, settings)
    }
}

async fn fill(data: &DataFolder, today: &str, events: &[Value]) {
    let brand: BrandId = "acme".parse().unwrap();
    let publication = Publication {
        number: 1,
        version: programme::version_of(today).0,
        source: today.into(),
        author: "test".into(),
        note: "".into(),
        at: Timestamp::MIN,
        base: None,
    };
    data.programmes.publish(&brand, &publication).await.unwrap();
    for event in events {
        let event = read(event);
        let at = event.occurred_at;
        let partition = events::partition_of(&brand, &event.player, PARTITIONS);
        let body = events::record::encode(&brand, at, &event, None);
        let entry = Entry {
            recorded_at: Some(at),
            body,
        };
        data.log.append(partition, vec![entry]).await.unwrap();
    }
}

fn read(event: &Value) -> Event {
    let text = |name: &str| event[name].as_str();
    Event {
        id: text("id").unwrap().parse().unwrap(),
        source: text("source").unwrap().parse().unwrap(),
        kind: text("type").unwrap().into(),
        player: text("player").unwrap().parse().unwrap(),
        occurred_at: text("occurred_at").unwrap().parse().unwrap(),
        amount: text("amount").map(|it| it.parse().unwrap()),
        currency: text("currency").map(|it| it.parse().unwrap()),
        refers_to: text("refers_to").map(|it| it.parse().unwrap()),
        rate: None,
        attributes: Default::default(),
        sealed: None,
    }
}

/// A server that says what there is, and then nothing.
pub(crate) struct Silent {
    pub(crate) url: String,
    /// Told when it is asked for a page.
    pub(crate) asked: mpsc::Receiver<()>,
}

pub(crate) fn silent_after_the_ends() -> Silent {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::channel();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            if first.starts_with("GET /v1/log HTTP") {
                let body = json!({"brand": "acme", "partitions": [{"after": "0.0", "end": "9.0"}]})
                    .to_string();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                write!(
                    stream,
                    "{head}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            } else {
                silent.push(stream);
                tell.send(()).unwrap();
            }
        }
    });
    Silent { url, asked }
}
