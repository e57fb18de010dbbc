//! The checkpoint store.

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use types::{BrandId, Epoch, Partition, PlayerId, Position};

/// Checkpoints of the fold, and the heads that fence them.
///
/// The contract is weak on purpose:
/// - A `write` is a set of single rows. They land one by one, in any order; others may see some before the rest.
/// - Per row the write with the higher [`Stamp`] wins, whenever it lands; of two with one stamp, either. One owner writes a row with
///   one stamp at most once with different bytes.
/// - `Ok` from `write` means that every row is durable. [`StoreError::Unknown`] means that any of them may have landed, or may land
///   later, even after a takeover. Writing them again with the same stamp is always safe.
/// - Only the head is compared and set; it is linearizable. `Unknown` from it means: read it again.
/// - A read gives what was written durably before it, except that rows of a `write` that did not return `Ok` may or may not show.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The partition's head; `None` where the partition was never owned.
    async fn head(&self, partition: Partition) -> Result<Option<Head>, StoreError>;

    /// Sets the head where what stands there is as `over` says.
    async fn set_head(
        &self,
        partition: Partition,
        over: Over,
        head: Head,
    ) -> Result<Cas, StoreError>;

    /// Snapshots of entities, in the order asked for.
    async fn snapshots(
        &self,
        partition: Partition,
        entities: &[Entity],
    ) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// Rows of one entity's journal, in the order asked for.
    async fn segments(
        &self,
        partition: Partition,
        entity: &Entity,
        numbers: &[u32],
    ) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// Outbox rows numbered in `from..to`, by number; rows that are not there are left out.
    async fn outbox(
        &self,
        partition: Partition,
        from: u64,
        to: u64,
    ) -> Result<Vec<(u64, Bytes)>, StoreError>;

    /// All quarantined entities of the partition, with the row's bytes.
    async fn quarantined(&self, partition: Partition) -> Result<Vec<(Entity, Bytes)>, StoreError>;

    /// Up to `limit` entities of the partition that have a snapshot, in byte order of (brand, player), from after `after`.
    async fn entities(
        &self,
        partition: Partition,
        after: Option<&Entity>,
        limit: usize,
    ) -> Result<Vec<Entity>, StoreError>;

    /// Up to `limit` due rows of the partition whose minute is in `from..=to`, by (minute, entity), from after `after`.
    async fn due(
        &self,
        partition: Partition,
        from: u32,
        to: u32,
        after: Option<&Due>,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError>;

    /// Writes rows, all with one stamp.
    async fn write(
        &self,
        partition: Partition,
        stamp: Stamp,
        rows: Vec<Row>,
    ) -> Result<(), StoreError>;

    /// A hint: no head needs outbox rows numbered below `below` any more. They may go on to show.
    async fn forget_outbox(&self, _partition: Partition, _below: u64) -> Result<(), StoreError> {
        Ok(())
    }

    /// A hint: no head needs due rows of minutes below `below` any more. They may go on to show.
    async fn forget_due(&self, _partition: Partition, _below: u32) -> Result<(), StoreError> {
        Ok(())
    }
}

/// An entity has a timer in a minute, or had one when it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// Minutes since 1970.
    pub minute: u32,
    /// Whose timer.
    pub entity: Entity,
}

/// What owns state: a player of a brand, or something that its players share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    /// The brand.
    pub brand: BrandId,
    /// The player; of what players share, an id that none has. Read back by [`PlayerId::stored`].
    pub player: PlayerId,
}

impl Entity {
    /// Whether it is a player.
    pub fn is_player(&self) -> bool {
        self.player.shared_name().is_none()
    }
}

/// A process that owns partitions, drawn anew at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub u128);

/// A partition's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Who owns the partition.
    pub owner: OwnerId,
    /// Since which takeover.
    pub epoch: Epoch,
    /// The stamp from which this epoch counts its checkpoints.
    pub epoch_stamp: Stamp,
    /// The highest stamp that a completed checkpoint used.
    pub last_stamp: Stamp,
    /// The last position that every row written so far covers.
    pub cursor: Position,
    /// The rest of the partition's fold state at the cursor, encoded by the engine.
    pub fold: Bytes,
}

/// Over which head another is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// There is none yet.
    Nothing,
    /// The one that was read, whoever owns it: a takeover. Its owner may have set another of the same epoch since, and told the store to
    /// forget what that one no longer names; so the last stamp is compared too.
    Seen {
        /// Its epoch.
        epoch: Epoch,
        /// Its last stamp.
        last_stamp: Stamp,
    },
    /// One of the owner's own epoch.
    Own {
        /// The epoch.
        epoch: Epoch,
        /// The owner.
        owner: OwnerId,
    },
}

impl Over {
    /// A takeover from what was read.
    pub fn seen(head: Option<&Head>) -> Self {
        head.map_or(Self::Nothing, |head| Self::Seen {
            epoch: head.epoch,
            last_stamp: head.last_stamp,
        })
    }

    /// Whether it is what stands there.
    pub fn is(self, standing: Option<&Head>) -> bool {
        match (self, standing) {
            (Self::Nothing, standing) => standing.is_none(),
            (_, None) => false,
            (Self::Seen { epoch, last_stamp }, Some(head)) => {
                (head.epoch, head.last_stamp) == (epoch, last_stamp)
            }
            (Self::Own { epoch, owner }, Some(head)) => (head.epoch, head.owner) == (epoch, owner),
        }
    }
}

/// A write's timestamp: microseconds, given out by the epochs of the head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

/// One row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// An entity's whole state.
    Snapshot {
        /// Whose.
        entity: Entity,
        /// The state.
        bytes: Bytes,
    },
    /// A row of an entity's journal: a sealed segment, or what else of it does not ride in the snapshot.
    Segment {
        /// Whose.
        entity: Entity,
        /// Its number.
        number: u32,
        /// The row.
        bytes: Bytes,
    },
    /// An emission that was not acknowledged at the cut.
    Outbox {
        /// Its number, running on across epochs.
        number: u64,
        /// The emission.
        bytes: Bytes,
    },
    /// An entity's earliest timer. It says nothing more than when to look: there are no two bodies of one.
    Due(Due),
    /// An entity that is set aside.
    Quarantine {
        /// Whose.
        entity: Entity,
        /// Why, and from which position.
        bytes: Bytes,
    },
}

/// Outcome of a compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cas {
    /// Set.
    Applied,
    /// Not set: this is what stands there.
    Refused(Option<Head>),
}

/// Why the store did not answer as asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Not reachable; nothing of the call was done. Try again.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What was done of the call is not known.
    #[error("unknown what the store did: {0}")]
    Unknown(String),
    /// What was read is damaged.
    #[error("damaged data in the store: {0}")]
    Corrupt(String),
}
