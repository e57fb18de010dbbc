//! A store that keeps its contract and nothing more: rows land one by one, in any order, late, twice or not at all unless `Ok` was said.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use ports::{Cas, Due, Entity, Head, OwnerId, Row, Stamp, StateStore, StoreError};
use tokio::sync::Notify;
use types::{Epoch, Partition};

use super::Dice;

/// Stops the process under test after so many steps of the store: the step does not return, and [`Crash::reached`] does.
#[derive(Debug, Default)]
pub struct Crash {
    steps: AtomicU64,
    reached: Notify,
}

impl Crash {
    /// Crash at the step so many steps from now; 0: not at all.
    pub fn after(&self, steps: u64) {
        self.steps.store(steps, Ordering::Relaxed);
    }

    /// Returns when the step is reached.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(super) async fn step(&self) {
        let left = self.steps.load(Ordering::Relaxed);
        if left == 0 {
            return;
        }
        self.steps.store(left - 1, Ordering::Relaxed);
        if left == 1 {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// The store.
pub struct FaultyStore {
    kept: Mutex<Kept>,
    bytes_read: AtomicU64,
    dice: Arc<Dice>,
    crash: Arc<Crash>,
    corrupt: AtomicU64,
}

type Key = (Partition, RowKey);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RowKey {
    Snapshot(Entity),
    Segment(Entity, u32),
    Outbox(u64),
    Due(Due),
    Quarantine(Entity),
}

#[derive(Default)]
struct Kept {
    heads: HashMap<Partition, Head>,
    rows: BTreeMap<Key, (Stamp, Bytes)>,
    /// Rows still on their way, for which nobody waits.
    late: Vec<(Key, Stamp, Bytes)>,
}

impl FaultyStore {
    /// An empty store.
    pub fn new(dice: Arc<Dice>, crash: Arc<Crash>) -> Self {
        Self {
            kept: Mutex::default(),
            bytes_read: AtomicU64::new(0),
            dice,
            crash,
            corrupt: AtomicU64::new(0),
        }
    }

    /// From now on so many reads of snapshots or segments in a thousand find damage, which the next read does not; never while calm.
    pub fn set_corrupt(&self, in_thousand: u64) {
        self.corrupt.store(in_thousand, Ordering::Relaxed);
    }

    /// Everything in it is gone, as after its tables were dropped and made anew.
    pub fn wipe(&self) {
        *self.kept() = Kept::default();
    }

    fn damage(&self) -> Result<(), StoreError> {
        let chance = self.corrupt.load(Ordering::Relaxed);
        if chance > 0 && self.dice.fault(chance) {
            return Err(StoreError::Corrupt("seeded".to_owned()));
        }
        Ok(())
    }

    /// Bytes of snapshots and segments that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Before anything is done: some of what is on its way may land, and the store may not be there.
    async fn enter(&self, unavailable: u64) -> Result<(), StoreError> {
        self.crash.step().await;
        self.dice.pause(10).await;
        self.land_late();
        if self.dice.fault(unavailable) {
            return Err(StoreError::Unavailable("seeded".to_owned()));
        }
        Ok(())
    }

    fn land_late(&self) {
        let mut kept = self.kept();
        let mut index = 0;
        while index < kept.late.len() {
            if self.dice.chance(100) {
                let (key, stamp, bytes) = kept.late.swap_remove(index);
                kept.land(key, stamp, bytes, &self.dice);
            } else {
                index += 1;
            }
        }
    }

    fn read(&self, partition: Partition, key: RowKey) -> Option<Bytes> {
        let kept = self.kept();
        let (_, bytes) = kept.rows.get(&(partition, key))?;
        self.bytes_read
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Some(bytes.clone())
    }
}

impl Kept {
    fn land(&mut self, key: Key, stamp: Stamp, bytes: Bytes, dice: &Dice) {
        match self.rows.get(&key) {
            Some((there, _)) if *there > stamp => {}
            // Of two with one stamp, either.
            Some((there, other)) if *there == stamp && *other != bytes && dice.chance(500) => {}
            _ => {
                self.rows.insert(key, (stamp, bytes));
            }
        }
    }
}

/// Rows of a write that has not returned: whoever drops it leaves some of them on their way.
struct Pending<'a> {
    store: &'a FaultyStore,
    rows: Vec<(Key, Stamp, Bytes)>,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut kept = self.store.kept();
        for row in self.rows.drain(..) {
            if self.store.dice.chance(500) {
                kept.late.push(row);
            }
        }
    }
}

#[async_trait]
impl StateStore for FaultyStore {
    async fn head(&self, partition: Partition) -> Result<Option<Head>, StoreError> {
        self.enter(50).await?;
        Ok(self.kept().heads.get(&partition).cloned())
    }

    async fn set_head(
        &self,
        partition: Partition,
        expected: Option<Epoch>,
        owner: Option<OwnerId>,
        head: Head,
    ) -> Result<Cas, StoreError> {
        self.enter(50).await?;
        let unknown = self.dice.fault(150);
        let answer = if unknown && self.dice.chance(500) {
            Err(StoreError::Unknown("seeded: not set".to_owned()))
        } else {
            let mut kept = self.kept();
            let there = kept.heads.get(&partition);
            let matches = there.map(|head| head.epoch) == expected
                && there.is_none_or(|head| owner.is_none_or(|owner| owner == head.owner));
            if matches {
                kept.heads.insert(partition, head);
                Ok(Cas::Applied)
            } else {
                Ok(Cas::Refused(there.cloned()))
            }
        };
        self.crash.step().await;
        if unknown {
            return Err(StoreError::Unknown("seeded".to_owned()));
        }
        answer
    }

