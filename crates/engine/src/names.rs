//! Where the names of programme versions are kept: a table for each, in a journal row of an entity that is named after the version.
//!
//! States and segments name a version by its content hash alone. The first cut of each epoch writes the tables of its programmes with
//! the segments, the first one after a partition has heard of a version that one's: so before any snapshot that speaks of them. Whoever meets a version that it does not know reads its table.

use ports::{Entity, Row, StoreError};
use programme::model::Programme;
use progression::VersionId;
use types::{BrandId, PlayerId};

use crate::context::Tenure;
use crate::retry::Backoff;

/// A number that no segment of a player ever gets, should one have such an id.
const NUMBER: u32 = i32::MAX as u32;

/// The journal row in which a version's table stands.
pub(crate) fn place(brand: &BrandId, version: VersionId) -> Option<(Entity, u32)> {
    let entity = Entity {
        brand: brand.clone(),
        player: PlayerId::new(&format!("programme {version}")).ok()?,
    };
    Some((entity, NUMBER))
}

/// The row of a programme's table.
pub(crate) fn row(programme: &Programme) -> Option<Row> {
    let (entity, number) = place(&programme.brand, VersionId::of(programme))?;
    Some(Row::Segment {
        entity,
        number,
        bytes: progression::table(programme).into(),
    })
}

/// Reads the table of a version that the tenure does not know yet, for as long as it takes.
pub(crate) async fn learn(
    tenure: &Tenure,
    brand: &BrandId,
    version: VersionId,
) -> Result<(), String> {
    let missing = || format!("the names of programme version {version} are not in the store");
    let (entity, number) = place(brand, version).ok_or_else(missing)?;
    let mut backoff = Backoff::default();
    let table = loop {
        let store = &tenure.ports.store;
        match store.segments(tenure.partition, &entity, &[number]).await {
            Ok(rows) => break rows.into_iter().flatten().next().ok_or_else(missing)?,
            Err(StoreError::Corrupt(why)) => return Err(why),
            Err(error) => {
                tracing::warn!(partition = %tenure.partition, %error, "the store is not read");
                backoff.wait().await;
            }
        }
    };
    let read = tenure.catalogue.borrow_mut().add(&table);
    match read {
        Ok(found) if found == version => Ok(()),
        Ok(other) => Err(format!(
            "the names of programme version {version} are those of {other}"
        )),
        Err(error) => Err(format!(
            "the names of programme version {version} cannot be read: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use ports::Row;
    use progression::{Catalogue, VersionId};

    use super::row;

    #[test]
    fn the_row_of_a_programme_holds_its_names() {
        let source = "programme: t\nbrand: a\ncurrency: GBP\npoints: {xp: {kind: status}}\n";
        let programme = programme::compile("t.yaml", source).unwrap();
        let Some(Row::Segment { entity, bytes, .. }) = row(&programme) else {
            panic!("no row")
        };
        let mut catalogue = Catalogue::default();
        let version = VersionId::of(&programme);
        assert_eq!(catalogue.add(&bytes), Ok(version));
        assert_eq!(entity.brand, programme.brand);
        assert_eq!(entity.player.as_str(), format!("programme {version}"));
    }
}
