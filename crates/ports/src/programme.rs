//! Where programmes are kept: what was published, and what is being edited.

use async_trait::async_trait;
use types::{BrandId, Timestamp};

use crate::store::StoreError;

/// Each brand's published versions, one behind the other, and its draft.
///
/// - The publications of a brand are numbered from 1 without a gap. One that stands never changes and is never removed: players'
///   states and journals speak of it for as long as they are kept.
/// - `publish` is linearizable: of several that want one number, one is set. `Ok` means that it is durable.
///   [`StoreError::Unknown`] means: read that number.
/// - A draft is a text that somebody works on. The last one set stands.
/// - A source has at most 1 MiB, every other text at most 4 KiB.
#[async_trait]
pub trait ProgrammeStore: Send + Sync {
    /// Brands with a publication, in byte order.
    async fn brands(&self) -> Result<Vec<BrandId>, StoreError>;

    /// The number of the brand's newest publication; 0 where it has none.
    async fn newest(&self, brand: &BrandId) -> Result<u64, StoreError>;

    /// Up to `limit` publications of the brand numbered below `below` (`None`: the newest), newest first.
    async fn publications(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, StoreError>;

    /// Sets a publication where its number is the next one.
    async fn publish(
        &self,
        brand: &BrandId,
        publication: &Publication,
    ) -> Result<Published, StoreError>;

    /// The brand's draft.
    async fn draft(&self, brand: &BrandId) -> Result<Option<Draft>, StoreError>;

    /// Sets the brand's draft.
    async fn set_draft(&self, brand: &BrandId, draft: &Draft) -> Result<(), StoreError>;
}

/// A version of a brand's programme that took effect, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its place among the brand's: 1 for the first. A version that is published again has another one.
    pub number: u64,
    /// The content hash of the source.
    pub version: Box<str>,
    /// The YAML.
    pub source: Box<str>,
    /// Who published it.
    pub author: Box<str>,
    /// Why; may be empty.
    pub note: Box<str>,
    /// When it was published, by the clock of the server that took it.
    pub at: Timestamp,
    /// The version that it was made from: the one published before it.
    pub base: Option<Box<str>>,
}

/// Outcome of [`ProgrammeStore::publish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It stands.
    Set,
    /// Its number is not the next one: another was published before it.
    NotNext,
}

/// What somebody works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The text, valid or not.
    pub source: Box<str>,
    /// Who set it.
    pub author: Box<str>,
    /// When.
    pub at: Timestamp,
}
