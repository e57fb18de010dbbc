//! Lets players go who were not used lately, so that memory stays within its budget.

use std::time::{Duration, Instant};

use crate::partition::Partition;
use crate::slots::Presence;

/// No turn takes longer: records wait meanwhile.
const TURN: Duration = Duration::from_micros(200);
/// Slots looked at between two looks at the time.
const LOOKS: usize = 64;
/// How much room is made once memory is over its budget, as one in so many of it: who waits for room would get it player by player.
const ROOM: usize = 16;
/// Beyond its budget memory takes this much more, as one in so many of it, before no records are taken in: what has not been touched
/// before costs more than waiting for what others leave.
const BEYOND: usize = 4;

impl Partition {
    /// Looks whether memory is over its budget, and lets players go if so.
    pub(crate) fn passivate(&mut self) {
        self.starved = false;
        self.looks = match self.slots.bytes > self.memory_budget() {
            // A full round without use, and one more.
            true => self.slots.capacity().saturating_mul(2),
            false => 0,
        };
        self.passivate_some();
    }

    /// A turn of the second-chance clock over the slots: one full round without use, and a player goes. Only clean actors are dropped:
    /// one dropped with its write in flight would be read again older than it was.
    pub(crate) fn passivate_some(&mut self) {
        if self.looks == 0 {
            return;
        }
        let (started, budget) = (Instant::now(), self.memory_budget());
        let low = budget - budget / ROOM;
        while self.looks > 0 && started.elapsed() < TURN {
            if self.slots.bytes <= low {
                self.looks = 0;
                return;
            }
            self.looks = self.looks.saturating_sub(LOOKS);
            self.let_some_go(low);
        }
    }

    fn let_some_go(&mut self, low: usize) {
        let slots = self.slots.capacity();
        let sweeping = self.sweeps_to();
        let mut looks = LOOKS.min(slots);
        while self.slots.bytes > low && looks > 0 {
            looks -= 1;
            self.hand = (self.hand + 1) % slots;
            let clean_only = self.tenure.config.rules.drop_clean_only;
            let Some(slot) = self.slots.get(self.hand) else {
                continue;
            };
            let quarantined = matches!(slot.presence, Presence::Quarantined(Some(_), _));
            if !(slot.is_quiet() || quarantined) || slot.is_due(sweeping) {
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

    /// Bytes of player state at which no more records are taken in.
    pub(crate) fn most_bytes(&self) -> usize {
        let budget = self.memory_budget();
        budget.saturating_add(budget / BEYOND)
    }

    /// This partition's share of the memory for player state, in bytes.
    pub(crate) fn memory_budget(&self) -> usize {
        self.share(self.tenure.config.memory_bytes)
    }
}
