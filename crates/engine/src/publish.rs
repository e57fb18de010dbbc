//! Publishing: a version gets its number in the store of programmes, and every partition's log says that it is known, then active.
//!
//! The number is the intent. It is carried out by whoever runs, as often as it takes, until every partition's head shows it: first
//! *known* in each partition, durably; only then *active* in any. So wherever a record is folded under a version, every other
//! partition can have that version already. A partition without an owner hears of it when it has one, from its log. A crash on the
//! way leaves records that are said again, and heard once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ports::{AppendError, Entry, EventLog, Publication, Published, StateStore, StoreError};
use programme::{Diagnostics, Programme};
use thiserror::Error;
use tokio::time::Instant;
use types::{BrandId, Change, Partition, Stage, Timestamp};

use crate::error::EngineError;
use crate::handle::EngineHandle;
use crate::head::Fold;
use crate::timeline::{FIRST, Timeline};
use crate::versions::Versions;

/// How often the store is asked whether anything was published elsewhere, and heads whether they show it.
const LOOK: Duration = Duration::from_secs(1);
/// A partition whose head does not show by then what its log was given is given it again: an older log may have been put back.
const AGAIN: Duration = Duration::from_secs(60);

/// What is to be published, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
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

/// Why nothing was published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// It was made from another version than the one that is published.
    #[error("another version was published since")]
    Stale {
        /// The newest publication; `None`: there is none.
        newest: Option<Box<Publication>>,
    },
    /// It is the version that is published.
    #[error("this version is published already")]
    Unchanged,
    /// It is no programme, or another brand's.
    #[error("{0}")]
    Invalid(Box<Diagnostics>),
    /// It is another brand's programme.
    #[error("it is the programme of brand {0}")]
    OtherBrand(BrandId),
    /// It cannot follow the one that is published.
    #[error("it cannot take the place of the programme in effect: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// Whether it was published is not known, or nothing was. Ask what is published, then publish again.
    #[error("the store of programmes does not answer: {0}")]
    Store(#[from] StoreError),
    /// Programmes are fixed here, or one of them cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Versions {
    /// The newest publication of the brand.
    pub async fn newest_publication(
        &self,
        brand: &BrandId,
    ) -> Result<Option<Publication>, PublishError> {
        let newest = self.store()?.publications(brand, None, 1).await?;
        Ok(newest.into_iter().next())
    }

    /// Gives the edit the next number. When it returns the publication stands, whatever happens to this process.
    pub async fn publish(&self, brand: &BrandId, edit: Edit) -> Result<Publication, PublishError> {
        let name = format!("{brand}.yaml");
        let readings = self.read(&name, &edit.source);
        let mut readings = readings.map_err(|errors| PublishError::Invalid(Box::new(errors)))?;
        // As the oldest logic version has it; what it can follow does not hang on the others.
        let compiled = readings.swap_remove(0);
        if compiled.brand != *brand {
            return Err(PublishError::OtherBrand(compiled.brand));
        }
        let newest = self.newest_publication(brand).await?;
        if newest.as_ref().map(|newest| &newest.version) != edit.base.as_ref() {
            let newest = newest.map(Box::new);
            return Err(PublishError::Stale { newest });
        }
        if let Some(newest) = &newest {
            if newest.version == compiled.version.0 {
                return Err(PublishError::Unchanged);
            }
            let wrong = self.refusals(brand, newest.number, &compiled).await?;
            if !wrong.is_empty() {
                return Err(PublishError::Refused(wrong));
            }
        }
        let publication = Publication {
            number: newest.map_or(FIRST, |newest| newest.number + 1),
            version: compiled.version.0.clone(),
            source: edit.source,
            author: edit.author,
            note: edit.note,
            at: edit.at,
            base: edit.base,
        };
        self.set(brand, &publication).await?;
        self.learn(brand, publication.number).await?;
        self.set_own(brand, publication.number);
        self.published.notify_one();
        tracing::info!(%brand, number = publication.number, version = %publication.version, "published");
        Ok(publication)
    }

    /// Why a programme may not follow a publication and all those before it, each reason in a sentence; empty where it may.
    pub async fn refusals(
        &self,
        brand: &BrandId,
        number: u64,
        next: &Programme,
    ) -> Result<Vec<String>, EngineError> {
        let before = self.learn(brand, number).await?;
        Ok(programme::may_follow(&before, next))
    }

    async fn set(&self, brand: &BrandId, publication: &Publication) -> Result<(), PublishError> {
        let store = self.store()?;
        let set = match store.publish(brand, publication).await {
            Ok(Published::Set) => true,
            Ok(Published::NotNext) => false,
            Err(StoreError::Unknown(why)) => {
                tracing::warn!(%brand, why, "what became of a publication is read");
                let below = publication.number.checked_add(1);
                let there = store.publications(brand, below, 1).await?;
                match there.first().filter(|it| it.number == publication.number) {
                    Some(there) => there == publication,
                    None => return Err(StoreError::Unknown(why).into()),
                }
            }
            Err(error) => return Err(error.into()),
        };
        if set {
            return Ok(());
        }
        let newest = self.newest_publication(brand).await?.map(Box::new);
        Err(PublishError::Stale { newest })
    }
}

/// Carries publications to every partition.
struct Carrier {
    versions: Arc<Versions>,
    log: Arc<dyn EventLog>,
    store: Arc<dyn StateStore>,
    /// How long another process has to carry what it published.
    patience: Duration,
    brands: BTreeMap<BrandId, Carried>,
}

#[derive(Default)]
struct Carried {
    /// Every head shows it.
    done: u64,
    /// When a publication was first seen.
    seen: BTreeMap<u64, Instant>,
    /// What was appended durably, and when.
    said: BTreeMap<(Partition, u64, bool), Instant>,
}

