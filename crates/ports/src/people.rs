//! What is kept of people apart from the log, the journal and the snapshots.

use async_trait::async_trait;
use types::Timestamp;

use crate::store::{Entity, StoreError};

/// For each player a key that seals what is personal wherever else it stands, until the player is erased; and who was.
///
/// - A player has one key, drawn by whoever needs it first; of several that draw one, one stands. [`Person::Key`] is given only once it
///   is durable, so nothing is ever sealed with a key that may be lost.
/// - `erase` is final: the key is destroyed, no other is ever given, and it is durable when it returns. An erased player is listed for
///   ever.
/// - An erasure is *told* once its record stands in the log of the player's partition. Those that are not are told by whoever runs.
/// - All of it is linearizable for a player. [`StoreError::Unknown`] means: ask again.
#[async_trait]
pub trait PeopleStore: Send + Sync {
    /// What stands of each of them, in the order asked for; `None` where nothing does.
    async fn find(&self, players: &[Entity]) -> Result<Vec<Option<Person>>, StoreError>;

    /// Gives each of them its key, where it has none the one drawn for it here, in the order asked for.
    async fn keys(&self, players: &[(Entity, Key)]) -> Result<Vec<Person>, StoreError>;

    /// Destroys the player's key, if there is one, and lists the player as erased at this instant. Where it was erased before, it stays
    /// so: since when.
    async fn erase(&self, player: &Entity, at: Timestamp) -> Result<Erasure, StoreError>;

    /// The erasure's record stands in the log.
    async fn told(&self, player: &Entity) -> Result<(), StoreError>;

    /// Everybody who was erased, in any order.
    async fn erased(&self) -> Result<Vec<(Entity, Erasure)>, StoreError>;
}

/// What stands of a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// The key.
    Key(Key),
    /// There is none any more, and never will be.
    Erased(Erasure),
}

/// When a player was erased, and whether the log says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// When it was asked for first.
    pub at: Timestamp,
    /// Whether its record stands in the log.
    pub told: bool,
}

/// A player's key: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}
