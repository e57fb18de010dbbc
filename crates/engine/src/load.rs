//! Reads of the store: snapshots of players that become active, and segments that a record or a question needs.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use ports::{Entity, Key, Person, StoreError};
use progression::DecodeError;
use types::{Epoch, Position, Timestamp};

use crate::context::Tenure;
use crate::error::EngineError;
use crate::fold::{self, Segments, State};
use crate::logic::Rules;
use crate::names;
use crate::quarantine::Aside;
use crate::retry::Backoff;
use crate::row::Emitted;
use crate::skip::Seen;
use crate::slots::SlotId;
use crate::snapshot::{self, Wrapped};

/// Snapshots decoded before others get their turn.
const DECODED: usize = 32;

/// What a player's snapshot says.
pub(crate) enum Found {
    /// A state, or none yet. `again` are emissions and tells past the head taken over, to be offered again; where `ahead`, the snapshot lies
    /// past that head and must be written under the own epoch.
    State {
        state: Box<State>,
        /// What it is folded under; nothing for a player of whom nothing is known.
        rules: Rules,
        ahead: bool,
        again: Vec<Emitted>,
        /// What was applied past that head.
        seen: Option<Seen>,
        /// The player's key, where anything is sealed with it.
        key: Option<Arc<Key>>,
    },
    /// A newer epoch wrote it: this owner is history.
    Newer,
    /// It is folded under a logic version that this process does not have.
    Lacking(u32),
    /// It cannot be read.
    Broken(String),
}

impl Found {
    /// A player that has no snapshot.
    fn nothing() -> Self {
        Self::State {
            state: Box::new(State::new()),
            rules: Rules::default(),
            ahead: false,
            again: Vec::new(),
            seen: None,
            key: None,
        }
    }
}

/// Segments by number, or why there are none.
pub(crate) type SegmentsRead = Result<Vec<(u32, Bytes)>, String>;

/// Reads the players' snapshots, for as long as it takes.
pub(crate) async fn players(
    tenure: Rc<Tenure>,
    wanted: Vec<(SlotId, Entity)>,
) -> Vec<(SlotId, Found)> {
    let entities: Vec<Entity> = wanted.iter().map(|(_, entity)| entity.clone()).collect();
    let rows = rows(&tenure, &entities).await;
    let mut found = Vec::with_capacity(rows.len());
    for ((slot, entity), row) in wanted.into_iter().zip(rows) {
        let one = match row {
            Ok(None) => Found::nothing(),
            Ok(Some(bytes)) => open(&tenure, &entity, &bytes).await,
            Err(why) => Found::Broken(why),
        };
        found.push((slot, one));
        if found.len().is_multiple_of(DECODED) {
            tokio::task::yield_now().await;
        }
    }
    found
}

/// Players' snapshots as they stand in the store, or why one cannot be read.
pub(crate) async fn rows(
    tenure: &Tenure,
    entities: &[Entity],
) -> Vec<Result<Option<Bytes>, String>> {
    if let Ok(rows) = snapshots(tenure, entities).await {
        return rows.into_iter().map(Ok).collect();
    }
    // One damaged row must not set all of them aside.
    let mut rows = Vec::with_capacity(entities.len());
    for entity in entities {
        let row = snapshots(tenure, std::slice::from_ref(entity)).await;
        rows.push(row.map(|mut one| one.pop().flatten()));
    }
    rows
}

/// Players that have a snapshot, after `after`, for as long as it takes.
pub(crate) async fn entities(
    tenure: &Tenure,
    after: Option<&Entity>,
    limit: usize,
) -> Result<Vec<Entity>, EngineError> {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    loop {
        match store.entities(tenure.partition, after, limit).await {
            Ok(entities) => return Ok(entities),
            Err(StoreError::Corrupt(why)) => return Err(tenure.unreadable(why)),
            Err(error) => wait(tenure, &error, &mut backoff).await,
        }
    }
}

/// The snapshot of a player to be repaired, with everything past what its row vouches for to be offered again; with `whole` a player
/// of whom nothing is known.
pub(crate) async fn reopened(
    tenure: &Tenure,
    entity: &Entity,
    aside: &Aside,
    whole: bool,
) -> Found {
    let row = match snapshots(tenure, std::slice::from_ref(entity)).await {
        _ if whole => None,
        Ok(mut rows) => rows.pop().flatten(),
        Err(why) => return Found::Broken(why),
    };
    let Some(bytes) = row else {
        return Found::nothing();
    };
    let Decoded {
        rules, state, key, ..
    } = match decode(tenure, entity, &bytes).await {
        Ok(decoded) => decoded,
        Err(found) => return found,
    };
    match past(tenure, entity, &state, aside.from.position, aside.swept).await {
        Ok(entries) => Found::State {
            again: again(tenure, entity, &entries),
            rules,
            state,
            ahead: true,
            seen: None,
            key,
        },
        Err(why) => Found::Broken(why),
    }
}

