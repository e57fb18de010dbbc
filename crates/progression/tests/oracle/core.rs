//! The core, driven as a caller drives it: states and sealed segments kept by player, everything else handed in and out.

use std::collections::BTreeMap;

use programme::model::Programme;
use progression::{History, Outcome, State, Subject, try_apply, view, wants};
use serde_json::Value;
use testkit::oracle::Answer;
use types::{Body, PlayerId, Record, Timestamp};

/// When a player's state goes through its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passivate {
    Never,
    Always,
    /// After every so many records.
    Every(usize),
}

/// What came of a history.
#[derive(Debug, PartialEq)]
pub(crate) struct Folded {
    pub(crate) players: Vec<Value>,
    pub(crate) emissions: Vec<Value>,
    pub(crate) outcomes: Vec<Outcome>,
}

/// A player as the caller keeps him.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) state: State,
    pub(crate) segments: BTreeMap<u32, Vec<u8>>,
}

impl Kept {
    /// Applies a record, fetching the segments that it wants and no others.
    fn apply(&mut self, programme: &Programme, record: &Record) -> progression::Decision {
        let mut history = History::new();
        for _ in 0..64 {
            let asked = wants(programme, &self.state, &history, record);
            let wanted = match try_apply(programme, &mut self.state, &history, record) {
                Ok(decision) => {
                    assert!(asked.is_empty(), "what is not wanted was not needed");
                    self.segments.extend(decision.sealed.iter().cloned());
                    return decision;
                }
                Err(wanted) => wanted,
            };
            assert_eq!(asked, wanted);
            for number in wanted {
                let bytes = self
                    .segments
                    .get(&number)
                    .expect("only sealed segments are wanted");
                history
                    .insert(number, bytes)
                    .expect("a segment that was sealed");
            }
        }
        panic!("the core wants segments for ever");
    }

    fn through_bytes(&mut self) {
        let mut bytes = Vec::new();
        self.state.encode(&mut bytes);
        self.state = State::decode(&bytes).expect("an encoded state");
    }
}

/// Folds records of the programme's brand in log order.
pub(crate) fn fold(programme: &Programme, records: &[Record], passivate: Passivate) -> Folded {
    let (folded, _) = fold_keeping(programme, records, passivate);
    folded
}

/// As [`fold`], and what a caller has kept in the end.
pub(crate) fn fold_keeping(
    programme: &Programme,
    records: &[Record],
    passivate: Passivate,
) -> (Folded, BTreeMap<PlayerId, Kept>) {
    let mut kept: BTreeMap<PlayerId, Kept> = BTreeMap::new();
    let (mut emissions, mut outcomes) = (Vec::new(), Vec::new());
    for (at, record) in (1..).zip(records) {
        let Body::Event { event, .. } = &record.body else {
            continue;
        };
        let player = kept.entry(event.player.clone()).or_default();
        let decision = player.apply(programme, record);
        let subject = Subject {
            brand: &programme.brand,
            player: &event.player,
        };
        for emission in &decision.emissions {
            let id = emission.id(subject).to_string();
            let line = emission.json(subject, &id);
            emissions.push(serde_json::from_slice(&line).expect("an emission is JSON"));
        }
        outcomes.push(decision.outcome);
        match passivate {
            Passivate::Never => {}
            Passivate::Always => player.through_bytes(),
            Passivate::Every(few) if at % few == 0 => {
                kept.values_mut().for_each(Kept::through_bytes);
            }
            Passivate::Every(_) => {}
        }
    }
    let now = records
        .last()
        .map_or(Timestamp::MIN, |record| record.recorded_at);
    let players = kept.iter().filter(|(_, player)| player.state.is_known());
    let players = players
        .map(|(id, player)| {
            let subject = Subject {
                brand: &programme.brand,
                player: id,
            };
            serde_json::to_value(view(programme, &player.state, subject, now).line())
                .expect("a view is JSON")
        })
        .collect();
    let folded = Folded {
        players,
        emissions,
        outcomes,
    };
    (folded, kept)
}

/// Where two folds differ first, for a reader.
pub(crate) fn compare(got: &Folded, expected: &testkit::oracle::Outcome) -> Result<(), String> {
    first_difference("emission", &got.emissions, &expected.emissions)?;
    first_difference("player", &got.players, &expected.players)?;
    for (at, (got, expected)) in got.outcomes.iter().zip(&expected.answers).enumerate() {
        let agree = matches!(
            (got, expected),
            (Outcome::Applied, Answer::Applied)
                | (Outcome::Replayed, Answer::Replayed)
                | (Outcome::Conflict, Answer::Conflict)
                | (Outcome::Ticked, Answer::Nothing)
        );
        if !agree {
            return Err(format!("record {at}: got {got:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// The first place where two lists of lines differ.
pub(crate) fn first_difference(
    what: &str,
    got: &[Value],
    expected: &[Value],
) -> Result<(), String> {
    for at in 0..got.len().max(expected.len()) {
        if got.get(at) != expected.get(at) {
            let line = |value: Option<&Value>| {
                value.map_or_else(|| "nothing".to_owned(), Value::to_string)
            };
            return Err(format!(
                "{what} {at}\n     got {}\nexpected {}",
                line(got.get(at)),
                line(expected.get(at))
            ));
        }
    }
    Ok(())
}
