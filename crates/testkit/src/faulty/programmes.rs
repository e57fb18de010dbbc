//! Programmes in memory, in a store that is away now and then, answers late or says that it does not know what it did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{Draft, ProgrammeStore, Publication, Published, StoreError};
use types::BrandId;

use super::{Crash, Dice};

/// The store.
pub struct FaultyProgrammes {
    kept: Mutex<Kept>,
    dice: Arc<Dice>,
    crash: Arc<Crash>,
}

#[derive(Default)]
struct Kept {
    published: BTreeMap<BrandId, Vec<Publication>>,
    drafts: BTreeMap<BrandId, Draft>,
}

impl FaultyProgrammes {
    /// An empty store.
    pub fn new(dice: Arc<Dice>, crash: Arc<Crash>) -> Self {
        Self {
            kept: Mutex::default(),
            dice,
            crash,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    async fn enter(&self) -> Result<(), StoreError> {
        self.dice.pause(10).await;
        if self.dice.fault(50) {
            return Err(StoreError::Unavailable("seeded".to_owned()));
        }
        Ok(())
    }

    /// After something was done, or not: whether who asked is told.
    async fn leave<T>(&self, answer: T) -> Result<T, StoreError> {
        self.crash.step().await;
        if self.dice.fault(150) {
            return Err(StoreError::Unknown("seeded".to_owned()));
        }
        Ok(answer)
    }
}

#[async_trait]
impl ProgrammeStore for FaultyProgrammes {
    async fn brands(&self) -> Result<Vec<BrandId>, StoreError> {
        self.enter().await?;
        Ok(self.kept().published.keys().cloned().collect())
    }

    async fn newest(&self, brand: &BrandId) -> Result<u64, StoreError> {
        self.enter().await?;
        let kept = self.kept();
        Ok(kept.published.get(brand).map_or(0, |all| all.len() as u64))
    }

    async fn publications(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, StoreError> {
        self.enter().await?;
        let kept = self.kept();
        let all = kept.published.get(brand).map_or(&[][..], Vec::as_slice);
        let newest_first = all.iter().rev();
        Ok(newest_first
            .filter(|one| below.is_none_or(|below| one.number < below))
            .take(limit)
            .cloned()
            .collect())
    }

    async fn publish(
        &self,
        brand: &BrandId,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        self.crash.step().await;
        self.enter().await?;
        if self.dice.fault(50) {
            return Err(StoreError::Unknown("seeded: not set".to_owned()));
        }
        let answer = {
            let mut kept = self.kept();
            let all = kept.published.entry(brand.clone()).or_default();
            if publication.number == all.len() as u64 + 1 {
                all.push(publication.clone());
                Published::Set
            } else {
                Published::NotNext
            }
        };
        self.leave(answer).await
    }

    async fn draft(&self, brand: &BrandId) -> Result<Option<Draft>, StoreError> {
        self.enter().await?;
        Ok(self.kept().drafts.get(brand).cloned())
    }

    async fn set_draft(&self, brand: &BrandId, draft: &Draft) -> Result<(), StoreError> {
        self.crash.step().await;
        self.enter().await?;
        self.kept().drafts.insert(brand.clone(), draft.clone());
        self.leave(()).await
    }
}