/// What a snapshot row says.
pub(crate) struct Decoded {
    /// Which epoch wrote it.
    pub(crate) epoch: Epoch,
    /// What the state is folded under.
    pub(crate) rules: Rules,
    pub(crate) state: Box<State>,
    /// Where it was sealed.
    pub(crate) key: Option<Arc<Key>>,
}

/// Reads a snapshot row, and opens what is sealed in it.
pub(crate) async fn decode(
    tenure: &Tenure,
    entity: &Entity,
    bytes: &[u8],
) -> Result<Decoded, Found> {
    let Some(Wrapped {
        epoch,
        number,
        logic,
        sealed,
        state,
    }) = snapshot::unwrap(bytes)
    else {
        let why = "the snapshot's wrapper cannot be read".to_owned();
        return Err(Found::Broken(why));
    };
    if epoch > tenure.epoch {
        return Err(Found::Newer);
    }
    if !tenure.ports.versions.logic().has(logic) {
        return Err(Found::Lacking(logic));
    }
    let rules = Rules { number, logic };
    if number > 0 {
        let learned = tenure.ports.versions.learn(&entity.brand, number).await;
        learned.map_err(|error| Found::Broken(error.to_string()))?;
    }
    loop {
        let read = State::decode(state, &tenure.catalogue.borrow());
        match read {
            Ok(state) => {
                let mut state = Box::new(state);
                let key = opened(tenure, entity, sealed, &mut state).await?;
                return Ok(Decoded {
                    epoch,
                    rules,
                    state,
                    key,
                });
            }
            Err(DecodeError::Unnamed(version)) => {
                let learned = names::learn(tenure, &entity.brand, version).await;
                learned.map_err(Found::Broken)?;
            }
            Err(error) => {
                let why = format!("the snapshot cannot be read: {error}");
                return Err(Found::Broken(why));
            }
        }
    }
}

/// Opens what is sealed beside a state. Of an erased player it is gone.
async fn opened(
    tenure: &Tenure,
    entity: &Entity,
    sealed: &[u8],
    state: &mut State,
) -> Result<Option<Arc<Key>>, Found> {
    if sealed.is_empty() {
        return Ok(None);
    }
    let broken = |why: &str| Found::Broken(why.to_owned());
    let (key, erased) = key(tenure, entity).await;
    if erased {
        return Ok(None);
    }
    let key = key.ok_or_else(|| broken("its key is not there: put people/ of a backup back"))?;
    let attributes = snapshot::attributes(&key, entity, sealed);
    let attributes = attributes.ok_or_else(|| broken("its key does not open its snapshot"))?;
    state.set_attributes(attributes);
    Ok(Some(key))
}

/// A player's key, for as long as it takes; and whether there is none because it was erased.
pub(crate) async fn key(tenure: &Tenure, entity: &Entity) -> (Option<Arc<Key>>, bool) {
    let Some(people) = &tenure.config.people else {
        return (None, false);
    };
    let mut backoff = Backoff::default();
    loop {
        match people.person(entity).await {
            Ok(Some(Person::Key(key))) => return (Some(Arc::new(key)), false),
            Ok(Some(Person::Erased(_))) => return (None, true),
            Ok(None) => return (None, false),
            Err(error) => wait(tenure, &error, &mut backoff).await,
        }
    }
}

/// What these entries caused and told, to be offered again.
pub(crate) fn again(tenure: &Tenure, entity: &Entity, entries: &[fold::Entry]) -> Vec<Emitted> {
    let takes = |kind: &str| tenure.takes(kind);
    let emitted = entries.iter();
    emitted
        .flat_map(|entry| fold::said_by(entity, entry, takes))
        .collect()
}

