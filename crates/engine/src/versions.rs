//! Published programmes, compiled once for all partitions of the process.
//!
//! Each knows the versions before it, since a player's running periods may go by one of them. They are never let go: what was
//! published is read again wherever a partition, a snapshot or a tell names a number that is not here yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ports::{ProgrammeStore, Publication, Published, StateStore, StoreError};
use programme::Diagnostics;
use programme::model::Programme;
use tokio::sync::Notify;
use types::{BrandId, Partition, Timestamp};

use crate::config::Programmes;
use crate::error::EngineError;
use crate::head::Fold;
use crate::logic::{Logic, Rules};
use crate::retry::Backoff;
use crate::timeline::{FIRST, Timeline};

/// Publications read at once.
const PAGE: usize = 16;
/// Who published the programme that a folder begins with.
const AT_START: &str = "serve --programme";

/// Every brand's publications.
pub struct Versions {
    /// `None`: nothing can be published.
    store: Option<Arc<dyn ProgrammeStore>>,
    logic: Logic,
    lines: RwLock<HashMap<BrandId, Line>>,
    /// Somebody published, here.
    pub(crate) published: Notify,
}

/// A programme as each logic version of the process reads it, from the oldest.
type Readings = Vec<Arc<Programme>>;

#[derive(Default)]
struct Line {
    /// By number, from the first.
    all: Vec<Readings>,
    /// The newest that is active everywhere: what new events are read against.
    current: u64,
    /// The newest that was published here.
    own: u64,
}

impl Line {
    /// Every publication as one of the logic versions reads it.
    fn newest_first(&self, reading: usize) -> Vec<Arc<Programme>> {
        let all = self.all.iter().rev();
        all.filter_map(|readings| readings.get(reading).map(Arc::clone))
            .collect()
    }
}

/// A brand's programme was given at the start, and another is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Whose.
    pub brand: BrandId,
    /// The version that was given.
    pub given: Box<str>,
    /// The version that is in effect.
    pub published: Box<str>,
    /// Its number.
    pub number: u64,
}

impl std::fmt::Debug for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Versions").finish_non_exhaustive()
    }
}

impl Versions {
    /// Programmes that never change.
    pub fn fixed(programmes: Programmes, logic: Logic) -> Result<Self, EngineError> {
        let fixed = Self {
            store: None,
            logic,
            lines: RwLock::default(),
            published: Notify::new(),
        };
        for (brand, programme) in programmes.0 {
            let readings = fixed.read(programme.brand.as_str(), &programme.source);
            let readings =
                readings.map_err(|errors| EngineError::Programmes(errors.to_string()))?;
            let line = Line {
                all: vec![readings.into_iter().map(Arc::new).collect()],
                current: FIRST,
                own: 0,
            };
            fixed.lines_mut().insert(brand, line);
        }
        Ok(fixed)
    }

    /// What the store holds; of brands that it has nothing of, the given programme becomes the first publication. Says which of
    /// the given ones are not the one in effect: what was published wins.
    pub async fn open(
        store: Arc<dyn ProgrammeStore>,
        heads: &dyn StateStore,
        partitions: u16,
        given: Programmes,
        logic: Logic,
        now: Timestamp,
    ) -> Result<(Self, Vec<Differs>), EngineError> {
        let versions = Self {
            store: Some(store),
            logic,
            lines: RwLock::default(),
            published: Notify::new(),
        };
        let mut differs = Vec::new();
        for (brand, programme) in given.0 {
            if versions.number(&brand).await? == 0 {
                folded_under(heads, partitions, &programme).await?;
                versions.begin(&programme, now).await?;
            }
            let (number, published) = versions.newest(&brand).await?;
            if published.version != programme.version {
                differs.push(Differs {
                    given: programme.version.0.clone(),
                    published: published.version.0.clone(),
                    number,
                    brand,
                });
            }
        }
        let store = versions.store()?;
        let brands = patiently(|| store.brands()).await?;
        if brands.is_empty() {
            never_folded(heads, partitions).await?;
        }
        for brand in brands {
            let (number, _) = versions.newest(&brand).await?;
            versions.set_current(&brand, number);
        }
        Ok((versions, differs))
    }

    /// Whether no brand has a programme here.
    pub fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    /// Has the first publication of a brand that was begun elsewhere, for as long as the store needs to answer; whether there is one.
    pub(crate) async fn meet(&self, brand: &BrandId) -> Result<bool, EngineError> {
        if self.store.is_none() || self.number(brand).await? == 0 {
            return Ok(false);
        }
        tracing::info!(%brand, "a brand that was begun elsewhere");
        self.learn(brand, FIRST).await.map(|_| true)
    }

