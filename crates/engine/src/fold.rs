//! The one place that calls the core.

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::Entity;
use programme::model::Programme;
use progression::{Catalogue, Emission, Outcome, Subject, Tell};
use types::{Record, Timestamp};

pub(crate) use progression::journal::ENTRIES_PER_SEGMENT;
pub(crate) use progression::journal::{
    Entry, cell_of, decode_segment, is_cell, open_entries, versions,
};
pub(crate) use progression::{History, PlayerView as View, State};

use crate::row::Emitted;
use crate::tell;
use crate::unwritten::Unwritten;

/// Segments by number.
pub(crate) type Segments = BTreeMap<u32, Bytes>;

/// Why a record is not folded now.
pub(crate) enum Stop {
    /// The core needs these rows first, and they are not in memory.
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
    pub(crate) sealed: Segments,
    /// Cells of the filter, by number.
    pub(crate) cells: Segments,
    /// For a replay, the entry of the event that came first.
    pub(crate) replayed: Option<Box<Entry>>,
}

impl Decided {
    /// What leaves for the outside, in order.
    pub(crate) fn emissions(&self) -> impl Iterator<Item = Emission<'_>> {
        self.written.iter().flat_map(Entry::emissions)
    }
}

/// Folds one record, with what `history` and the unwritten rows in memory can give it.
pub(crate) fn fold(
    programme: &Programme,
    state: &mut State,
    history: &mut History,
    unwritten: &Unwritten,
    catalogue: &Catalogue,
    record: &Record,
) -> Result<Decided, Stop> {
    loop {
        let wants = match progression::try_apply(programme, state, history, record) {
            Ok(decision) => {
                // Cells are written in place: those at hand are not what they were.
                let written = decision.cells.iter();
                written.for_each(|(number, _)| history.forget(*number));
                return Ok(decided(decision));
            }
            Err(wants) => wants,
        };
        bring(state, history, unwritten, catalogue, wants)?;
    }
}

/// Whether the record repeats an event of the state's past.
pub(crate) fn is_replay(
    programme: &Programme,
    state: &State,
    history: &mut History,
    unwritten: &Unwritten,
    catalogue: &Catalogue,
    record: &Record,
) -> Result<bool, Stop> {
    loop {
        let wants = progression::wants(programme, state, history, record);
        if wants.is_empty() {
            break;
        }
        bring(state, history, unwritten, catalogue, wants)?;
    }
    let decision = progression::apply(programme, &mut state.clone(), history, record);
    Ok(decision.outcome == Outcome::Replayed)
}

/// Adds rows in memory to the history; stops where the store must give some.
fn bring(
    state: &State,
    history: &mut History,
    unwritten: &Unwritten,
    catalogue: &Catalogue,
    wants: Vec<u32>,
) -> Result<(), Stop> {
    let mut missing = Vec::new();
    for number in wants {
        // What the state has not written belongs to nobody's present: a crashed attempt may have left it.
        if !state.has_row(number) || history.has(number) {
            let why = format!("row {number} of the journal is not what the state says");
            return Err(Stop::Broken(why));
        }
        match unwritten.get(number) {
            Some(bytes) => insert(history, number, bytes, catalogue)?,
            None => missing.push(number),
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Stop::Wants(missing)),
    }
}

/// Adds a row to the history.
pub(crate) fn insert(
    history: &mut History,
    number: u32,
    bytes: &[u8],
    catalogue: &Catalogue,
) -> Result<(), Stop> {
    let read = history.insert(number, bytes, catalogue);
    let why = |error| format!("row {number} of the journal cannot be read: {error}");
    read.map_err(|error| Stop::Broken(why(error)))
}

/// Fires what is due by then; `None` where nothing is.
pub(crate) fn due(programme: &Programme, state: &mut State, now: Timestamp) -> Option<Decided> {
    state.next_timer(programme).filter(|due| *due <= now)?;
    Some(decided(progression::due(programme, state, now)))
}

/// Another publication takes effect at an instant: what fell due by then fires first, under the one before.
pub(crate) fn change(
    before: &Programme,
    programme: &Programme,
    state: &mut State,
    at: Timestamp,
) -> Decided {
    decided(progression::change(before, programme, state, at))
}

fn decided(decision: progression::Decision) -> Decided {
    let rows = |rows: Vec<(u32, Vec<u8>)>| {
        let rows = rows.into_iter();
        rows.map(|(number, bytes)| (number, bytes.into())).collect()
    };
    Decided {
        outcome: outcome_index(&decision.outcome),
        written: decision.written,
        tells: decision.tells,
        sealed: rows(decision.sealed),
        cells: rows(decision.cells),
        replayed: decision.replayed,
    }
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
