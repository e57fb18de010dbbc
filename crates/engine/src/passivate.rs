//! Lets players go who were not used lately, so that memory stays within its budget.

use crate::partition::Partition;
use crate::slots::Presence;

/// Slots looked at in one turn, so that no turn takes long.
const LOOKS: usize = 256;

impl Partition {
    /// Second-chance clock over the slots while memory is over its budget: one full round without use, and a player goes. Only clean
    /// actors are dropped: one dropped with its write in flight would be read again older than it was.
    pub(crate) fn passivate(&mut self) {
        let budget = self.memory_budget();
        let slots = self.slots.capacity();
        let mut looks = LOOKS.min(slots);
        self.starved = false;
        while self.slots.bytes > budget && looks > 0 {
            looks -= 1;
            self.hand = (self.hand + 1) % slots;
            let clean_only = self.tenure.config.rules.drop_clean_only;
            let Some(slot) = self.slots.get(self.hand) else {
                continue;
            };
            let quarantined = matches!(slot.presence, Presence::Quarantined(Some(_), _));
            if !(slot.is_quiet() || quarantined) {
                continue;
            }
            if !slot.idle {
                slot.idle = true;
                continue;
            }
            let droppable = slot.is_clean() || (!clean_only && !slot.dirty && !slot.to_capture);
            if !droppable {
                self.starved = true;
            } else if quarantined {
                if let Presence::Quarantined(actor, _) = &mut slot.presence {
                    *actor = None;
                }
                self.slots.set_bytes(self.hand, 0);
            } else {
                self.slots.remove(self.hand);
            }
        }
    }

    /// This partition's share of the memory for player state, in bytes.
    pub(crate) fn memory_budget(&self) -> usize {
        self.tenure.config.memory_bytes / self.partitions
    }
}
