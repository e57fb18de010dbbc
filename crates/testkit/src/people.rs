//! People in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ports::{Entity, Erasure, Key, PeopleStore, Person, StoreError};
use types::Timestamp;

/// A store of people that lasts as long as it does.
#[derive(Debug, Default)]
pub struct MemoryPeople(Mutex<BTreeMap<Entity, Person>>);

impl MemoryPeople {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Entity, Person>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PeopleStore for MemoryPeople {
    async fn find(&self, players: &[Entity]) -> Result<Vec<Option<Person>>, StoreError> {
        let all = self.all();
        Ok(players.iter().map(|one| all.get(one).cloned()).collect())
    }

    async fn keys(&self, players: &[(Entity, Key)]) -> Result<Vec<Person>, StoreError> {
        let mut all = self.all();
        let stands = players.iter().map(|(player, drawn)| {
            let stands = all.entry(player.clone());
            stands.or_insert_with(|| Person::Key(drawn.clone())).clone()
        });
        Ok(stands.collect())
    }

    async fn erase(&self, player: &Entity, at: Timestamp) -> Result<Erasure, StoreError> {
        let mut all = self.all();
        if let Some(Person::Erased(erasure)) = all.get(player) {
            return Ok(*erasure);
        }
        let erasure = Erasure { at, told: false };
        all.insert(player.clone(), Person::Erased(erasure));
        Ok(erasure)
    }

    async fn told(&self, player: &Entity) -> Result<(), StoreError> {
        if let Some(Person::Erased(erasure)) = self.all().get_mut(player) {
            erasure.told = true;
        }
        Ok(())
    }

    async fn erased(&self) -> Result<Vec<(Entity, Erasure)>, StoreError> {
        let all = self.all();
        let erased = all.iter().filter_map(|(player, person)| match person {
            Person::Erased(erasure) => Some((player.clone(), *erasure)),
            Person::Key(_) => None,
        });
        Ok(erased.collect())
    }
}
