//! The names of programme versions, apart from the states and journals that speak of them.
//!
//! A state and a segment name a version by its content hash and everything in it by index. The names lie in a table for each version,
//! which is stored once ([`table`]) and not with every state: with 500 missions it is larger than all else that is known of a player.

use std::fmt;
use std::sync::Arc;

use programme::model::Programme;
use xxhash_rust::xxh3::xxh3_128;

use crate::codec::{DecodeError, Reader, Writer};
use crate::derived;
use crate::names::Names;

const LAYOUT: u8 = 2;
/// Before things could have another name.
const NAMES_ONLY: u8 = 1;

/// A programme version: the content hash that it is named by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(u128);

impl VersionId {
    /// Of a programme.
    pub fn of(programme: &Programme) -> Self {
        Self::named(&programme.version.0)
    }

    pub(crate) fn named(name: &str) -> Self {
        // Anything that is no hash of ours is hashed, so that every version has an id.
        let hash = u128::from_str_radix(name, 16).ok();
        Self(hash.unwrap_or_else(|| xxh3_128(name.as_bytes())))
    }

    /// Before a state has met any programme.
    const NONE: Self = Self(0);

    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        writer.fixed128(self.0);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.fixed128().map(Self)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The table of a programme's names, to be stored before any state or segment that is folded with it.
pub fn table(programme: &Programme) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    derived::names(programme).encode(&mut Writer(&mut bytes));
    bytes
}

/// The tables that states and segments are read with.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(Vec<(VersionId, Arc<Names>)>);

impl Catalogue {
    /// Of one programme.
    pub fn of(programme: &Programme) -> Self {
        let mut catalogue = Self::default();
        catalogue.learn(programme);
        catalogue
    }

    /// Adds a programme's names.
    pub fn learn(&mut self, programme: &Programme) {
        self.put(derived::names(programme));
    }

    /// Adds a stored [`table`]; of which version it is.
    pub fn add(&mut self, table: &[u8]) -> Result<VersionId, DecodeError> {
        let mut reader = Reader::new(table);
        let firsts = match reader.byte()? {
            LAYOUT => true,
            NAMES_ONLY => false,
            other => return Err(DecodeError::Layout(other)),
        };
        let names = Names::decode(&mut reader, firsts)?;
        match reader.is_empty() {
            true => Ok(self.put(Arc::new(names))),
            false => Err(DecodeError::Invalid("a table of names")),
        }
    }

    pub(crate) fn put(&mut self, names: Arc<Names>) -> VersionId {
        let id = names.id();
        if self.get(id).is_none() {
            self.0.push((id, names));
        }
        id
    }

    /// Whether a version's names are there.
    pub fn knows(&self, version: VersionId) -> bool {
        version == VersionId::NONE || self.get(version).is_some()
    }

    fn get(&self, version: VersionId) -> Option<&Arc<Names>> {
        let found = self.0.iter().find(|(id, _)| *id == version);
        found.map(|(_, names)| names)
    }

    /// The names of the version that is said next.
    pub(crate) fn read(&self, reader: &mut Reader<'_>) -> Result<Arc<Names>, DecodeError> {
        let version = VersionId::decode(reader)?;
        if version == VersionId::NONE {
            return Ok(Arc::default());
        }
        let names = self.get(version).ok_or(DecodeError::Unnamed(version))?;
        Ok(Arc::clone(names))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Catalogue, VersionId, table};

    fn programme() -> programme::Programme {
        let source = "programme: t\nbrand: shop\ncurrency: GBP\npoints: {xp: {kind: status}}\ntiers:\n  - {id: loyalty, by: xp, \
                      levels: [{id: bronze, at: 0}, {id: silver, at: 10}]}\n";
        programme::compile("t.yaml", source).unwrap()
    }

    #[test]
    fn a_stored_table_is_the_programmes_own() {
        let programme = programme();
        let mut catalogue = Catalogue::default();
        assert!(!catalogue.knows(VersionId::of(&programme)));
        assert_eq!(
            catalogue.add(&table(&programme)),
            Ok(VersionId::of(&programme))
        );
        assert!(catalogue.knows(VersionId::of(&programme)));
        assert_eq!(catalogue.0, Catalogue::of(&programme).0);
        assert_eq!(VersionId::of(&programme).to_string(), *programme.version.0);
    }

    proptest! {
        #[test]
        fn a_damaged_table_is_a_table_or_an_error(at in any::<usize>(), with in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = table(&programme());
            let at = at % bytes.len();
            bytes[at] = with;
            if cut {
                bytes.truncate(at);
                prop_assert!(Catalogue::default().add(&bytes).is_err());
            } else {
                let _read = Catalogue::default().add(&bytes);
            }
        }
    }
}