impl EngineHandle {
    /// What is published, compiled.
    pub fn versions(&self) -> &Arc<Versions> {
        &self.ports().versions
    }

    /// [`carry_publications`] over the engine's own ports.
    pub fn carry_publications(&self, patience: Duration) -> impl Future<Output = ()> + use<> {
        let ports = self.ports();
        let (log, store) = (Arc::clone(&ports.log), Arc::clone(&ports.store));
        carry_publications(Arc::clone(&ports.versions), log, store, patience)
    }
}

/// Carries every publication to every partition, this process's and others', from now on until the future is dropped. `patience`: how
/// long another process has to carry what it published.
pub async fn carry_publications(
    versions: Arc<Versions>,
    log: Arc<dyn EventLog>,
    store: Arc<dyn StateStore>,
    patience: Duration,
) {
    let mut carrier = Carrier {
        versions,
        log,
        store,
        patience,
        brands: BTreeMap::new(),
    };
    loop {
        carrier.look().await;
        tokio::select! {
            biased;
            () = carrier.versions.published.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// In how many partitions a publication is in effect by their heads, or a later one.
pub async fn active_by_heads(
    heads: &dyn StateStore,
    partitions: u16,
    brand: &BrandId,
    number: u64,
) -> Result<usize, String> {
    let shown = shown(heads, partitions, brand).await?;
    let active = shown
        .iter()
        .filter(|(_, timeline)| timeline.active(brand) >= number);
    Ok(active.count())
}

/// What each partition's head shows.
async fn shown(
    heads: &dyn StateStore,
    partitions: u16,
    brand: &BrandId,
) -> Result<Vec<(Partition, Timeline)>, String> {
    let mut all = Vec::new();
    for partition in (0..partitions).map(Partition) {
        let head = heads.head(partition).await;
        let head = head.map_err(|error| error.to_string())?;
        let fold = head.map(|head| Fold::decode(&head.fold));
        match fold {
            None => all.push((partition, Timeline::default())),
            Some(Some(fold)) => all.push((partition, fold.timeline)),
            Some(None) => {
                return Err(format!(
                    "the head of partition {partition} is not read for {brand}"
                ));
            }
        }
    }
    Ok(all)
}

impl Carrier {
    async fn look(&mut self) {
        let brands: Result<BTreeSet<BrandId>, EngineError> = match self.versions.store() {
            Ok(store) => store
                .brands()
                .await
                .map(|brands| brands.into_iter().collect())
                .map_err(|error| EngineError::Programmes(error.to_string())),
            // Programmes are fixed: there is nothing to carry.
            Err(_) => return,
        };
        let brands = match brands {
            Ok(brands) => brands,
            Err(error) => {
                tracing::warn!(%error, "publications are not looked for");
                return;
            }
        };
        for brand in brands {
            if let Err(why) = self.carry(&brand).await {
                tracing::warn!(%brand, why, "a publication is carried on later");
            }
        }
    }

    async fn carry(&mut self, brand: &BrandId) -> Result<(), String> {
        let carried = self.brands.entry(brand.clone()).or_default();
        let store = self.versions.store().map_err(|error| error.to_string())?;
        let newest = store.newest(brand).await;
        let newest = newest.map_err(|error| error.to_string())?;
        if newest <= carried.done {
            return Ok(());
        }
        let learned = self.versions.learn(brand, newest).await;
        learned.map_err(|error| error.to_string())?;
        let seen = *carried.seen.entry(newest).or_insert_with(Instant::now);
        let shown = shown(self.store.as_ref(), self.log.partitions(), brand).await?;
        let everywhere = shown.iter().map(|(_, shown)| shown.active(brand)).min();
        let everywhere = everywhere.unwrap_or(newest);
        self.versions.set_current(brand, everywhere);
        let Some(carried) = self.brands.get_mut(brand) else {
            return Ok(());
        };
        if everywhere >= newest {
            *carried = Carried {
                done: newest,
                ..Carried::default()
            };
            return Ok(());
        }
        let own = self.versions.is_own(brand, newest);
        if !own && seen.elapsed() < self.patience {
            return Ok(());
        }
        for number in everywhere + 1..=newest {
            let Some(programme) = self.versions.get(brand, number) else {
                return Ok(());
            };
            for stage in [Stage::Known, Stage::Active] {
                let change = Change {
                    brand: brand.clone(),
                    number,
                    version: programme.version.0.clone(),
                    stage,
                };
                self.say(&shown, &change).await?;
            }
            self.versions.set_current(brand, number);
        }
        Ok(())
    }

    /// Appends a step to every partition that may not have it. When it returns, all have it durably in their logs.
    async fn say(
        &mut self,
        shown: &[(Partition, Timeline)],
        change: &Change,
    ) -> Result<(), String> {
        let carried = self.brands.entry(change.brand.clone()).or_default();
        let body = events::record::encode_change(change);
        for (partition, shown) in shown {
            let there = match change.stage {
                Stage::Known => shown.known(&change.brand),
                Stage::Active => shown.active(&change.brand),
            };
            let key = (*partition, change.number, change.stage == Stage::Active);
            let said = carried.said.get(&key);
            if there >= change.number || said.is_some_and(|said| said.elapsed() < AGAIN) {
                continue;
            }
            let entry = Entry {
                recorded_at: None,
                body: body.clone(),
            };
            let appended = self.log.append(*partition, vec![entry]).await;
            appended.map_err(|error: AppendError| {
                format!("partition {partition} was not given it: {error}")
            })?;
            carried.said.insert(key, Instant::now());
        }
        Ok(())
    }
}
