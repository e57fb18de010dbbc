//! Folds events as the engine does: segments kept by the caller, `wants` asked until nothing is missing.

use std::collections::BTreeMap;

use events::{Context, parse_json};
use programme::model::Programme;
use progression::{
    Catalogue, Decision, Deliver, History, State, Stocks, Subject, apply_at_once, due as due_by,
    view, wants,
};
use serde_json::{Value, json};
use types::{Body, BrandId, Event, PlayerId, Position, Record, SourceId, Timestamp};

pub(crate) fn compile(source: &str) -> Programme {
    programme::compile("programme.yaml", source).unwrap_or_else(|error| panic!("{error}"))
}

/// One line of a file, and when it was recorded.
pub(crate) struct Line {
    pub(crate) event: Event,
    pub(crate) recorded_at: Timestamp,
}

/// The readable lines of a file, in the order of their recorded times.
pub(crate) fn read(programme: &Programme, lines: &str) -> Vec<Line> {
    let source = SourceId::new("file").unwrap();
    let context = Context::file(programme, &source);
    let read = lines.lines().filter_map(|line| {
        let incoming = parse_json(line.as_bytes(), &context).ok()?;
        let recorded_at = incoming.recorded_at.unwrap_or(incoming.event.occurred_at);
        Some(Line {
            event: incoming.event,
            recorded_at,
        })
    });
    let mut lines: Vec<Line> = read.collect();
    lines.sort_by_key(|line| line.recorded_at);
    lines
}

/// One player with what the store keeps of him.
#[derive(Clone, Default)]
pub(crate) struct Player {
    pub(crate) state: State,
    pub(crate) segments: BTreeMap<u32, Vec<u8>>,
    /// Of each version that he met.
    names: Catalogue,
}

impl Player {
    /// Folds a record, with the history that it wants.
    pub(crate) fn fold(
        &mut self,
        programme: &Programme,
        record: &Record,
        deliver: &mut Deliver<'_>,
    ) -> Decision {
        self.names.learn(programme);
        let mut history = History::new();
        for _ in 0..8 {
            let wanted = wants(programme, &self.state, &history, record);
            if wanted.is_empty() {
                break;
            }
            for number in wanted {
                assert!(
                    number < self.state.open_segment(),
                    "wants what is not sealed"
                );
                history
                    .insert(number, &self.segments[&number], &self.names)
                    .unwrap();
            }
        }
        assert_eq!(
            wants(programme, &self.state, &history, record),
            [] as [u32; 0]
        );
        let decision = apply_at_once(programme, &mut self.state, &history, record, deliver)
            .expect("what is not wanted is not needed");
        self.segments.extend(decision.sealed.iter().cloned());
        decision
    }

    /// Forgets everything that a snapshot does not say.
    pub(crate) fn passivate(&mut self, programme: &Programme) {
        self.names.learn(programme);
        let mut bytes = Vec::new();
        self.state.encode(&mut bytes);
        self.state = State::decode(&bytes, &self.names).unwrap();
        let mut again = Vec::new();
        self.state.encode(&mut again);
        assert_eq!(bytes, again, "decode, then encode, is the same");
    }

    /// The whole journal, oldest first.
    pub(crate) fn journal(&self) -> Vec<progression::journal::Entry> {
        let mut entries = Vec::new();
        for bytes in self.segments.values() {
            entries.extend(progression::journal::decode_segment(bytes, &self.names).unwrap());
        }
        entries.extend(progression::journal::open_entries(&self.state));
        entries
    }
}

/// Everybody.
pub(crate) struct World {
    pub(crate) programme: Programme,
    pub(crate) players: BTreeMap<PlayerId, Player>,
    pub(crate) stocks: Stocks,
    pub(crate) emissions: Vec<Value>,
    pub(crate) now: Timestamp,
    position: u64,
    /// Between any two records of a player his state is encoded and decoded.
    pub(crate) passivating: bool,
}

impl World {
    pub(crate) fn new(programme: &str) -> Self {
        Self {
            programme: compile(programme),
            players: BTreeMap::new(),
            stocks: Stocks::new(),
            emissions: Vec::new(),
            now: Timestamp::MIN,
            position: 0,
            passivating: false,
        }
    }

    pub(crate) fn run(&mut self, lines: &str) -> &mut Self {
        for line in read(&self.programme, lines) {
            self.fold(line);
        }
        self
    }

    pub(crate) fn fold(&mut self, line: Line) -> Decision {
        self.until(line.recorded_at);
        self.position += 1;
        self.now = self.now.max(line.recorded_at);
        let record = Record {
            position: Position {
                sequence: self.position,
                index: 0,
            },
            recorded_at: line.recorded_at,
            body: Body::Event {
                brand: self.programme.brand.clone(),
                accepted_at: line.recorded_at,
                event: Box::new(line.event),
                traceparent: None,
            },
        };
        let Body::Event { event, .. } = &record.body else {
            unreachable!();
        };
        let id = event.player.clone();
        let player = self.players.entry(id.clone()).or_default();
        if self.passivating {
            player.passivate(&self.programme);
        }
        let (programme, stocks) = (&self.programme, &mut self.stocks);
        let subject = Subject {
            brand: &programme.brand,
            player: &id,
        };
        let mut deliver = |tell| stocks.deliver(programme, subject, &tell);
        let decision = player.fold(programme, &record, &mut deliver);
        self.tell(&id, &decision);
        decision
    }

