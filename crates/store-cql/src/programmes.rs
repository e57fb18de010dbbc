//! The port `ProgrammeStore`: programmes are published under a condition, a number once.

use async_trait::async_trait;
use ports::{Draft, ProgrammeStore, Publication, Published, StoreError};
use types::{BrandId, Timestamp};

use crate::error::damaged;
use crate::statements::Statement;
use crate::store::CqlStore;

/// What touches programmes. They are few and matter for ever: read as all replicas agree, published as heads are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Programmes {
    Newest,
    Page,
    Brands,
    Draft,
    Publish,
    Brand,
    SetDraft,
}

impl Programmes {
    /// Whether it reads.
    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Newest | Self::Page | Self::Brands | Self::Draft)
    }
}

impl Statement for Programmes {
    const ALL: &'static [Self] = &[
        Self::Newest,
        Self::Page,
        Self::Brands,
        Self::Draft,
        Self::Publish,
        Self::Brand,
        Self::SetDraft,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Newest => {
                "SELECT number FROM {ks}.programme WHERE brand = ? ORDER BY number DESC LIMIT 1"
            }
            Self::Page => {
                "SELECT number, version, source, author, note, at, base FROM {ks}.programme WHERE brand = ? AND number < ? \
                 ORDER BY number DESC LIMIT ?"
            }
            Self::Brands => "SELECT brand FROM {ks}.programme_brand WHERE zero = ?",
            Self::Draft => "SELECT source, author, at FROM {ks}.programme_draft WHERE brand = ?",
            Self::Publish => {
                "INSERT INTO {ks}.programme (brand, number, version, source, author, note, at, base) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
            }
            Self::Brand => {
                "INSERT INTO {ks}.programme_brand (zero, brand) VALUES (?, ?) IF NOT EXISTS"
            }
            // The last one by the clock of the node that took it.
            Self::SetDraft => {
                "INSERT INTO {ks}.programme_draft (brand, source, author, at) VALUES (?, ?, ?, ?)"
            }
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

/// The columns of a publication as they are read.
type Columns = (i64, String, String, String, String, i64, Option<String>);

/// The only row key of the list of brands.
const ZERO: i32 = 0;

#[async_trait]
impl ProgrammeStore for CqlStore {
    async fn brands(&self) -> Result<Vec<BrandId>, StoreError> {
        let rows = self.client.agreed::<(String,)>(Programmes::Brands, (ZERO,));
        let names = rows.await?;
        let brand =
            |(name,): (String,)| BrandId::new(&name).map_err(|error| damaged("a brand", &error));
        names.into_iter().map(brand).collect()
    }

    async fn newest(&self, brand: &BrandId) -> Result<u64, StoreError> {
        let rows = self
            .client
            .agreed::<(i64,)>(Programmes::Newest, (brand.as_str(),));
        let newest = rows.await?.pop();
        Ok(newest.map_or(0, |(number,)| number.cast_unsigned()))
    }

    async fn publications(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let below = below.and_then(|below| i64::try_from(below).ok());
        let values = (
            brand.as_str(),
            below.unwrap_or(i64::MAX),
            i32::try_from(limit).unwrap_or(i32::MAX),
        );
        let rows = self.client.agreed::<Columns>(Programmes::Page, values);
        rows.await?.into_iter().map(publication).collect()
    }

    /// Numbers are never taken away, so one that is next when it is looked at can only be taken by another that wants it too.
    async fn publish(
        &self,
        brand: &BrandId,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        if self.newest(brand).await?.checked_add(1) != Some(publication.number) {
            return Ok(Published::NotNext);
        }
        // First the list: a brand that is in it without a publication does no harm.
        let listed = (ZERO, brand.as_str());
        self.client.condition(Programmes::Brand, listed).await?;
        let values = (
            brand.as_str(),
            publication.number.cast_signed(),
            &*publication.version,
            &*publication.source,
            &*publication.author,
            &*publication.note,
            publication.at.nanos(),
            publication.base.as_deref(),
        );
        let set = self.client.condition(Programmes::Publish, values).await?;
        Ok(match set {
            true => Published::Set,
            false => Published::NotNext,
        })
    }

    async fn draft(&self, brand: &BrandId) -> Result<Option<Draft>, StoreError> {
        let rows = self
            .client
            .agreed::<(String, String, i64)>(Programmes::Draft, (brand.as_str(),));
        let draft = rows.await?.pop();
        draft
            .map(|(source, author, at)| {
                Ok(Draft {
                    source: source.into(),
                    author: author.into(),
                    at: time(at)?,
                })
            })
            .transpose()
    }

    async fn set_draft(&self, brand: &BrandId, draft: &Draft) -> Result<(), StoreError> {
        let values = (
            brand.as_str(),
            &*draft.source,
            &*draft.author,
            draft.at.nanos(),
        );
        self.client.set_draft(values).await
    }
}

fn publication(columns: Columns) -> Result<Publication, StoreError> {
    let (number, version, source, author, note, at, base) = columns;
    Ok(Publication {
        number: number.cast_unsigned(),
        version: version.into(),
        source: source.into(),
        author: author.into(),
        note: note.into(),
        at: time(at)?,
        base: base.map(Into::into),
    })
}

fn time(nanos: i64) -> Result<Timestamp, StoreError> {
    let time = Timestamp::from_nanos(nanos);
    time.ok_or_else(|| damaged("a programme", &"its time is none"))
}

#[cfg(test)]
mod tests {
    use super::{Programmes, Statement};

    #[test]
    fn a_statement_stands_at_its_own_place_and_touches_programmes_alone() {
        for (place, statement) in Programmes::ALL.iter().enumerate() {
            let text = statement.text();
            assert_eq!(statement.place(), place);
            assert!(text.contains("{ks}.programme"), "{text}");
            assert_eq!(text.starts_with("SELECT"), statement.reads(), "{text}");
            assert!(!text.contains("USING"), "{text}");
        }
    }
}
