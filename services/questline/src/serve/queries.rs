//! Ingest's questions, answered by the engine in this process.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use engine::EngineHandle;
use engine::ownership::Standing;
use ingest_service::{
    Applied, Draft, JournalAnswer, OutcomeAnswer, PlayerAnswer, PreviewAnswer, Queries, QueryError,
    attributes_json,
};
use ports::Entity;
use progression::Outcome;
use progression::journal::{Entry, entry_json};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::watch;
use types::{BrandId, EventId, Partition, PlayerId, Position, SourceId};

use super::preview::sums;

/// The engine, as ingest sees it.
pub(crate) struct EngineQueries {
    engine: EngineHandle,
    /// As one node of several.
    standing: Option<watch::Receiver<Standing>>,
    failed: AtomicBool,
}

impl EngineQueries {
    pub(crate) fn new(engine: EngineHandle, standing: Option<watch::Receiver<Standing>>) -> Self {
        Self {
            engine,
            standing,
            failed: AtomicBool::new(false),
        }
    }

    /// A partition stopped on its own: this process is no longer ready.
    pub(crate) fn set_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Queries for EngineQueries {
    async fn player(&self, entity: &Entity) -> Result<Option<PlayerAnswer>, QueryError> {
        let found = self.engine.player(entity).await.map_err(asked_again)?;
        found
            .map(|player| {
                Ok(PlayerAnswer {
                    line: raw(&player.view.line())?,
                    view: raw(&player.view)?,
                    profile: raw(&serde_json::json!({
                        "attributes": attributes_json(&player.view.attributes),
                        "segments": player.view.segments,
                    }))?,
                    as_of: player.as_of,
                })
            })
            .transpose()
    }

    async fn journal(
        &self,
        entity: &Entity,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Option<JournalAnswer>, QueryError> {
        let page = self.engine.journal(entity, before, limit).await;
        page.map_err(asked_again)?
            .map(|page| {
                Ok(JournalAnswer {
                    entries: all(&page.entries)?,
                    next_before: page.next,
                    player: page.player.as_ref().map(raw).transpose()?,
                })
            })
            .transpose()
    }

    async fn explain(
        &self,
        entity: &Entity,
        source: &SourceId,
        event: &EventId,
    ) -> Result<Option<Box<RawValue>>, QueryError> {
        #[derive(Serialize)]
        struct Explained {
            event: Box<RawValue>,
            reversed_by: Vec<Box<RawValue>>,
        }
        let found = self.engine.explain(entity, source, event).await;
        found
            .map_err(asked_again)?
            .map(|found| {
                raw(&Explained {
                    event: json(entry_json(&found.entry))?,
                    reversed_by: all(&found.reversed_by)?,
                })
            })
            .transpose()
    }

    async fn outcome(
        &self,
        entity: &Entity,
        position: Position,
    ) -> Result<OutcomeAnswer, QueryError> {
        let found = self.engine.outcome(entity, position).await;
        let found = found.map_err(asked_again)?;
        let (status, code) = match found.outcome {
            Outcome::Applied | Outcome::Ticked => (Applied::Applied, ""),
            // Answered as the first was.
            Outcome::Replayed => match found.first {
                Some(Outcome::Refused(refusal)) => (Applied::Replayed, refusal.code()),
                _ => (Applied::Replayed, ""),
            },
            Outcome::Conflict => (Applied::Conflict, ""),
            Outcome::Refused(refusal) => (Applied::Refused, refusal.code()),
        };
        let emissions = found.emissions.iter().map(|bytes| json(bytes.to_vec()));
        Ok(OutcomeAnswer {
            status,
            code: code.into(),
            emissions: emissions.collect::<Result<_, _>>()?,
        })
    }

    async fn players(
        &self,
        partition: Partition,
        brand: &BrandId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<Vec<PlayerId>, QueryError> {
        let found = self.engine.players_of(partition, brand, after, limit).await;
        let found = found.map_err(asked_again)?.into_iter();
        Ok(found.map(|entity| entity.player).collect())
    }

    async fn preview(
        &self,
        partition: Partition,
        draft: Draft<'_>,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<PreviewAnswer, QueryError> {
        let compiled = programme::compile("draft", draft.source);
        // Whoever asks has read it: an older binary here cannot.
        let compiled = compiled.map_err(unwritable)?;
        let draft = self.engine.draft(compiled);
        let found = self.engine.preview(partition, &draft, after, limit).await;
        let found = found.map_err(asked_again)?;
        Ok(PreviewAnswer {
            sums: sums(&draft, &found),
            next: found.next,
        })
    }

    async fn drained(&self, positions: &[(Partition, Position)]) -> Result<(), QueryError> {
        self.engine.drained(positions).await.map_err(asked_again)
    }

    /// One node of several is ready as long as it takes part: an upgrade waits for it before it goes on to the next.
    fn ready(&self) -> bool {
        let mut standing = self.standing.iter();
        let takes_part = standing.all(|standing| standing.borrow().leased);
        takes_part && !self.failed.load(Ordering::Relaxed)
    }
}

fn asked_again(error: engine::QueryError) -> QueryError {
    match error {
        engine::QueryError::Moving => QueryError::Moving,
        engine::QueryError::Stopping => QueryError::Stopping,
        // Repaired by hand; until then the answer is "not now".
        engine::QueryError::Overloaded | engine::QueryError::Quarantined(_) => {
            QueryError::Overloaded
        }
    }
}

fn all(entries: &[Entry]) -> Result<Vec<Box<RawValue>>, QueryError> {
    entries
        .iter()
        .map(|entry| json(entry_json(entry)))
        .collect()
}

fn json(bytes: Vec<u8>) -> Result<Box<RawValue>, QueryError> {
    let text = String::from_utf8(bytes).map_err(unwritable)?;
    RawValue::from_string(text).map_err(unwritable)
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>, QueryError> {
    to_raw_value(value).map_err(unwritable)
}

/// What the core writes is JSON; where it were not, the question has no answer.
fn unwritable(error: impl std::fmt::Display) -> QueryError {
    tracing::error!(%error, "an answer cannot be written");
    QueryError::Overloaded
}
