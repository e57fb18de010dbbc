//! When a cut is due.

use std::time::Duration;

use crate::partition::Partition;

/// Memory is pressed where less than one part in so many of its budget is left.
const LEFT: usize = 8;

impl Partition {
    pub(super) fn is_due(&self) -> bool {
        if self.stopping {
            return !self.final_cut && self.has_unwritten();
        }
        if self.is_wanted() {
            return self.has_unwritten();
        }
        let pace = &self.tenure.config.pace;
        let since = self.checkpoints.last.elapsed();
        if since < pace.head_interval {
            return false;
        }
        if since >= pace.idle_interval {
            return self.has_unwritten();
        }
        let rowless = self.outbox.borrow().rowless_bytes();
        let changed = rowless > 0 || !self.slots.dirty.is_empty();
        let costly = u128::from(self.spent_ns) > self.replay_share().as_nanos();
        let full = self.slots.dirty_bytes + rowless >= pace.dirty_bytes;
        if self.repairs_want_a_cut() || self.heard_unwritten() {
            return true;
        }
        let wanted = costly || full || self.starved || self.is_pressed();
        changed && (wanted || rowless > self.outbox_bound())
    }

    /// Whether somebody waits for the end of a cut: who stops the partition, or those whom memory has no room for.
    pub(super) fn is_urgent(&self) -> bool {
        self.stopping || !self.drains.is_empty() || self.slots.bytes > self.memory_budget()
    }

    /// This partition's share of the time that a start may spend with folding again: those of its thread are folded one after the other.
    fn replay_share(&self) -> Duration {
        let config = &self.tenure.config;
        let budget = config.pace.replay_budget;
        let all = budget.as_nanos() as usize * config.threads.count();
        Duration::from_nanos(self.share(all) as u64).min(budget)
    }

    /// Players that come and go fill the memory with states that may not leave it before they are written. Where all fit in, they are
    /// written when it pays.
    fn is_pressed(&self) -> bool {
        let budget = self.memory_budget();
        self.slots.bytes > budget - budget / LEFT && self.slots.dirty_bytes > budget / 2
    }
}
