//! The check on records that are passed over: what is already applied must be in the journal, with its id and digest.
//!
//! A snapshot may lie past the head taken over; the records in between are read again and passed over. Where the log was restored
//! older meanwhile, other records stand at their positions, and passing those over would lose them without a word.

use std::collections::BTreeMap;

use types::{Body, Digest, EventId, Position, Record, SourceId};

use crate::fold::Entry;

/// What the journal has past the head taken over, by position.
pub(crate) struct Seen(BTreeMap<Position, (SourceId, EventId, Digest)>);

impl Seen {
    pub(crate) fn of(entries: &[Entry]) -> Self {
        // Timers' entries stand at the position of the record before them.
        let records = entries.iter().filter(|entry| entry.timer.is_none());
        let seen = records.map(|entry| {
            let identity = (entry.source.clone(), entry.id.clone(), entry.digest);
            (entry.position, identity)
        });
        Self(seen.collect())
    }

    /// Whether the record is the one that was applied at its position; `None` where none left an entry there, as a replay does.
    pub(crate) fn has(&self, record: &Record) -> Option<bool> {
        let Body::Event { event, .. } = &record.body else {
            return Some(true);
        };
        let (source, id, digest) = self.0.get(&record.position)?;
        Some(*source == event.source && *id == event.id && *digest == event.digest())
    }
}

#[cfg(test)]
mod tests {
    use programme::model::Programme;
    use progression::Catalogue;
    use types::{Body, Event, Position, Record, Timestamp};

    use super::Seen;
    use crate::fold::{self, History, State};
    use crate::unwritten::Unwritten;

    fn programme() -> Programme {
        let source = "programme: t\nbrand: shop\ntimezone: UTC\ncurrency: GBP\npoints: {xp: {kind: status}}\nearn:\n  - {id: e, on: \
                      order, give: {points: xp, rate: 1, per: \"1.00\", of: amount}}\n";
        match programme::compile("t.yaml", source) {
            Ok(programme) => programme,
            Err(diagnostics) => panic!("{diagnostics}"),
        }
    }

    fn order(sequence: u64, id: &str, amount: &str) -> Record {
        let at: Timestamp = "2024-03-01T10:00:00Z".parse().unwrap();
        Record {
            position: Position { sequence, index: 0 },
            recorded_at: at,
            body: Body::Event {
                brand: "shop".parse().unwrap(),
                accepted_at: at,
                traceparent: None,
                event: Box::new(Event {
                    id: id.parse().unwrap(),
                    source: "shop".parse().unwrap(),
                    kind: "order".into(),
                    player: "ann".parse().unwrap(),
                    occurred_at: at,
                    amount: Some(amount.parse().unwrap()),
                    currency: Some("GBP".parse().unwrap()),
                    refers_to: None,
                    rate: None,
                    attributes: Default::default(),
                    sealed: None,
                }),
            },
        }
    }

    #[test]
    fn a_passed_record_is_known_by_id_and_digest_and_a_replay_by_what_it_repeats() {
        let (programme, mut state) = (programme(), State::new());
        for record in [order(1, "a", "5"), order(2, "b", "6"), order(3, "a", "5")] {
            let folded = fold::fold(
                &programme,
                &mut state,
                &mut History::new(),
                &Unwritten::default(),
                &Catalogue::default(),
                &record,
            );
            assert!(folded.is_ok());
        }
        let seen = Seen::of(&fold::open_entries(&state));
        let replay = |record: &Record| {
            let (mut history, catalogue) = (History::new(), Catalogue::default());
            let unwritten = Unwritten::default();
            fold::is_replay(
                &programme,
                &state,
                &mut history,
                &unwritten,
                &catalogue,
                record,
            )
        };
        let has = |record: Record| {
            let known = seen.has(&record);
            known.unwrap_or_else(|| replay(&record).is_ok_and(|is| is))
        };
        assert!(has(order(1, "a", "5")) && has(order(2, "b", "6")));
        assert!(has(order(3, "a", "5")), "a replay");
        assert!(!has(order(2, "c", "6")), "another id");
        assert!(!has(order(2, "b", "7")), "another body");
        assert!(!has(order(3, "c", "5")), "no replay of anything");
        assert!(!has(order(3, "a", "6")), "a conflict leaves an entry");
    }
}
