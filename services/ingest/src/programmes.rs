//! What the service asks about programmes: which one events are read against, and what editors do with them.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Draft, Publication};
use programme::model::Programme;
use serde_json::json;
use thiserror::Error;
use types::{BrandId, Timestamp};

use crate::problem::{Kind, Problem};
use crate::stale;

/// Each brand's programme: the one in effect, those that were, and the draft.
#[async_trait]
pub trait Programmes: Send + Sync {
    /// What new events of the brand are read against; `None` for a brand without a programme here.
    fn current(&self, brand: &BrandId) -> Option<Arc<Programme>>;

    /// Up to `limit` publications numbered below `below` (`None`: the newest), newest first.
    async fn published(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, ProgrammeError>;

    /// The draft.
    async fn draft(&self, brand: &BrandId) -> Result<Option<Draft>, ProgrammeError>;

    /// Sets the draft.
    async fn set_draft(&self, brand: &BrandId, draft: &Draft) -> Result<(), ProgrammeError>;

    /// Publishes. When it returns the publication stands and takes effect, whatever happens to this process.
    async fn publish(
        &self,
        brand: &BrandId,
        publish: Publish,
    ) -> Result<Publication, ProgrammeError>;

    /// Why a programme may not follow a publication and all those before it, each reason in a sentence; empty where it may.
    async fn refusals(
        &self,
        brand: &BrandId,
        number: u64,
        next: &Programme,
    ) -> Result<Vec<String>, ProgrammeError>;

    /// In how many of this server's partitions a publication is in effect.
    async fn in_effect(&self, brand: &BrandId, number: u64) -> InEffect;
}

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The version that it was made from; `None`: the brand has none yet.
    pub base: Option<Box<str>>,
    /// The YAML.
    pub source: Box<str>,
    /// Who publishes.
    pub author: Box<str>,
    /// Why.
    pub note: Box<str>,
    /// When.
    pub at: Timestamp,
}

/// How far a publication has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct InEffect {
    /// Partitions of this server.
    pub total: usize,
    /// Those of them in which records are folded under it, or under a later one.
    pub active: usize,
}

impl InEffect {
    /// Everywhere here.
    pub const fn is_whole(self) -> bool {
        self.active == self.total
    }
}

/// Why a programme is not read or published.
#[derive(Debug, Error)]
pub enum ProgrammeError {
    /// It was made from another version than the one that is published.
    #[error("another version was published since")]
    Stale(Option<Box<Publication>>),
    /// It is the version that is published.
    #[error("this version is in effect already")]
    Unchanged,
    /// It cannot follow the one in effect.
    #[error("it cannot take the place of the programme in effect: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// The store does not answer, or not what was done.
    #[error("programmes cannot be read or written now: {0}")]
    Unavailable(String),
}

/// What is said of a publication, its source aside.
pub(crate) fn described(publication: &Publication) -> serde_json::Value {
    json!({
        "number": publication.number, "version": publication.version, "base": publication.base, "author": publication.author,
        "note": publication.note, "at": publication.at,
    })
}

impl From<ProgrammeError> for Problem {
    fn from(error: ProgrammeError) -> Self {
        let detail = error.to_string();
        match error {
            ProgrammeError::Stale(newest) => stale::conflict(newest.as_deref(), None, ""),
            ProgrammeError::Unchanged => Self::new(Kind::Unchanged, detail),
            ProgrammeError::Refused(reasons) => {
                Self::new(Kind::CannotFollow, detail).with("reasons", json!(reasons))
            }
            ProgrammeError::Unavailable(_) => {
                let again = std::time::Duration::from_secs(1);
                Self::later(Kind::Unavailable, detail, again)
            }
        }
    }
}