    async fn snapshots(
        &self,
        partition: Partition,
        entities: &[Entity],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.enter(50).await?;
        self.damage()?;
        let rows = entities.iter();
        Ok(rows
            .map(|entity| self.read(partition, RowKey::Snapshot(entity.clone())))
            .collect())
    }

    async fn segments(
        &self,
        partition: Partition,
        entity: &Entity,
        numbers: &[u32],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.enter(50).await?;
        self.damage()?;
        let rows = numbers.iter();
        Ok(rows
            .map(|number| self.read(partition, RowKey::Segment(entity.clone(), *number)))
            .collect())
    }

    async fn outbox(
        &self,
        partition: Partition,
        from: u64,
        to: u64,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        self.enter(50).await?;
        let kept = self.kept();
        let last = (partition, RowKey::Outbox(to));
        let after = kept.rows.range((partition, RowKey::Outbox(from))..);
        Ok(after
            .take_while(|(key, _)| **key < last)
            .filter_map(|((_, key), (_, bytes))| match key {
                RowKey::Outbox(number) => Some((*number, bytes.clone())),
                _ => None,
            })
            .collect())
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<(Entity, Bytes)>, StoreError> {
        self.enter(50).await?;
        let kept = self.kept();
        let rows = kept.rows.iter();
        Ok(rows
            .filter_map(|((at, key), (_, bytes))| match key {
                RowKey::Quarantine(entity) if *at == partition => {
                    Some((entity.clone(), bytes.clone()))
                }
                _ => None,
            })
            .collect())
    }

    async fn entities(
        &self,
        partition: Partition,
        after: Option<&Entity>,
        limit: usize,
    ) -> Result<Vec<Entity>, StoreError> {
        self.enter(50).await?;
        let kept = self.kept();
        let keys = kept.rows.keys();
        Ok(keys
            .filter_map(|(at, key)| match key {
                RowKey::Snapshot(entity) if *at == partition => Some(entity.clone()),
                _ => None,
            })
            .filter(|entity| after.is_none_or(|after| entity > after))
            .take(limit)
            .collect())
    }

    async fn due(
        &self,
        partition: Partition,
        from: u32,
        to: u32,
        after: Option<&Due>,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.enter(50).await?;
        let kept = self.kept();
        let rows = kept.rows.keys().filter_map(|(at, key)| match key {
            RowKey::Due(due) if *at == partition => Some(due),
            _ => None,
        });
        Ok(rows
            .filter(|due| (from..=to).contains(&due.minute))
            .filter(|due| after.is_none_or(|after| *due > after))
            .take(limit)
            .cloned()
            .collect())
    }

    async fn write(
        &self,
        partition: Partition,
        stamp: Stamp,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        self.enter(50).await?;
        let mut rows: Vec<_> = rows
            .into_iter()
            .map(|row| keyed(partition, stamp, row))
            .collect();
        self.dice.shuffle(&mut rows);
        let mut pending = Pending { store: self, rows };
        let unknown = self.dice.fault(150);
        let landing = if unknown {
            usize::try_from(self.dice.below(pending.rows.len() as u64 + 1)).unwrap_or(0)
        } else {
            pending.rows.len()
        };
        for _ in 0..landing {
            self.crash.step().await;
            self.dice.pause(5).await;
            let Some((key, stamp, bytes)) = pending.rows.pop() else {
                break;
            };
            let mut kept = self.kept();
            if self.dice.fault(50) {
                // It lands a second time, whenever.
                kept.late.push((key.clone(), stamp, bytes.clone()));
            }
            kept.land(key, stamp, bytes, &self.dice);
        }
        self.crash.step().await;
        if unknown {
            return Err(StoreError::Unknown("seeded".to_owned()));
        }
        Ok(())
    }

    /// Takes the hint at its word, as the one below.
    async fn forget_due(&self, partition: Partition, below: u32) -> Result<(), StoreError> {
        self.enter(50).await?;
        let needed = |at: &Partition, key: &RowKey| match key {
            RowKey::Due(due) => *at != partition || due.minute >= below,
            _ => true,
        };
        self.kept().rows.retain(|(at, key), _| needed(at, key));
        Ok(())
    }

    /// Takes the hint at its word, so that a row forgotten too early is missed.
    async fn forget_outbox(&self, partition: Partition, below: u64) -> Result<(), StoreError> {
        self.enter(50).await?;
        let (first, last) = (RowKey::Outbox(0), RowKey::Outbox(below));
        self.kept()
            .rows
            .retain(|(at, key), _| *at != partition || *key < first || *key >= last);
        Ok(())
    }
}

fn keyed(partition: Partition, stamp: Stamp, row: Row) -> (Key, Stamp, Bytes) {
    let (key, bytes) = match row {
        Row::Snapshot { entity, bytes } => (RowKey::Snapshot(entity), bytes),
        Row::Segment {
            entity,
            number,
            bytes,
        } => (RowKey::Segment(entity, number), bytes),
        Row::Outbox { number, bytes } => (RowKey::Outbox(number), bytes),
        Row::Due(due) => (RowKey::Due(due), Bytes::new()),
        Row::Quarantine { entity, bytes } => (RowKey::Quarantine(entity), bytes),
    };
    ((partition, key), stamp, bytes)
}
