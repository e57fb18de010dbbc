//! Lets players go who were not used lately, so that memory stays within its budget.

use std::time::{Duration, Instant};

use crate::partition::Partition;
use crate::slots::Presence;

/// No turn takes longer: records wait meanwhile. A sweep over more players than memory holds goes as fast as others leave, so a turn
/// is not a number of looks.
const TURN: Duration = Duration::from_millis(1);
/// Slots looked at between two looks at the time.
const LOOKS: usize = 64;
/// How much room is made once memory is over its budget, as one in so many of it: who waits for room would get it player by player.
const ROOM: usize = 16;

impl Partition {
    /// Second-chance clock over the slots while memory is over its budget: one full round without use, and a player goes. Only clean
    /// actors are dropped: one dropped with its write in flight would be read again older than it was.
    pub(crate) fn passivate(&mut self) {
        let (started, budget) = (Instant::now(), self.memory_budget());
        self.starved = false;
        if self.slots.bytes <= budget {
            return;
        }
        let low = budget - budget / ROOM;
        let mut rounds = self.slots.capacity().div_ceil(LOOKS);
        while self.slots.bytes > low && rounds > 0 && started.elapsed() < TURN {
            rounds -= 1;
            self.let_some_go(low);
        }
    }

    fn let_some_go(&mut self, low: usize) {
        let slots = self.slots.capacity();
        let mut looks = LOOKS.min(slots);
        while self.slots.bytes > low && looks > 0 {
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
        self.share(self.tenure.config.memory_bytes)
    }
}