    /// The first publication, whoever sets it.
    async fn begin(&self, programme: &Programme, now: Timestamp) -> Result<(), EngineError> {
        let first = Publication {
            number: FIRST,
            version: programme.version.0.clone(),
            source: programme.source.clone(),
            author: AT_START.into(),
            note: "".into(),
            at: now,
            base: None,
        };
        let store = self.store()?;
        // Another process may be first: its programme is the one.
        let set = patiently(|| store.publish(&programme.brand, &first));
        set.await.map(|_: Published| ())
    }

    /// The number of the brand's newest publication; 0 where it has none.
    async fn number(&self, brand: &BrandId) -> Result<u64, EngineError> {
        let store = self.store()?;
        patiently(|| store.newest(brand)).await
    }

    /// Number and programme of the brand's newest publication.
    async fn newest(&self, brand: &BrandId) -> Result<(u64, Arc<Programme>), EngineError> {
        let newest = self.number(brand).await?;
        Ok((newest, self.learn(brand, newest).await?))
    }

    pub(crate) fn store(&self) -> Result<&dyn ProgrammeStore, EngineError> {
        let none = || EngineError::Programmes("programmes are fixed here".to_owned());
        self.store.as_deref().ok_or_else(none)
    }

    /// Whether the brand has a programme here.
    pub(crate) fn knows(&self, brand: &BrandId) -> bool {
        self.lines().contains_key(brand)
    }

    /// The logic versions that the process has.
    pub(crate) fn logic(&self) -> &Logic {
        &self.logic
    }

    /// A publication that is here already, as the oldest logic version reads it.
    pub(crate) fn get(&self, brand: &BrandId, number: u64) -> Option<Arc<Programme>> {
        let logic = *self.logic.versions.start();
        self.under(brand, Rules { number, logic })
    }

    /// A publication that is here already, as a logic version reads it.
    pub(crate) fn under(&self, brand: &BrandId, rules: Rules) -> Option<Arc<Programme>> {
        let lines = self.lines();
        let place = usize::try_from(rules.number.checked_sub(FIRST)?).ok()?;
        let readings = lines.get(brand)?.all.get(place)?;
        let reading = rules.logic.checked_sub(*self.logic.versions.start())?;
        readings.get(usize::try_from(reading).ok()?).map(Arc::clone)
    }

    /// The programme that new events of the brand are read against: the newest that is active in every partition.
    pub fn current(&self, brand: &BrandId) -> Option<Arc<Programme>> {
        let number = self.lines().get(brand)?.current;
        self.get(brand, number)
    }

    /// The version of each brand that is in effect by a timeline.
    pub(crate) fn active(&self, timeline: &Timeline) -> BTreeMap<BrandId, Box<str>> {
        let brands: Vec<BrandId> = self.lines().keys().cloned().collect();
        let version = |brand: BrandId| {
            let programme = self.get(&brand, timeline.active(&brand))?;
            Some((brand, programme.version.0.clone()))
        };
        brands.into_iter().filter_map(version).collect()
    }

    /// The current one, with its number, of each brand.
    pub(crate) fn all_current(&self) -> Vec<(BrandId, u64)> {
        let lines = self.lines();
        let all = lines.iter();
        all.map(|(brand, line)| (brand.clone(), line.current))
            .collect()
    }

    pub(crate) fn set_current(&self, brand: &BrandId, number: u64) {
        if let Some(line) = self.lines_mut().get_mut(brand) {
            line.current = line.current.max(number);
        }
    }

    pub(crate) fn set_own(&self, brand: &BrandId, number: u64) {
        if let Some(line) = self.lines_mut().get_mut(brand) {
            line.own = line.own.max(number);
        }
    }

    /// Whether this process published it.
    pub(crate) fn is_own(&self, brand: &BrandId, number: u64) -> bool {
        self.lines()
            .get(brand)
            .is_some_and(|line| line.own >= number)
    }

    /// Of the publications behind one, up to another, the first of a version.
    pub(crate) fn find(&self, brand: &BrandId, version: &str, from: u64, to: u64) -> Option<u64> {
        let lines = self.lines();
        let all = (FIRST..).zip(&lines.get(brand)?.all);
        let mut behind = all.filter(|(number, _)| *number > from && *number <= to);
        // Its hash is the same under every logic version.
        let is_it = |readings: &Readings| readings.iter().any(|it| *it.version.0 == *version);
        behind
            .find(|(_, readings)| is_it(readings))
            .map(|(number, _)| number)
    }

    /// A publication, read and compiled if it is not here yet; for as long as the store needs to answer.
    pub async fn learn(&self, brand: &BrandId, number: u64) -> Result<Arc<Programme>, EngineError> {
        loop {
            if let Some(programme) = self.get(brand, number) {
                return Ok(programme);
            }
            let here = self.lines().get(brand).map_or(0, |line| line.all.len());
            let next = here as u64 + FIRST;
            let page = self.page(brand, next, number).await?;
            if page.is_empty() {
                return Err(EngineError::UnknownProgramme {
                    brand: brand.clone(),
                    number,
                    why: "it is not in the store: put the programmes back from a backup".to_owned(),
                });
            }
            for publication in page {
                self.add(brand, &publication)?;
            }
        }
    }

