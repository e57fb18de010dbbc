//! Programmes in memory, in a store that is away now and then, answers late or says that it does not know what it did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{Draft, ProgrammeStore, Publication, Published, StoreError};
use types::BrandId;

use super::{Crash, Dice, Fault, Link, Service};

/// The store.
pub struct FaultyProgrammes {
    kept: Arc<Mutex<Kept>>,
    dice: Arc<Dice>,
    link: Arc<Link>,
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
            kept: Arc::default(),
            link: Link::only(Arc::clone(&dice), crash),
            dice,
        }
    }

    /// The same store, reached by another process.
    #[must_use]
    pub fn by(&self, link: &Arc<Link>) -> Self {
        Self {
            kept: Arc::clone(&self.kept),
            dice: Arc::clone(&self.dice),
            link: Arc::clone(link),
        }
    }

    /// A brand's publications, oldest first, as they stand.
    pub fn published(&self, brand: &BrandId) -> Vec<Publication> {
        self.kept()
            .published
            .get(brand)
            .cloned()
            .unwrap_or_default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    async fn enter(&self) -> Result<(), StoreError> {
        self.dice.pause(10).await;
        let reached = self.link.reach(Service::Store).await;
        reached.map_err(StoreError::Unavailable)?;
        if self.dice.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable("seeded".to_owned()));
        }
        Ok(())
    }

    /// After something was done, or not: whether who asked is told.
    async fn leave<T>(&self, answer: T) -> Result<T, StoreError> {
        self.link.crash().step().await;
        let answered = self.link.is_open(Service::Store);
        if !answered || self.dice.strikes(Fault::PublishUnknown) {
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
        self.link.crash().step().await;
        self.enter().await?;
        if self.dice.strikes(Fault::PublishUnknown) {
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
        self.link.crash().step().await;
        self.enter().await?;
        self.kept().drafts.insert(brand.clone(), draft.clone());
        self.leave(()).await
    }
}
