//! Ingest's questions about programmes, answered from what is published in the store.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Edit, EngineHandle, PublishError, Versions, active_by_heads};
use ingest_service::{InEffect, ProgrammeError, Programmes, Publish};
use ports::{Draft, ProgrammeStore, Publication, StateStore, StoreError};
use programme::model::Programme;
use types::BrandId;

/// What is published, as ingest sees it.
pub(super) struct PublishedProgrammes {
    pub(super) versions: Arc<Versions>,
    pub(super) store: Arc<dyn ProgrammeStore>,
    pub(super) folded: Folded,
}

/// Where partitions are folded.
pub(super) enum Folded {
    /// In this process: it knows at once.
    Here(EngineHandle),
    /// In others: their heads show it with their next checkpoint.
    Elsewhere {
        heads: Arc<dyn StateStore>,
        partitions: u16,
    },
}

#[async_trait]
impl Programmes for PublishedProgrammes {
    fn current(&self, brand: &BrandId) -> Option<Arc<Programme>> {
        self.versions.current(brand)
    }

    async fn published(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, ProgrammeError> {
        let found = self.store.publications(brand, below, limit).await;
        found.map_err(unavailable)
    }

    async fn draft(&self, brand: &BrandId) -> Result<Option<Draft>, ProgrammeError> {
        self.store.draft(brand).await.map_err(unavailable)
    }

    async fn set_draft(&self, brand: &BrandId, draft: &Draft) -> Result<(), ProgrammeError> {
        let set = self.store.set_draft(brand, draft).await;
        set.map_err(unavailable)
    }

    async fn publish(
        &self,
        brand: &BrandId,
        publish: Publish,
    ) -> Result<Publication, ProgrammeError> {
        let edit = Edit {
            base: publish.base,
            source: publish.source,
            author: publish.author,
            note: publish.note,
            at: publish.at,
        };
        let published = self.versions.publish(brand, edit).await;
        published.map_err(|error| match error {
            PublishError::Stale { newest } => ProgrammeError::Stale(newest),
            PublishError::Unchanged => ProgrammeError::Unchanged,
            PublishError::Refused(reasons) => ProgrammeError::Refused(reasons),
            PublishError::Store(error) => unavailable(error),
            // Ingest has compiled it already.
            error => ProgrammeError::Unavailable(error.to_string()),
        })
    }

    async fn refusals(
        &self,
        brand: &BrandId,
        number: u64,
        next: &Programme,
    ) -> Result<Vec<String>, ProgrammeError> {
        let refusals = self.versions.refusals(brand, number, next).await;
        refusals.map_err(|error| ProgrammeError::Unavailable(error.to_string()))
    }

    async fn in_effect(&self, brand: &BrandId, number: u64) -> InEffect {
        let engine = match &self.folded {
            Folded::Here(engine) => engine,
            Folded::Elsewhere { heads, partitions } => {
                let active = active_by_heads(heads.as_ref(), *partitions, brand, number).await;
                let total = usize::from(*partitions);
                return InEffect {
                    active: active.unwrap_or(0),
                    total,
                };
            }
        };
        let Ok(partitions) = engine.partition_status().await else {
            return InEffect {
                total: 1,
                active: 0,
            };
        };
        let active = partitions.iter().filter(|partition| {
            let mut programmes = partition.programmes.iter();
            programmes.any(|(of, active)| of == brand && *active >= number)
        });
        InEffect {
            active: active.count(),
            total: partitions.len(),
        }
    }
}

fn unavailable(error: StoreError) -> ProgrammeError {
    ProgrammeError::Unavailable(error.to_string())
}