    /// Fires what is due by then, player after player, each as often as something is due, so that all is told by time.
    pub(crate) fn until(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        loop {
            let due = self.players.iter().filter_map(|(id, player)| {
                let due = player.state.next_timer(&self.programme)?;
                (due <= now).then(|| (due, id.clone()))
            });
            let Some((at, id)) = due.min() else {
                return;
            };
            let Some(player) = self.players.get_mut(&id) else {
                return;
            };
            let decision = due_by(&self.programme, &mut player.state, at);
            player.segments.extend(decision.sealed.iter().cloned());
            self.tell(&id, &decision);
        }
    }

    fn tell(&mut self, player: &PlayerId, decision: &Decision) {
        let subject = Subject {
            brand: &self.programme.brand,
            player,
        };
        for tell in &decision.tells {
            self.stocks.deliver(&self.programme, subject, tell);
        }
        for emission in decision.emissions() {
            let id = emission.id(subject).to_string();
            let line = emission.json(subject, &id);
            self.emissions.push(serde_json::from_slice(&line).unwrap());
        }
    }

    pub(crate) fn brand(&self) -> &BrandId {
        &self.programme.brand
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let known = self
            .players
            .iter()
            .filter(|(_, player)| player.state.is_known());
        let line = |(id, player): (&PlayerId, &Player)| {
            let subject = Subject {
                brand: self.brand(),
                player: id,
            };
            let view = view(&self.programme, &player.state, subject, self.now);
            serde_json::to_value(view.line()).unwrap()
        };
        known.map(line).collect()
    }
}

/// One line an emission, for tables.
pub(crate) fn told(emission: &Value) -> String {
    let field = |key: &str| emission.get(key).and_then(Value::as_str);
    let keys = [
        "type", "points", "amount", "grant", "rule", "mission", "period", "tier", "level", "from",
        "to", "reason", "status",
    ];
    let parts: Vec<&str> = keys.iter().filter_map(|key| field(key)).collect();
    let cause = emission.get("cause").cloned().unwrap_or_else(|| json!({}));
    let cause = cause.get("event").or_else(|| cause.get("timer"));
    let cause = cause.and_then(Value::as_str).unwrap_or("");
    format!("{cause}: {}", parts.join(" "))
}

/// Events in short: `id type amount currency @occurred recorded=TIME of=ID source=S player=P key=value ..`, one a line.
pub(crate) fn events(short: &str) -> String {
    let mut lines = String::new();
    for line in short.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let mut event = json!({
            "id": words.next().unwrap(), "type": words.next().unwrap(), "source": "s", "player": "a",
        });
        let mut attributes = serde_json::Map::new();
        for word in words {
            if let Some(at) = word.strip_prefix('@') {
                event["occurred_at"] = at.into();
            } else if let Some((key, value)) = word.split_once('=') {
                match key {
                    "recorded" => event["recorded_at"] = value.into(),
                    "of" => event["refers_to"] = value.into(),
                    "source" | "player" | "rate" => event[key] = value.into(),
                    _ => {
                        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
                        attributes.insert(key.to_owned(), value);
                    }
                }
            } else if word.bytes().all(|byte| byte.is_ascii_uppercase()) {
                event["currency"] = word.into();
            } else {
                event["amount"] = word.into();
            }
        }
        event["attributes"] = attributes.into();
        lines.push_str(&event.to_string());
        lines.push('\n');
    }
    lines
}

pub(crate) const HEAD: &str = "programme: t\nbrand: b\ntimezone: Europe/London\ncurrency: GBP\n";

/// Folds the events and compares the emissions, one line each, with what is expected; passivated between any two records too.
#[track_caller]
pub(crate) fn check(programme: &str, short: &str, expected: &[&str]) -> World {
    let mut worlds = [false, true].map(|passivating| {
        let mut world = World::new(&format!("{HEAD}{programme}"));
        world.passivating = passivating;
        let lines = events(short);
        let count = short.lines().filter(|line| !line.trim().is_empty()).count();
        assert_eq!(
            read(&world.programme, &lines).len(),
            count,
            "an event was rejected"
        );
        world.run(&lines);
        world
    });
    for world in &worlds {
        let told: Vec<String> = world.emissions.iter().map(told).collect();
        assert_eq!(told, expected);
    }
    assert_eq!(worlds[0].lines(), worlds[1].lines());
    std::mem::replace(&mut worlds[0], World::new(&format!("{HEAD}{programme}")))
}
