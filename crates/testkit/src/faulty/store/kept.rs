//! What the store has: rows that landed, rows that may not show yet, rows on their way, heads.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use ports::{Due, Entity, Head, Row, Stamp};
use types::Partition;

use super::super::{Dice, Fault};

pub(super) type Key = (Partition, RowKey);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowKey {
    Snapshot(Entity),
    Segment(Entity, u32),
    Outbox(u64),
    Due(Due),
    Quarantine(Entity),
}

/// A head as it was set, by whom it was taken over or owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadSet {
    /// Of which partition.
    pub partition: Partition,
    /// To what.
    pub head: Head,
}

#[derive(Default)]
pub(super) struct Kept {
    pub(super) heads: HashMap<Partition, Head>,
    /// Every head that was set, in order.
    pub(super) heads_set: Vec<HeadSet>,
    pub(super) rows: BTreeMap<Key, (Stamp, Bytes)>,
    /// Rows whose write has not returned, with what stood there before: a read may give that.
    pub(super) loose: BTreeMap<Key, Option<(Stamp, Bytes)>>,
    /// Rows still on their way, for which nobody waits.
    pub(super) late: Vec<(Key, Stamp, Bytes)>,
}

/// A row's place, in words.
pub(super) fn named((partition, key): &Key) -> String {
    let row = match key {
        RowKey::Snapshot(entity) => format!("snapshot of {}", entity.player),
        RowKey::Segment(entity, number) => format!("segment {number} of {}", entity.player),
        RowKey::Outbox(number) => format!("outbox row {number}"),
        RowKey::Due(due) => format!("{} due in minute {}", due.entity.player, due.minute),
        RowKey::Quarantine(entity) => format!("quarantine of {}", entity.player),
    };
    format!("{row} in {partition}")
}

impl Kept {
    pub(super) fn land(&mut self, key: Key, stamp: Stamp, bytes: Bytes, dice: &Dice) {
        let head = self.heads.get(&key.0);
        if head.is_some_and(|head| stamp < head.epoch_stamp) {
            dice.count(Fault::ZombieWrite);
        }
        match self.rows.get(&key) {
            Some((there, _)) if *there > stamp => {}
            // Of two with one stamp, either.
            Some((there, other)) if *there == stamp && *other != bytes && dice.chance(500) => {}
            there => {
                self.loose
                    .entry(key.clone())
                    .or_insert_with(|| there.cloned());
                self.rows.insert(key, (stamp, bytes));
            }
        }
    }

    /// A write of this row has returned: from now on every read gives it, or a later one.
    pub(super) fn settle(&mut self, key: Key, stamp: Stamp, bytes: Bytes) {
        match self.rows.get(&key) {
            Some((there, _)) if *there > stamp => {
                if let Some(before) = self.loose.get_mut(&key)
                    && before.as_ref().is_none_or(|(there, _)| *there < stamp)
                {
                    *before = Some((stamp, bytes));
                }
            }
            _ => drop(self.loose.remove(&key)),
        }
    }

    /// What a read gives of a row.
    pub(super) fn shown(&self, key: &Key, dice: &Dice) -> Option<&(Stamp, Bytes)> {
        match self.loose.get(key) {
            Some(before) if dice.strikes(Fault::StaleRead) => before.as_ref(),
            _ => self.rows.get(key),
        }
    }
}

pub(super) fn keyed(partition: Partition, stamp: Stamp, row: Row) -> (Key, Stamp, Bytes) {
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
