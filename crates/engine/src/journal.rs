//! Reading a player's journal: the open tail from its actor, unwritten segments from its memory, the rest from the store.

use actix::Addr;
use bytes::Bytes;
use ports::Entity;
use progression::Outcome;
use types::{EventId, Position, SourceId};

use crate::context::Tenure;
use crate::error::QueryError;
use crate::fold::{self, ENTRIES_PER_SEGMENT, Entry};
use crate::load;
use crate::player::{Journal, Player, Recent};
use crate::query::{EventEntry, JournalPage, OutcomeAt, gone};

/// Entries numbered below `before`, newest first; `None` for a player that never had an event.
pub(crate) async fn page(
    tenure: &Tenure,
    entity: &Entity,
    actor: &Addr<Player>,
    before: Option<u64>,
    limit: usize,
) -> Result<Option<JournalPage>, QueryError> {
    let newest = before.is_none();
    let mut journal = actor.send(Recent { newest }).await.map_err(gone)?;
    if !journal.known {
        return Ok(None);
    }
    let player = journal.view.take();
    let before = before.unwrap_or(u64::MAX);
    let mut entries = Vec::new();
    let mut walk = Walk::new(tenure, entity, journal).below(before);
    while let Some(older) = walk.next().await? {
        let newest_first = older.into_iter().rev();
        entries.extend(newest_first.filter(|entry| entry.number < before));
        if entries.len() > limit {
            break;
        }
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().map(|entry| entry.number).filter(|_| more);
    Ok(Some(JournalPage {
        entries,
        next,
        player,
    }))
}

/// The entry of an event, and those that reversed it since.
pub(crate) async fn find(
    tenure: &Tenure,
    entity: &Entity,
    actor: &Addr<Player>,
    source: &SourceId,
    id: &EventId,
) -> Result<Option<EventEntry>, QueryError> {
    let journal = actor.send(Recent { newest: false }).await.map_err(gone)?;
    let mut newer: Vec<Entry> = Vec::new();
    let mut walk = Walk::new(tenure, entity, journal);
    while let Some(older) = walk.next().await? {
        for entry in older.into_iter().rev() {
            let is_it = entry.source == *source && entry.id == *id;
            // A conflict has the id of the event that came first, which is the one asked for.
            if is_it && entry.outcome != Outcome::Conflict {
                newer.retain(|later| fold::reverses(later, &entry));
                newer.reverse();
                return Ok(Some(EventEntry {
                    entry,
                    reversed_by: newer,
                }));
            }
            if fold::reverses_any(&entry) {
                newer.push(entry);
            }
        }
    }
    Ok(None)
}

/// What the record at a position came to. A replay of long ago has left nothing to tell it by: its emissions are not given.
pub(crate) async fn outcome(
    tenure: &Tenure,
    entity: &Entity,
    actor: &Addr<Player>,
    position: Position,
) -> Result<OutcomeAt, QueryError> {
    let journal = actor.send(Recent { newest: false }).await.map_err(gone)?;
    let replayed = journal.replays.iter().find(|(at, _)| *at == position);
    if let Some((_, first)) = replayed {
        return Ok(OutcomeAt {
            outcome: Outcome::Replayed,
            first: Some(first.outcome),
            emissions: emissions(entity, first),
        });
    }
    let mut walk = Walk::new(tenure, entity, journal);
    while let Some(older) = walk.next().await? {
        if let Some(entry) = older.iter().find(|entry| is_at(entry, position)) {
            return Ok(OutcomeAt {
                outcome: entry.outcome,
                first: None,
                emissions: emissions(entity, entry),
            });
        }
        if older.first().is_some_and(|first| first.position < position) {
            break;
        }
    }
    Ok(OutcomeAt {
        outcome: Outcome::Replayed,
        first: None,
        emissions: Vec::new(),
    })
}

/// A timer's entry stands at the position of the record before it.
fn is_at(entry: &Entry, position: Position) -> bool {
    entry.position == position && entry.timer.is_none()
}

fn emissions(entity: &Entity, entry: &Entry) -> Vec<Bytes> {
    let all = fold::emitted_by(entity, entry, |_| true);
    all.into_iter().map(|emitted| emitted.body).collect()
}

/// Goes back through a journal, a segment at a time.
struct Walk<'a> {
    tenure: &'a Tenure,
    entity: &'a Entity,
    open: Option<Vec<Entry>>,
    sealed: fold::Segments,
    number: u32,
}

impl<'a> Walk<'a> {
    fn new(tenure: &'a Tenure, entity: &'a Entity, journal: Journal) -> Self {
        Self {
            tenure,
            entity,
            open: Some(journal.open),
            sealed: journal.sealed,
            number: journal.open_number,
        }
    }

    /// Leaves out the segments that hold no entry numbered below `before`.
    fn below(mut self, before: u64) -> Self {
        let segments = before.div_ceil(ENTRIES_PER_SEGMENT);
        if let Ok(segments) = u32::try_from(segments)
            && segments <= self.number
        {
            self.open = None;
            self.number = segments;
        }
        self
    }

    /// The next older entries, oldest first.
    async fn next(&mut self) -> Result<Option<Vec<Entry>>, QueryError> {
        if let Some(open) = self.open.take() {
            return Ok(Some(open));
        }
        let Some(number) = self.number.checked_sub(1) else {
            return Ok(None);
        };
        self.number = number;
        load::segment(self.tenure, self.entity, number, &self.sealed)
            .await
            .map(Some)
            .map_err(QueryError::Quarantined)
    }
}
