//! The port `PeopleStore`: a row for each player, set under conditions; and the list of those who were erased.

use async_trait::async_trait;
use ports::{Entity, Erasure, Key, PeopleStore, Person, StoreError};
use types::{BrandId, PlayerId, Timestamp};

use crate::error::damaged;
use crate::statements::Statement;
use crate::store::CqlStore;

/// What touches people. Read as all replicas agree, set as heads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum People {
    Find,
    Erased,
    Key,
    Erase,
    Destroy,
    List,
    Tell,
}

impl People {
    /// Whether it reads.
    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Find | Self::Erased)
    }
}

impl Statement for People {
    const ALL: &'static [Self] = &[
        Self::Find,
        Self::Erased,
        Self::Key,
        Self::Erase,
        Self::Destroy,
        Self::List,
        Self::Tell,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Find => {
                "SELECT sealing, erased_at, told FROM {ks}.person WHERE brand = ? AND player = ?"
            }
            Self::Erased => "SELECT brand, player FROM {ks}.person_erased WHERE zero = ?",
            Self::Key => {
                "INSERT INTO {ks}.person (brand, player, sealing) VALUES (?, ?, ?) IF NOT EXISTS"
            }
            // Of a player without a key, who has no row.
            Self::Erase => {
                "INSERT INTO {ks}.person (brand, player, erased_at) VALUES (?, ?, ?) IF NOT EXISTS"
            }
            Self::Destroy => {
                "UPDATE {ks}.person SET sealing = null, erased_at = ? WHERE brand = ? AND player = ? IF erased_at = null"
            }
            Self::List => {
                "INSERT INTO {ks}.person_erased (zero, brand, player) VALUES (?, ?, ?) IF NOT EXISTS"
            }
            Self::Tell => {
                "UPDATE {ks}.person SET told = true WHERE brand = ? AND player = ? IF EXISTS"
            }
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

/// The columns of a person.
type Columns = (Option<Vec<u8>>, Option<i64>, Option<bool>);

/// The only row key of the list.
const ZERO: i32 = 0;

impl CqlStore {
    async fn person(&self, player: &Entity) -> Result<Option<Person>, StoreError> {
        let named = (player.brand.as_str(), player.player.as_str());
        let rows = self.client.agreed::<Columns>(People::Find, named);
        let Some((key, erased_at, told)) = rows.await?.pop() else {
            return Ok(None);
        };
        if let Some(at) = erased_at {
            let at = Timestamp::from_nanos(at);
            return Ok(Some(Person::Erased(Erasure {
                at: at.ok_or_else(|| damaged("a person", &"its time is none"))?,
                told: told == Some(true),
            })));
        }
        let key = key.and_then(|bytes| bytes.try_into().ok());
        let key = key.ok_or_else(|| damaged("a person", &"its key is none"))?;
        Ok(Some(Person::Key(Key(key))))
    }
}

#[async_trait]
impl PeopleStore for CqlStore {
    async fn find(&self, players: &[Entity]) -> Result<Vec<Option<Person>>, StoreError> {
        let mut found = Vec::with_capacity(players.len());
        for player in players {
            found.push(self.person(player).await?);
        }
        Ok(found)
    }

    async fn keys(&self, players: &[(Entity, Key)]) -> Result<Vec<Person>, StoreError> {
        let mut standing = Vec::with_capacity(players.len());
        for (player, drawn) in players {
            let person = match self.person(player).await? {
                Some(person) => person,
                None => {
                    let (brand, name) = (player.brand.as_str(), player.player.as_str());
                    let values = (brand, name, drawn.0.to_vec());
                    self.client.condition(People::Key, values).await?;
                    let lost = || StoreError::Unknown("a key was not kept".to_owned());
                    self.person(player).await?.ok_or_else(lost)?
                }
            };
            standing.push(person);
        }
        Ok(standing)
    }

    async fn erase(&self, player: &Entity, at: Timestamp) -> Result<Erasure, StoreError> {
        let (brand, name) = (player.brand.as_str(), player.player.as_str());
        // First the list: who is on it without being erased is passed over when it is read.
        let listed = (ZERO, brand, name);
        self.client.condition(People::List, listed).await?;
        let values = (brand, name, at.nanos());
        if !self.client.condition(People::Erase, values).await? {
            let values = (at.nanos(), brand, name);
            self.client.condition(People::Destroy, values).await?;
        }
        match self.person(player).await? {
            Some(Person::Erased(erasure)) => Ok(erasure),
            _ => Err(StoreError::Unknown("a key stands".to_owned())),
        }
    }

    async fn told(&self, player: &Entity) -> Result<(), StoreError> {
        let named = (player.brand.as_str(), player.player.as_str());
        self.client.condition(People::Tell, named).await?;
        Ok(())
    }

    async fn erased(&self) -> Result<Vec<(Entity, Erasure)>, StoreError> {
        let rows = self
            .client
            .agreed::<(String, String)>(People::Erased, (ZERO,));
        let mut all = Vec::new();
        for (brand, player) in rows.await? {
            let entity = Entity {
                brand: BrandId::new(&brand).map_err(|error| damaged("a brand", &error))?,
                player: PlayerId::new(&player).map_err(|error| damaged("a player", &error))?,
            };
            if let Some(Person::Erased(erasure)) = self.person(&entity).await? {
                all.push((entity, erasure));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::{People, Statement};

    #[test]
    fn a_statement_stands_at_its_own_place_and_touches_people_alone() {
        for (place, statement) in People::ALL.iter().enumerate() {
            let text = statement.text();
            assert_eq!(statement.place(), place);
            assert!(text.contains("{ks}.person"), "{text}");
            assert_eq!(text.starts_with("SELECT"), statement.reads(), "{text}");
            assert_eq!(text.contains(" IF "), !statement.reads(), "{text}");
            assert!(!text.contains("USING"), "{text}");
        }
    }
}
