//! Scenario folders: a programme, events, and what must come of them, worked out by hand.

use std::fs;
use std::path::{Path, PathBuf};

use events::Context;
use programme::model::Programme;
use serde_json::Value;
use types::{Body, Position, Record, SourceId, Timestamp};

/// A scenario as it lies in its folder.
#[derive(Debug)]
pub struct Scenario {
    /// The folder's name.
    pub name: String,
    /// `programme.yaml`, compiled.
    pub programme: Programme,
    /// `events.jsonl` in the order of the log; unreadable and refused lines are left out.
    pub records: Vec<Record>,
    /// `until.txt`, where the fold runs on past the last event.
    pub until: Option<Timestamp>,
    /// `expected_players.jsonl`.
    pub players: Vec<Value>,
    /// `expected_emissions.jsonl`.
    pub emissions: Vec<Value>,
}

/// Every scenario below a folder, by name.
pub fn all(folder: &Path) -> Vec<Scenario> {
    let entries = fs::read_dir(folder).expect("a folder of scenarios");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|path| read(path)).collect()
}

/// The scenario in a folder.
pub fn read(folder: &Path) -> Scenario {
    let text = |file: &str| fs::read_to_string(folder.join(file));
    let source = text("programme.yaml").expect("programme.yaml");
    let programme = programme::compile("programme.yaml", &source)
        .unwrap_or_else(|errors| panic!("{}: {errors}", folder.display()));
    let events = text("events.jsonl").expect("events.jsonl");
    let lines = |file: &str| json_lines(&text(file).expect("the expectation"));
    Scenario {
        name: folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        records: in_log_order(&programme, &events),
        until: text("until.txt")
            .ok()
            .map(|time| time.trim().parse().expect("an instant")),
        players: lines("expected_players.jsonl"),
        emissions: lines("expected_emissions.jsonl"),
        programme,
    }
}

/// An emission as expectations have it: without `id` and `grant_id`.
pub fn without_ids(mut emission: Value) -> Value {
    if let Value::Object(fields) = &mut emission {
        fields.remove("id");
        fields.remove("grant_id");
    }
    emission
}

/// Lines of JSON, parsed.
pub fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

/// Events of a file in the order of the log: by recorded (else occurred) time, ties as they stand.
pub fn in_log_order(programme: &Programme, events: &str) -> Vec<Record> {
    let file: SourceId = "file".parse().expect("a source");
    let context = Context::file(programme, &file);
    let read = events
        .lines()
        .filter_map(|line| events::parse_json(line.as_bytes(), &context).ok());
    let mut incoming: Vec<_> = read
        .map(|one| (one.recorded_at.unwrap_or(one.event.occurred_at), one.event))
        .collect();
    incoming.sort_by_key(|(recorded_at, _)| *recorded_at);
    (1..)
        .zip(incoming)
        .map(|(sequence, (recorded_at, event))| Record {
            position: Position { sequence, index: 0 },
            recorded_at,
            body: Body::Event {
                brand: programme.brand.clone(),
                accepted_at: recorded_at,
                event: Box::new(event),
                traceparent: None,
            },
        })
        .collect()
}
