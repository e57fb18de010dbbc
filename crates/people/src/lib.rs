//! People at the edge: who is erased, and what is personal sealed before it reaches the log or a snapshot.
//!
//! - Sealed is the event's *personal* attributes in the log, and a player's attributes in the snapshot; the journal has neither. They
//!   are in the clear in the memory of whoever folds the player, so that predicates see them. The core knows nothing of it.
//! - The seal is deterministic (AES-256-GCM-SIV): the same event sealed again has the same bytes, so that it is known as the same. Its
//!   digest is that of the sealed form, and says nothing about what is sealed.
//! - An event without anything personal costs a look at its type.
//!
//! Erasing a player destroys the key: what was sealed with it is noise from then on, in the log, in snapshots, in backups.

mod event;
mod seal;

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use ports::{Entity, Erasure, Key, PeopleStore, Person, StoreError};
use types::{BrandId, PlayerId, Timestamp};

pub use event::{Opened, SEALED, has_personal, open_event, seal_event};
pub use seal::{open, seal};

/// People as one process knows them: the store, and who was erased as far as it has heard.
pub struct People {
    store: Arc<dyn PeopleStore>,
    erased: RwLock<HashSet<Entity>>,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl People {
    /// Hears of everybody who was erased so far.
    pub async fn open(store: Arc<dyn PeopleStore>) -> Result<Self, StoreError> {
        let people = Self {
            store,
            erased: RwLock::default(),
        };
        people.hear().await?;
        Ok(people)
    }

    /// Hears of those who were erased elsewhere, and says of whom the log does not know.
    pub async fn hear(&self) -> Result<Vec<(Entity, Erasure)>, StoreError> {
        let all = self.store.erased().await?;
        let mut erased = self.erased.write().unwrap_or_else(PoisonError::into_inner);
        for (player, _) in &all {
            if !erased.contains(player) {
                erased.insert(player.clone());
            }
        }
        drop(erased);
        let untold = all.into_iter().filter(|(_, erasure)| !erasure.told);
        Ok(untold.collect())
    }

    /// Whether the player was erased, as far as this process has heard.
    pub fn is_erased(&self, brand: &BrandId, player: &PlayerId) -> bool {
        let erased = self.erased.read().unwrap_or_else(PoisonError::into_inner);
        let entity = || Entity {
            brand: brand.clone(),
            player: player.clone(),
        };
        !erased.is_empty() && erased.contains(&entity())
    }

    /// The log says that the player was erased.
    pub fn heard(&self, player: &Entity) {
        let mut erased = self.erased.write().unwrap_or_else(PoisonError::into_inner);
        erased.insert(player.clone());
    }

    /// What stands of a player.
    pub async fn person(&self, player: &Entity) -> Result<Option<Person>, StoreError> {
        let found = self.store.find(std::slice::from_ref(player)).await?.pop();
        Ok(found.flatten())
    }

    /// Since when the player is erased.
    pub async fn erasure(&self, player: &Entity) -> Result<Option<Erasure>, StoreError> {
        Ok(match self.person(player).await? {
            Some(Person::Erased(erasure)) => Some(erasure),
            Some(Person::Key(_)) | None => None,
        })
    }

    /// Destroys the player's key for good.
    pub async fn erase(&self, player: &Entity, at: Timestamp) -> Result<Erasure, StoreError> {
        let erasure = self.store.erase(player, at).await?;
        self.heard(player);
        Ok(erasure)
    }

    /// The erasure's record stands in the log.
    pub async fn told(&self, player: &Entity) -> Result<(), StoreError> {
        self.store.told(player).await
    }

    /// Keys of players, drawn where there are none; `None` for one who was erased.
    pub async fn keys(&self, players: Vec<Entity>) -> Result<Vec<Option<Key>>, StoreError> {
        let draw = |player| {
            let mut key = Key([0; 32]);
            let drawn = aws_lc_rs::rand::fill(&mut key.0).map(|()| (player, key));
            drawn.map_err(|_| StoreError::Unavailable("no random bytes for a key".to_owned()))
        };
        let drawn = players
            .into_iter()
            .map(draw)
            .collect::<Result<Vec<_>, _>>()?;
        let standing = self.store.keys(&drawn).await?;
        Ok(standing.into_iter().map(key).collect())
    }
}

fn key(person: Person) -> Option<Key> {
    match person {
        Person::Key(key) => Some(key),
        Person::Erased(_) => None,
    }
}
