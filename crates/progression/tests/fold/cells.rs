//! A player with more identities than the state keeps: known for ever, whatever is passivated, and wherever a crash falls.

use std::collections::BTreeMap;

use programme::model::Programme;
use progression::{Catalogue, History, Outcome, State, journal, try_apply, wants};
use testkit::faulty::Dice;
use types::{Body, Event, Position, Record, Timestamp};

use crate::harness::{HEAD, compile};

const PROGRAMME: &str = "
points: {xp: {kind: status}}
earn: [{id: visit, on: session_started, give: {points: xp, fixed: 1}, cap: [{points: 100, per: lifetime}]}]";

/// A player and the rows that the store has of him, with what of them was read.
struct Player {
    programme: Programme,
    names: Catalogue,
    state: State,
    rows: BTreeMap<u32, Vec<u8>>,
    cells_read: usize,
}

impl Player {
    fn new() -> Self {
        let programme = compile(&format!("{HEAD}{PROGRAMME}"));
        Self {
            names: Catalogue::of(&programme),
            programme,
            state: State::new(),
            rows: BTreeMap::new(),
            cells_read: 0,
        }
    }

    /// Folds a record; what it wrote stays in the store whatever becomes of the state.
    fn fold(&mut self, record: &Record) -> Outcome {
        let mut history = History::new();
        for _ in 0..8 {
            let asked = wants(&self.programme, &self.state, &history, record);
            let wanted = match try_apply(&self.programme, &mut self.state, &history, record) {
                Ok(decision) => {
                    assert!(asked.is_empty());
                    self.rows.extend(decision.sealed);
                    self.rows.extend(decision.cells);
                    return decision.outcome;
                }
                Err(wanted) => wanted,
            };
            assert_eq!(asked, wanted);
            for number in wanted {
                assert!(self.state.has_row(number), "row {number} is not written");
                let bytes = &self.rows[&number];
                if journal::is_cell(number) {
                    self.cells_read += bytes.len();
                }
                history.insert(number, bytes, &self.names).unwrap();
            }
        }
        panic!("the core wants rows for ever");
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.state.encode(&mut bytes);
        bytes
    }

    fn load(&mut self, snapshot: &[u8]) {
        self.state = State::decode(snapshot, &self.names).unwrap();
    }
}

/// The n-th record: a visit of an id with a body of its own.
fn visit(n: u64, id: u64, body: u64) -> Record {
    let at: Timestamp = "2024-03-01T10:00:00Z".parse().unwrap();
    Record {
        position: Position {
            sequence: n + 1,
            index: 0,
        },
        recorded_at: at,
        body: Body::Event {
            brand: "b".parse().unwrap(),
            accepted_at: at,
            traceparent: None,
            event: Box::new(Event {
                id: format!("v{id}").parse().unwrap(),
                source: "shop".parse().unwrap(),
                kind: "session_started".into(),
                player: "ann".parse().unwrap(),
                occurred_at: at.saturating_add_nanos(-(body as i64)),
                amount: None,
                currency: None,
                refers_to: None,
                rate: None,
                attributes: Default::default(),
                sealed: None,
            }),
        },
    }
}

/// A history in which every tenth record says again what was said, or the same id with another body; and what each comes to, by a
/// table of all ids.
fn history(count: u64) -> Vec<(Record, Outcome)> {
    let dice = Dice::new(3);
    let mut first: BTreeMap<u64, u64> = BTreeMap::new();
    (0..count)
        .map(|n| {
            let (id, body) = match first.len() as u64 {
                known @ 1.. if dice.below(10) == 0 => {
                    let id = dice.below(known);
                    (id, first[&id] + dice.below(2))
                }
                known => (known, dice.below(3)),
            };
            let outcome = match first.get(&id) {
                None => Outcome::Applied,
                Some(before) if *before == body => Outcome::Replayed,
                Some(_) => Outcome::Conflict,
            };
            first.entry(id).or_insert(body);
            (visit(n, id, body), outcome)
        })
        .collect()
}

#[test]
fn every_identity_of_a_player_is_known_however_many_there_are() {
    let mut player = Player::new();
    let (mut snapshots, mut looked_up) = (0, 0);
    for (n, (record, expected)) in history(60_000).iter().enumerate() {
        let cells = (player.state.cells_written() > 0, player.cells_read);
        assert_eq!(player.fold(record), *expected, "record {n}");
        if n % 97 == 0 {
            let snapshot = player.snapshot();
            // What activating the player reads, but for the journal's open tail.
            assert!(
                snapshot.len() <= 52 << 10,
                "{} bytes at {n}",
                snapshot.len()
            );
            player.load(&snapshot);
            snapshots += 1;
        }
        let read = player.cells_read - cells.1;
        if cells.0 && read > 0 && read <= 2 * 5_120 {
            looked_up += 1;
        }
    }
    assert!(player.state.cells_written() >= 3);
    assert!(
        snapshots > 600 && looked_up > 30_000,
        "{looked_up} look-ups of a cell"
    );
}

#[test]
fn a_crash_after_the_rows_and_before_the_snapshot_changes_nothing() {
    let records = history(37_500);
    let mut straight = Player::new();
    for (record, _) in &records {
        straight.fold(record);
    }
    let mut player = Player::new();
    let (mut snapshot, mut from, mut crashes) = (player.snapshot(), 0, 0);
    let mut n = 0;
    while n < records.len() {
        let (record, expected) = &records[n];
        assert_eq!(player.fold(record), *expected, "record {n}");
        n += 1;
        let written = player.state.cells_written();
        if n - from == 500 {
            if crashes < written * 2 || n % 7_000 == 0 && crashes < 12 {
                // Everything since the snapshot is folded again, over rows that are there already.
                crashes += 1;
                player.load(&snapshot);
                n = from;
            }
            snapshot = player.snapshot();
            from = n;
        }
    }
    assert!(crashes >= 4 && player.state.cells_written() == 2);
    assert_eq!(player.rows, straight.rows);
    assert_eq!(player.snapshot(), straight.snapshot());
}
