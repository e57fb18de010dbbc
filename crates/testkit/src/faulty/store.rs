//! A store that keeps its contract and nothing more: rows land one by one, in any order, late, twice or not at all unless `Ok` was said.

mod kept;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use ports::{Cas, Due, Entity, Head, Over, Row, Stamp, StateStore, StoreError};
use types::Partition;

use super::{Crash, Dice, Fault, Link, Service};
pub use kept::HeadSet;
use kept::{Kept, Key, RowKey, keyed, named};

/// The store.
pub struct FaultyStore {
    kept: Arc<Mutex<Kept>>,
    bytes_read: Arc<AtomicU64>,
    dice: Arc<Dice>,
    link: Arc<Link>,
}

impl FaultyStore {
    /// An empty store.
    pub fn new(dice: Arc<Dice>, crash: Arc<Crash>) -> Self {
        Self {
            kept: Arc::default(),
            bytes_read: Arc::default(),
            link: Link::only(Arc::clone(&dice), crash),
            dice,
        }
    }

    /// The same store, reached by another process.
    #[must_use]
    pub fn by(&self, link: &Arc<Link>) -> Self {
        Self {
            kept: Arc::clone(&self.kept),
            bytes_read: Arc::clone(&self.bytes_read),
            dice: Arc::clone(&self.dice),
            link: Arc::clone(link),
        }
    }

    /// The heads that were set after the first so many.
    pub fn heads_set(&self, seen: usize) -> Vec<HeadSet> {
        let kept = self.kept();
        kept.heads_set
            .get(seen..)
            .map_or_else(Vec::new, <[HeadSet]>::to_vec)
    }

    /// Everything in it is gone, as after its tables were dropped and made anew.
    pub fn wipe(&self) {
        *self.kept() = Kept::default();
    }

    /// A read of a snapshot or segment finds damage now and then, which the next read does not.
    fn damage(&self) -> Result<(), StoreError> {
        match self.dice.strikes(Fault::Damage) {
            true => Err(StoreError::Corrupt("seeded".to_owned())),
            false => Ok(()),
        }
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
    async fn enter(&self) -> Result<(), StoreError> {
        self.link.crash().step().await;
        self.dice.pause(10).await;
        self.land_late();
        let reached = self.link.reach(Service::Store).await;
        reached.map_err(StoreError::Unavailable)?;
        if self.dice.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable("seeded".to_owned()));
        }
        Ok(())
    }

    fn land_late(&self) {
        let soon = self.dice.dial(Fault::LateLands).max(1);
        let mut kept = self.kept();
        let mut index = 0;
        while index < kept.late.len() {
            if self.dice.chance(soon) {
                let (key, stamp, bytes) = kept.late.swap_remove(index);
                self.dice.count(Fault::LateLands);
                self.link
                    .note(|| format!("(a late row lands: {} at {})", named(&key), stamp.0));
                kept.land(key, stamp, bytes, &self.dice);
            } else {
                index += 1;
            }
        }
    }

    fn read(&self, partition: Partition, key: RowKey) -> Option<Bytes> {
        let kept = self.kept();
        let (_, bytes) = kept.shown(&(partition, key), &self.dice)?;
        self.bytes_read
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Some(bytes.clone())
    }
}

