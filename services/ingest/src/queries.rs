//! What the service asks of the engine.

use async_trait::async_trait;
use ports::Entity;
use serde_json::value::RawValue;
use thiserror::Error;
use types::{BrandId, EventId, Partition, PlayerId, Position, SourceId};

use crate::preview::Preview;

/// Questions about players, answered by whoever folds the log. Answers are JSON that is passed on as it is.
#[async_trait]
pub trait Queries: Send + Sync {
    /// The player; `None` where it never had an accepted event.
    async fn player(&self, entity: &Entity) -> Result<Option<PlayerAnswer>, QueryError>;

    /// Up to `limit` journal entries numbered below `before` (`None`: the newest), newest first; `None` for an unknown player.
    async fn journal(
        &self,
        entity: &Entity,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Option<JournalAnswer>, QueryError>;

    /// Why the event did, or didn't, count; `None` where the player had no such event.
    async fn explain(
        &self,
        entity: &Entity,
        source: &SourceId,
        event: &EventId,
    ) -> Result<Option<Box<RawValue>>, QueryError>;

    /// What the player's record at a position came to. Waits until it is folded.
    async fn outcome(
        &self,
        entity: &Entity,
        position: Position,
    ) -> Result<OutcomeAnswer, QueryError>;

    /// Up to `limit` known players of a brand in a partition, after `after`, by the bytes of their ids.
    async fn players(
        &self,
        partition: Partition,
        brand: &BrandId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<Vec<PlayerId>, QueryError>;

    /// What a draft would mean, if it took effect now, for up to `limit` of its brand's players in a partition, after `after`, by the
    /// bytes of their ids. The draft is a programme of the brand.
    async fn preview(
        &self,
        partition: Partition,
        draft: Draft<'_>,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<PreviewAnswer, QueryError>;

    /// Waits until everything up to these positions is folded and its emissions are with the gateways.
    async fn drained(&self, positions: &[(Partition, Position)]) -> Result<(), QueryError>;

    /// Whether every partition is folded by someone now.
    fn ready(&self) -> bool;
}

/// A player.
#[derive(Clone, Debug)]
pub struct PlayerAnswer {
    /// The object that `simulate` writes.
    pub line: Box<RawValue>,
    /// The same and more: distance to the next level, missions with goals, grants, the position it is as of.
    pub view: Box<RawValue>,
    /// What is known of who the player is: attributes and segments.
    pub profile: Box<RawValue>,
    /// The last record that it takes into account.
    pub as_of: Position,
}

/// A page of a journal.
#[derive(Clone, Debug)]
pub struct JournalAnswer {
    /// Entries, newest first.
    pub entries: Vec<Box<RawValue>>,
    /// Where to go on: the number of the oldest entry given; `None` at the journal's beginning.
    pub next_before: Option<u64>,
    /// With the newest entries: the player as the newest of them leaves it.
    pub player: Option<Box<RawValue>>,
}

/// A draft that is no version yet.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Whose.
    pub brand: &'a BrandId,
    /// The YAML.
    pub source: &'a str,
}

/// What a draft would mean for some players.
#[derive(Clone, Debug, Default)]
pub struct PreviewAnswer {
    /// Summed up.
    pub sums: Preview,
    /// Go on behind this player; `None`: these were the partition's last.
    pub next: Option<PlayerId>,
}

/// What a record came to.
#[derive(Clone, Debug)]
pub struct OutcomeAnswer {
    /// Which way it went.
    pub status: Applied,
    /// Why it was refused, or the event that it repeats; empty otherwise.
    pub code: Box<str>,
    /// What it caused.
    pub emissions: Vec<Box<RawValue>>,
}

/// Which way a record went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was new, and was folded.
    Applied,
    /// It had come before with the same body.
    Replayed,
    /// It had come before with another body, and changed nothing.
    Conflict,
    /// It stands in the log and changed nothing, for a reason.
    Refused,
}

impl Applied {
    /// As it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Replayed => "replayed",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
        }
    }
}

/// Why there is no answer now. Asking again helps.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum QueryError {
    /// The player's partition is between owners.
    #[error("the player's partition is moving")]
    Moving,
    /// Too many questions wait.
    #[error("too many questions wait")]
    Overloaded,
    /// The engine stops.
    #[error("the engine is stopping")]
    Stopping,
}