    /// Publications from one number on, up to another, oldest first.
    async fn page(
        &self,
        brand: &BrandId,
        from: u64,
        to: u64,
    ) -> Result<Vec<Publication>, EngineError> {
        let Some(store) = &self.store else {
            return Ok(Vec::new());
        };
        let below = to.min(from + PAGE as u64 - 1) + 1;
        let limit = usize::try_from(below.saturating_sub(from)).unwrap_or(PAGE);
        let mut page = patiently(|| store.publications(brand, Some(below), limit)).await?;
        page.retain(|one| one.number >= from);
        page.reverse();
        Ok(page)
    }

    /// Compiles a publication, unless it is here already.
    fn add(&self, brand: &BrandId, publication: &Publication) -> Result<(), EngineError> {
        let number = publication.number;
        let unknown = |why: String| EngineError::UnknownProgramme {
            brand: brand.clone(),
            number,
            why,
        };
        let name = format!("{brand} publication {number}");
        let readings = self.read(&name, &publication.source).map_err(|errors| {
            unknown(format!("this server cannot read it, another can: {errors}"))
        })?;
        let is_it = |it: &Programme| it.version.0 == publication.version && it.brand == *brand;
        if !readings.iter().all(is_it) {
            return Err(unknown(
                "its source is not the one that was published".to_owned(),
            ));
        }
        let mut lines = self.lines_mut();
        let line = lines.entry(brand.clone()).or_default();
        if line.all.len() as u64 + FIRST == number {
            let readings = readings.into_iter().enumerate();
            let readings = readings.map(|(at, it)| Arc::new(it.after(line.newest_first(at))));
            line.all.push(readings.collect());
            line.current = line.current.max(FIRST);
        }
        Ok(())
    }

    /// A programme as each logic version reads it, from the oldest.
    pub(crate) fn read(&self, name: &str, source: &str) -> Result<Vec<Programme>, Diagnostics> {
        let versions = self.logic.versions.clone();
        versions
            .map(|version| (self.logic.read)(version, name, source))
            .collect()
    }

    /// A draft as it would be if it were published next, read by a logic version: it knows every version before it.
    pub(crate) fn draft(&self, draft: Programme, logic: u32) -> Arc<Programme> {
        let read = (self.logic.read)(logic, draft.brand.as_str(), &draft.source);
        let draft = read.unwrap_or(draft);
        let reading = logic.saturating_sub(*self.logic.versions.start());
        let lines = self.lines();
        let line = lines.get(&draft.brand);
        let newest_first = line.map_or_else(Vec::new, |line| line.newest_first(reading as usize));
        Arc::new(draft.after(newest_first))
    }

    fn lines(&self) -> RwLockReadGuard<'_, HashMap<BrandId, Line>> {
        self.lines.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines_mut(&self) -> RwLockWriteGuard<'_, HashMap<BrandId, Line>> {
        self.lines.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a store answers, for as long as it takes.
async fn patiently<T, A>(ask: impl Fn() -> A) -> Result<T, EngineError>
where
    A: Future<Output = Result<T, StoreError>>,
{
    let mut backoff = Backoff::default();
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(StoreError::Corrupt(why)) => return Err(EngineError::Programmes(why)),
            Err(error) => {
                tracing::warn!(%error, "the store of programmes does not answer; tried again");
                backoff.wait().await;
            }
        }
    }
}

/// A store without any programme has nothing that was folded under one: else they are lost, and what comes would be passed over.
async fn never_folded(heads: &dyn StateStore, partitions: u16) -> Result<(), EngineError> {
    for partition in (0..partitions).map(Partition) {
        let head = patiently(|| heads.head(partition)).await?;
        let fold = head.and_then(|head| Fold::decode(&head.fold));
        if let Some((brand, _)) = fold.and_then(|fold| fold.active.into_iter().next()) {
            return Err(EngineError::UnknownProgramme {
                brand,
                number: FIRST,
                why: "no programme is in the store, and players were folded under one: put the programmes back from a backup, or \
                      give the one that the brand began with"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// Before a given programme becomes the first publication: a store that was folded before programmes were kept must have been folded
/// under this one.
async fn folded_under(
    heads: &dyn StateStore,
    partitions: u16,
    programme: &Programme,
) -> Result<(), EngineError> {
    for partition in (0..partitions).map(Partition) {
        let head = patiently(|| heads.head(partition)).await?;
        let fold = head.and_then(|head| Fold::decode(&head.fold));
        let folded = fold.and_then(|fold| fold.active.get(&programme.brand).cloned());
        if let Some(folded) = folded.filter(|folded| *folded != programme.version.0) {
            return Err(EngineError::OtherProgramme {
                partition,
                brand: programme.brand.clone(),
                folded,
                here: programme.version.0.clone(),
            });
        }
    }
    Ok(())
}
