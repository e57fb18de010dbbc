//! Ingest's questions about programmes, answered by the engine and its store in this process.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Edit, EngineHandle, PublishError};
use ingest_service::{InEffect, ProgrammeError, Programmes, Publish};
use ports::{Draft, ProgrammeStore, Publication, StoreError};
use programme::model::Programme;
use types::BrandId;

/// The engine's programmes, as ingest sees them.
pub(super) struct EngineProgrammes {
    pub(super) engine: EngineHandle,
    pub(super) store: Arc<dyn ProgrammeStore>,
}

#[async_trait]
impl Programmes for EngineProgrammes {
    fn current(&self, brand: &BrandId) -> Option<Arc<Programme>> {
        self.engine.versions().current(brand)
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
        let published = self.engine.versions().publish(brand, edit).await;
        published.map_err(|error| match error {
            PublishError::Stale { newest } => ProgrammeError::Stale(newest),
            PublishError::Unchanged => ProgrammeError::Unchanged,
            PublishError::Refused(reasons) => ProgrammeError::Refused(reasons),
            PublishError::Store(error) => unavailable(error),
            // Ingest has compiled it already.
            error => ProgrammeError::Unavailable(error.to_string()),
        })
    }

    async fn in_effect(&self, brand: &BrandId, number: u64) -> InEffect {
        let Ok(partitions) = self.engine.partition_status().await else {
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
