//! The one place that calls the core.

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::Entity;
use programme::model::Programme;
use progression::{Catalogue, Emission, Outcome, Subject, Tell};
use types::{Record, Timestamp};

pub(crate) use progression::journal::ENTRIES_PER_SEGMENT;
pub(crate) use progression::journal::{Entry, decode_segment, open_entries, versions};
pub(crate) use progression::{History, PlayerView as View, State};

use crate::row::Emitted;
use crate::tell;

/// Segments by number.
pub(crate) type Segments = BTreeMap<u32, Bytes>;

/// What became of one record.
pub(crate) enum Folded {
    /// The core decided; the state is the next one.
    Decided(Decided),
    /// The core needs these segments first, and they are not in memory.
    Wants(Vec<u32>),
    /// What the core asked for cannot be.
    Broken(String),
}

/// The core's decision.
pub(crate) struct Decided {
    /// Index into [`crate::measure::OUTCOMES`].
    pub(crate) outcome: usize,
    written: Vec<Entry>,
    pub(crate) tells: Vec<Tell>,
    pub(crate) sealed: Vec<(u32, Bytes)>,
    /// For a replay, the entry of the event that came first.
    pub(crate) replayed: Option<Box<Entry>>,
}

impl Decided {
    /// What leaves for the outside, in order.
    pub(crate) fn emissions(&self) -> impl Iterator<Item = Emission<'_>> {
        self.written.iter().flat_map(Entry::emissions)
    }
}

/// Folds one record, with what `history` and the unwritten segments in memory can give it.
pub(crate) fn fold(
    programme: &Programme,
    state: &mut State,
    history: &mut History,
    sealed: &Segments,
    catalogue: &Catalogue,
    record: &Record,
) -> Folded {
    let decision = loop {
        let wants = match progression::try_apply(programme, state, history, record) {
            Ok(decision) => break decision,
            Err(wants) => wants,
        };
        // What is numbered at or above the open segment belongs to nobody's present: a crashed attempt may have left it.
        if let Some(beyond) = wants.iter().find(|number| **number >= state.open_segment()) {
            return Folded::Broken(format!(
                "segment {beyond} is asked for, which is not sealed"
            ));
        }
        let mut missing = Vec::new();
        for number in wants {
            match sealed.get(&number) {
                Some(bytes) => {
                    if let Err(error) = history.insert(number, bytes, catalogue) {
                        return Folded::Broken(format!("segment {number} cannot be read: {error}"));
                    }
                }
                None => missing.push(number),
            }
        }
        if !missing.is_empty() {
            return Folded::Wants(missing);
        }
    };
    Folded::Decided(decided(decision))
}

/// Fires what is due by then; `None` where nothing is.
pub(crate) fn due(programme: &Programme, state: &mut State, now: Timestamp) -> Option<Decided> {
    state.next_timer(programme).filter(|due| *due <= now)?;
    Some(decided(progression::due(programme, state, now)))
}

fn decided(decision: progression::Decision) -> Decided {
    let sealed = decision.sealed.into_iter();
    Decided {
        outcome: outcome_index(&decision.outcome),
        written: decision.written,
        tells: decision.tells,
        sealed: sealed
            .map(|(number, bytes)| (number, bytes.into()))
            .collect(),
        replayed: decision.replayed,
    }
}

/// Whether the record repeats an event of the state's past. Where only older segments can tell, it may: the filter errs that way
/// once in five hundred.
pub(crate) fn may_be_replay(programme: &Programme, state: &State, record: &Record) -> bool {
    let history = History::new();
    if !progression::wants(programme, state, &history, record).is_empty() {
        return true;
    }
    let decision = progression::apply(programme, &mut state.clone(), &history, record);
    decision.outcome == Outcome::Replayed
}

pub(crate) const fn outcome_index(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Applied => 0,
        Outcome::Replayed => 1,
        Outcome::Conflict => 2,
        Outcome::Refused(_) => 3,
        Outcome::Ticked => 4,
    }
}

/// The emission as it is sent, where a sink takes it.
pub(crate) fn emitted(
    entity: &Entity,
    emission: Emission<'_>,
    accepted_at: Option<Timestamp>,
    traceparent: Option<&str>,
    takes: impl Fn(&str) -> bool,
) -> Option<Emitted> {
    let kind = emission.kind();
    if !takes(kind) {
        return None;
    }
    let subject = subject(entity);
    let id = emission.id(subject).to_string();
    let body = emission.json(subject, &id).into();
    Some(Emitted {
        id: id.into(),
        kind: kind.into(),
        entity: entity.clone(),
        accepted_at,
        traceparent: traceparent.map(Into::into),
        body,
    })
}

/// The emissions that an entry of the journal caused, as they were sent, and the tells.
pub(crate) fn said_by(
    entity: &Entity,
    entry: &Entry,
    takes: impl Fn(&str) -> bool,
) -> Vec<Emitted> {
    let mut said = emitted_by(entity, entry, takes);
    let tells = entry.tells();
    said.extend(tells.iter().filter_map(|tell| tell::told(entity, tell)));
    said
}

/// The emissions that an entry of the journal caused, as they were sent.
pub(crate) fn emitted_by(
    entity: &Entity,
    entry: &Entry,
    takes: impl Fn(&str) -> bool,
) -> Vec<Emitted> {
    let sent = entry.emissions();
    sent.filter_map(|emission| emitted(entity, emission, Some(entry.accepted_at), None, &takes))
        .collect()
}

/// Whether the later entry took back something of the earlier one.
pub(crate) fn reverses(later: &Entry, earlier: &Entry) -> bool {
    let mut reversals = later.reversals.iter();
    reversals.any(|reversal| reversal.source == earlier.source && reversal.id == earlier.id)
}

/// Whether the entry took back anything of another.
pub(crate) fn reverses_any(entry: &Entry) -> bool {
    !entry.reversals.is_empty()
}

/// What a reader sees at `now`.
pub(crate) fn view(programme: &Programme, state: &State, entity: &Entity, now: Timestamp) -> View {
    progression::view(programme, state, subject(entity), now)
}

fn subject(entity: &Entity) -> Subject<'_> {
    Subject {
        brand: &entity.brand,
        player: &entity.player,
    }
}