/// Rows of a write that has not returned: whoever drops it leaves some of them on their way.
struct Pending<'a> {
    store: &'a FaultyStore,
    rows: Vec<(Key, Stamp, Bytes)>,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.rows.is_empty() {
            self.store.dice.count(Fault::PartialWrite);
        }
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
        self.enter().await?;
        Ok(self.kept().heads.get(&partition).cloned())
    }

    async fn set_head(
        &self,
        partition: Partition,
        over: Over,
        head: Head,
    ) -> Result<Cas, StoreError> {
        self.enter().await?;
        let unknown = self.dice.strikes(Fault::HeadUnknown);
        let (epoch, cursor) = (head.epoch, head.cursor);
        let answer = if unknown && self.dice.chance(500) {
            Err(StoreError::Unknown("seeded: not set".to_owned()))
        } else {
            let mut kept = self.kept();
            let there = kept.heads.get(&partition);
            if over.is(there) {
                let set = head.clone();
                kept.heads_set.push(HeadSet {
                    partition,
                    head: set,
                });
                kept.heads.insert(partition, head);
                Ok(Cas::Applied)
            } else {
                if there.is_some_and(|there| there.epoch > epoch) {
                    self.dice.count(Fault::ZombieHead);
                }
                Ok(Cas::Refused(there.cloned()))
            }
        };
        self.link.crash().step().await;
        self.link.disk(Service::Store).await;
        let unknown = unknown || !self.link.is_open(Service::Store);
        self.link.note(|| {
            let outcome = match &answer {
                Ok(Cas::Applied) => "applied",
                Ok(Cas::Refused(_)) => "refused",
                Err(_) => "not set",
            };
            let told = if unknown { ", and it is not told" } else { "" };
            format!("sets the head of {partition}: epoch {epoch}, cursor {cursor}: {outcome}{told}")
        });
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
        self.enter().await?;
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
        self.enter().await?;
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
        self.enter().await?;
        let kept = self.kept();
        let last = (partition, RowKey::Outbox(to));
        let after = kept.rows.range((partition, RowKey::Outbox(from))..);
        Ok(after
            .map(|(key, _)| key)
            .take_while(|key| **key < last)
            .filter_map(|key| match key.1 {
                RowKey::Outbox(number) => {
                    let (_, bytes) = kept.shown(key, &self.dice)?;
                    Some((number, bytes.clone()))
                }
                _ => None,
            })
            .collect())
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<(Entity, Bytes)>, StoreError> {
        self.enter().await?;
        let kept = self.kept();
        let keys = kept.rows.keys();
        Ok(keys
            .filter_map(|key| match &key.1 {
                RowKey::Quarantine(entity) if key.0 == partition => {
                    let (_, bytes) = kept.shown(key, &self.dice)?;
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
        self.enter().await?;
        let kept = self.kept();
        let keys = kept.rows.keys();
        Ok(keys
            .filter_map(|key| match &key.1 {
                RowKey::Snapshot(entity) if key.0 == partition => {
                    kept.shown(key, &self.dice)?;
                    Some(entity.clone())
                }
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
        self.enter().await?;
        let kept = self.kept();
        let rows = kept.rows.keys().filter_map(|key| match &key.1 {
            RowKey::Due(due) if key.0 == partition => {
                kept.shown(key, &self.dice)?;
                Some(due)
            }
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
        self.enter().await?;
        let mut rows: Vec<_> = rows
            .into_iter()
            .map(|row| keyed(partition, stamp, row))
            .collect();
        self.dice.shuffle(&mut rows);
        let (count, mut landed) = (rows.len(), Vec::with_capacity(rows.len()));
        let mut pending = Pending { store: self, rows };
        let mut unknown = self.dice.strikes(Fault::WriteUnknown);
        let landing = if unknown {
            usize::try_from(self.dice.below(pending.rows.len() as u64 + 1)).unwrap_or(0)
        } else {
            pending.rows.len()
        };
        for _ in 0..landing {
            self.link.crash().step().await;
            self.dice.pause(5).await;
            if !self.link.is_open(Service::Store) {
                unknown = true;
                break;
            }
            let Some((key, stamp, bytes)) = pending.rows.pop() else {
                break;
            };
            landed.push((key.clone(), stamp, bytes.clone()));
            let mut kept = self.kept();
            if self.dice.strikes(Fault::RowAgain) {
                // It lands a second time, whenever.
                kept.late.push((key.clone(), stamp, bytes.clone()));
            }
            kept.land(key, stamp, bytes, &self.dice);
        }
        self.link.crash().step().await;
        self.link.disk(Service::Store).await;
        self.link.note(|| {
            let outcome = if unknown { ", and is not told" } else { "" };
            let rows: Vec<String> = landed.iter().map(|(key, ..)| named(key)).collect();
            let (at, rows) = (stamp.0, rows.join(", "));
            format!(
                "writes {} of {count} rows at {at}: {rows}{outcome}",
                landed.len()
            )
        });
        if unknown {
            return Err(StoreError::Unknown("seeded".to_owned()));
        }
        let mut kept = self.kept();
        for (key, stamp, bytes) in landed {
            kept.settle(key, stamp, bytes);
        }
        Ok(())
    }

    /// Takes the hint at its word, as the one below.
    async fn forget_due(&self, partition: Partition, below: u32) -> Result<(), StoreError> {
        self.enter().await?;
        let needed = |at: &Partition, key: &RowKey| match key {
            RowKey::Due(due) => *at != partition || due.minute >= below,
            _ => true,
        };
        self.kept().rows.retain(|(at, key), _| needed(at, key));
        Ok(())
    }

    /// Takes the hint at its word, so that a row forgotten too early is missed.
    async fn forget_outbox(&self, partition: Partition, below: u64) -> Result<(), StoreError> {
        self.enter().await?;
        let (first, last) = (RowKey::Outbox(0), RowKey::Outbox(below));
        self.kept()
            .rows
            .retain(|(at, key), _| *at != partition || *key < first || *key >= last);
        Ok(())
    }
}
