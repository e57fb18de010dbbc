//! Programmes in memory: what is published is in effect at once, or when the test says so.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ingest_service::{InEffect, ProgrammeError, Programmes, Publish};
use ports::{Draft, Publication};
use programme::model::Programme;
use types::BrandId;

#[derive(Default)]
pub(crate) struct FakeProgrammes {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    published: Vec<Publication>,
    draft: Option<Draft>,
    /// Why nothing can be published, as the one in effect sees it.
    refuses: Vec<String>,
    away: bool,
    /// Partitions that nobody folds.
    orphans: usize,
}

impl FakeProgrammes {
    /// With one version published.
    pub(crate) fn begun(source: &str) -> Self {
        let fake = Self::default();
        fake.put(source, None);
        fake
    }

    /// Publishes behind the server's back.
    pub(crate) fn put(&self, source: &str, base: Option<Box<str>>) -> Publication {
        let mut kept = self.kept.lock().unwrap();
        let publication = Publication {
            number: kept.published.len() as u64 + 1,
            version: programme::version_of(source).0,
            source: source.into(),
            author: "bob".into(),
            note: "".into(),
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            base,
        };
        kept.published.push(publication.clone());
        publication
    }

    pub(crate) fn refuse(&self, why: &str) {
        self.kept.lock().unwrap().refuses.push(why.to_owned());
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.kept.lock().unwrap().away = away;
    }

    pub(crate) fn orphan(&self, partitions: usize) {
        self.kept.lock().unwrap().orphans = partitions;
    }

    fn kept(&self) -> Result<std::sync::MutexGuard<'_, Kept>, ProgrammeError> {
        let kept = self.kept.lock().unwrap();
        match kept.away {
            true => Err(ProgrammeError::Unavailable("away".to_owned())),
            false => Ok(kept),
        }
    }
}

#[async_trait]
impl Programmes for FakeProgrammes {
    fn current(&self, brand: &BrandId) -> Option<Arc<Programme>> {
        let kept = self.kept.lock().unwrap();
        let compiled = programme::compile("p.yaml", &kept.published.last()?.source);
        let compiled = compiled.expect("what is published compiles");
        (compiled.brand == *brand).then(|| Arc::new(compiled))
    }

    async fn published(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, ProgrammeError> {
        let kept = self.kept()?;
        let newest_first = kept.published.iter().rev();
        let found = newest_first.filter(|it| below.is_none_or(|below| it.number < below));
        let ours = brand.as_str() == "acme";
        Ok(found.take(limit * usize::from(ours)).cloned().collect())
    }

    async fn draft(&self, _: &BrandId) -> Result<Option<Draft>, ProgrammeError> {
        Ok(self.kept()?.draft.clone())
    }

    async fn set_draft(&self, _: &BrandId, draft: &Draft) -> Result<(), ProgrammeError> {
        self.kept()?.draft = Some(draft.clone());
        Ok(())
    }

    async fn publish(&self, _: &BrandId, edit: Publish) -> Result<Publication, ProgrammeError> {
        let mut kept = self.kept()?;
        let newest = kept.published.last();
        if newest.map(|it| &it.version) != edit.base.as_ref() {
            return Err(ProgrammeError::Stale(newest.cloned().map(Box::new)));
        }
        let version = programme::version_of(&edit.source).0;
        if newest.is_some_and(|it| it.version == version) {
            return Err(ProgrammeError::Unchanged);
        }
        if !kept.refuses.is_empty() {
            return Err(ProgrammeError::Refused(kept.refuses.clone()));
        }
        let publication = Publication {
            number: kept.published.len() as u64 + 1,
            version,
            source: edit.source,
            author: edit.author,
            note: edit.note,
            at: edit.at,
            base: edit.base,
        };
        kept.published.push(publication.clone());
        Ok(publication)
    }

    async fn refusals(
        &self,
        _: &BrandId,
        number: u64,
        next: &Programme,
    ) -> Result<Vec<String>, ProgrammeError> {
        let kept = self.kept()?;
        let before = kept.published.iter().find(|it| it.number == number);
        let before = before.and_then(|it| programme::compile("p.yaml", &it.source).ok());
        Ok(before.map_or_else(Vec::new, |before| programme::may_follow(&before, next)))
    }

    async fn in_effect(&self, _: &BrandId, _: u64) -> InEffect {
        InEffect {
            total: 4,
            active: 4 - self.kept.lock().unwrap().orphans,
        }
    }
}