async fn open(tenure: &Tenure, entity: &Entity, bytes: &[u8]) -> Found {
    let Decoded {
        epoch,
        rules,
        state,
        key,
    } = match decode(tenure, entity, bytes).await {
        Ok(decoded) => decoded,
        Err(found) => return found,
    };
    let mut ahead = epoch < tenure.epoch && state.applied() > tenure.taken;
    // What fired after the last sweep of that head may be told nowhere else.
    let fired = epoch < tenure.epoch && state.clock() > tenure.swept;
    let (mut offered, mut seen) = (Vec::new(), None);
    if ahead || fired {
        let past = match past(tenure, entity, &state, tenure.taken, tenure.swept).await {
            Ok(past) => past,
            Err(why) => return Found::Broken(why),
        };
        offered = again(tenure, entity, &past);
        seen = ahead.then(|| Seen::of(&past));
        ahead |= !past.is_empty();
    }
    Found::State {
        state,
        rules,
        ahead,
        again: offered,
        seen,
        key,
    }
}

/// Every entry of the player's journal past a place in the log, or of a timer due past a time, in order.
pub(crate) async fn past(
    tenure: &Tenure,
    entity: &Entity,
    state: &State,
    taken: Position,
    swept: Timestamp,
) -> Result<Vec<fold::Entry>, String> {
    let mut newest_first = vec![fold::open_entries(state)];
    let mut number = state.open_segment();
    let reaches_back = |entries: &Vec<fold::Entry>| {
        let first = entries.first();
        first.is_some_and(|entry| entry.position <= taken && entry.recorded_at <= swept)
    };
    while number > 0 && !newest_first.last().is_some_and(reaches_back) {
        number -= 1;
        newest_first.push(segment(tenure, entity, number, &Segments::new()).await?);
    }
    let oldest_first = newest_first.into_iter().rev().flatten();
    Ok(oldest_first
        .filter(|entry| match entry.timer {
            Some(_) => entry.recorded_at > swept,
            None => entry.position > taken,
        })
        .collect())
}

/// The entries of one segment, oldest first; an unwritten one hides the row of its number.
pub(crate) async fn segment(
    tenure: &Tenure,
    entity: &Entity,
    number: u32,
    unwritten: &Segments,
) -> Result<Vec<fold::Entry>, String> {
    let bytes = match unwritten.get(&number) {
        Some(bytes) => bytes.clone(),
        None => {
            let mut rows = segments(tenure, entity, &[number]).await?;
            rows.pop().map(|(_, bytes)| bytes).unwrap_or_default()
        }
    };
    fold::decode_segment(&bytes, &tenure.catalogue.borrow())
        .map_err(|error| format!("segment {number} cannot be read: {error}"))
}

/// Segments of a player, for as long as it takes. One that is not there is an error: it was sealed before the state that names it
/// was written.
pub(crate) async fn segments(tenure: &Tenure, entity: &Entity, numbers: &[u32]) -> SegmentsRead {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    loop {
        match store.segments(tenure.partition, entity, numbers).await {
            Ok(rows) => {
                let numbered = numbers.iter().zip(rows);
                let read: Vec<(u32, Bytes)> = numbered
                    .map(|(number, row)| {
                        row.map(|bytes| (*number, bytes))
                            .ok_or_else(|| format!("segment {number} is not in the store"))
                    })
                    .collect::<Result<_, String>>()?;
                learn_names(tenure, entity, &read).await?;
                return Ok(read);
            }
            Err(StoreError::Corrupt(why)) => return Err(why),
            Err(error) => wait(tenure, &error, &mut backoff).await,
        }
    }
}

/// What segments are read with must be there before they are.
async fn learn_names(
    tenure: &Tenure,
    entity: &Entity,
    segments: &[(u32, Bytes)],
) -> Result<(), String> {
    for (number, bytes) in segments
        .iter()
        .filter(|(number, _)| !fold::is_cell(*number))
    {
        let versions = fold::versions(bytes)
            .map_err(|error| format!("segment {number} cannot be read: {error}"))?;
        for version in versions {
            let known = tenure.catalogue.borrow().knows(version);
            if !known {
                names::learn(tenure, &entity.brand, version).await?;
            }
        }
    }
    Ok(())
}

async fn snapshots(tenure: &Tenure, entities: &[Entity]) -> Result<Vec<Option<Bytes>>, String> {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    loop {
        match store.snapshots(tenure.partition, entities).await {
            Ok(rows) => return Ok(rows),
            Err(StoreError::Corrupt(why)) => return Err(why),
            Err(error) => wait(tenure, &error, &mut backoff).await,
        }
    }
}

async fn wait(tenure: &Tenure, error: &StoreError, backoff: &mut Backoff) {
    tracing::warn!(partition = %tenure.partition, %error, "the store is not read");
    backoff.wait().await;
}
