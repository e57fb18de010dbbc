//! The partition's table of players: who is resident, who waits for the store, who is dirty.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use actix::Addr;
use ports::Entity;
use types::{BrandId, Position, Timestamp};

use crate::player::Player;
use crate::pump::Queued;
use crate::quarantine::Aside;
use crate::query::Question;
use crate::repair::Repairing;

/// Index of a slot.
pub(crate) type SlotId = usize;

/// Where a player's actor is.
pub(crate) enum Presence {
    /// Its snapshot is being read.
    Loading,
    /// It runs.
    Resident(Addr<Player>),
    /// It runs, and its next record waits for segments.
    Parked(Addr<Player>),
    /// Set aside: takes no records. The actor stays while its last good state is not yet written.
    Quarantined(Option<Addr<Player>>, Rc<Aside>),
}

/// One player.
pub(crate) struct Slot {
    pub(crate) entity: Entity,
    pub(crate) presence: Presence,
    /// Records that wait, in order.
    pub(crate) queue: VecDeque<Queued>,
    /// Questions that wait for the actor, or for a position to be applied.
    pub(crate) questions: Vec<Question>,
    /// Position of the first record of the message that the actor has not answered.
    pub(crate) working: Option<Position>,
    pub(crate) applied: Position,
    pub(crate) known: bool,
    /// Changed since it was last captured.
    pub(crate) dirty: bool,
    /// Captured by the checkpoint in flight.
    pub(crate) writing: bool,
    /// To be captured by the cut in progress, before anything else is folded.
    pub(crate) to_capture: bool,
    /// Memory held by state and unwritten segments.
    pub(crate) bytes: usize,
    /// Looked at by the passivation clock since it was last used.
    pub(crate) idle: bool,
    /// Among those whose records wait.
    waits: bool,
    /// Its earliest timer, unless a tick is on its way to it.
    due: Option<Timestamp>,
    /// Ticks in its queue or on their way.
    pub(crate) ticks: usize,
    /// It was set aside and folds what waited; until the row is lifted.
    pub(crate) repair: Option<Repairing>,
}

impl Slot {
    fn new(entity: Entity) -> Self {
        Self {
            entity,
            presence: Presence::Loading,
            queue: VecDeque::new(),
            questions: Vec::new(),
            working: None,
            applied: Position::START,
            known: false,
            dirty: false,
            writing: false,
            to_capture: false,
            bytes: 0,
            idle: false,
            waits: false,
            due: None,
            ticks: 0,
            repair: None,
        }
    }

    /// The actor, wherever it may be.
    pub(crate) fn actor(&self) -> Option<&Addr<Player>> {
        match &self.presence {
            Presence::Loading => None,
            Presence::Resident(actor) | Presence::Parked(actor) => Some(actor),
            Presence::Quarantined(actor, _) => actor.as_ref(),
        }
    }

    /// Whether it has a timer due by then.
    pub(crate) fn is_due(&self, by: Option<Timestamp>) -> bool {
        matches!((self.due, by), (Some(due), Some(by)) if due <= by)
    }

    /// Snapshot acknowledged, nothing sealed in memory, nothing waiting.
    pub(crate) fn is_clean(&self) -> bool {
        !self.dirty && !self.writing && !self.to_capture
    }

    /// It has answered everything that it was sent.
    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self.presence, Presence::Resident(_))
            && self.working.is_none()
            && self.queue.is_empty()
    }

    /// Nobody waits for it.
    pub(crate) fn is_quiet(&self) -> bool {
        self.is_at_rest() && self.questions.is_empty() && self.repair.is_none()
    }

    /// Why it is set aside, until it is repaired for good.
    pub(crate) fn aside(&self) -> Option<&Rc<Aside>> {
        match &self.presence {
            Presence::Quarantined(_, aside) => Some(aside),
            _ => self.repair.as_ref().map(|repair| &repair.aside),
        }
    }

    /// Set aside, or being repaired and not as far as the partition is.
    pub(crate) fn is_behind(&self) -> bool {
        matches!(self.presence, Presence::Quarantined(..))
            || self.repair.as_ref().is_some_and(|repair| !repair.level)
    }
}

/// All players of the partition that are in memory or being read.
#[derive(Default)]
pub(crate) struct Slots {
    by_entity: HashMap<Entity, SlotId>,
    slots: Vec<Option<Slot>>,
    free: Vec<SlotId>,
    /// Sum of the slots' bytes.
    pub(crate) bytes: usize,
    /// Sum of the dirty slots' bytes.
    pub(crate) dirty_bytes: usize,
    /// Slots that are dirty, in the order they became so.
    pub(crate) dirty: Vec<SlotId>,
    /// The earliest timers, by time.
    timers: BTreeSet<(Timestamp, SlotId)>,
    /// Who is set aside: looked for among all, each look would take longer the more are in memory.
    aside: BTreeSet<SlotId>,
    /// Everybody whose records wait, for the same reason; and some whose do not any more.
    waiting: Vec<SlotId>,
}

impl Slots {
    pub(crate) fn find(&self, entity: &Entity) -> Option<SlotId> {
        self.by_entity.get(entity).copied()
    }

    /// A new slot for a player that has none.
    pub(crate) fn add(&mut self, entity: Entity) -> SlotId {
        let slot = Some(Slot::new(entity.clone()));
        let id = match self.free.pop() {
            Some(id) => {
                self.slots[id] = slot;
                id
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.by_entity.insert(entity, id);
        id
    }

    pub(crate) fn get(&mut self, id: SlotId) -> Option<&mut Slot> {
        self.slots.get_mut(id)?.as_mut()
    }

    /// Lets a player go.
    pub(crate) fn remove(&mut self, id: SlotId) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::take) {
            self.by_entity.remove(&slot.entity);
            if let Some(due) = slot.due {
                self.timers.remove(&(due, id));
            }
            self.aside.remove(&id);
            self.bytes = self.bytes.saturating_sub(slot.bytes);
            self.free.push(id);
        }
    }

    /// A player is set aside.
    pub(crate) fn set_aside(&mut self, id: SlotId, actor: Option<Addr<Player>>, why: &Rc<Aside>) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::as_mut) {
            slot.presence = Presence::Quarantined(actor, Rc::clone(why));
            self.aside.insert(id);
        }
    }

    /// A player's repair is over.
    pub(crate) fn lift(&mut self, id: SlotId) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::as_mut) {
            slot.repair = None;
            self.aside.remove(&id);
        }
    }

    /// Who is set aside, and why.
    pub(crate) fn all_aside(&self) -> impl Iterator<Item = (&Slot, &Rc<Aside>)> {
        let slots = self
            .aside
            .iter()
            .filter_map(|id| self.slots.get(*id)?.as_ref());
        slots.filter_map(|slot| Some((slot, slot.aside()?)))
    }

    /// What was put into a player's queue may stay there for a while.
    pub(crate) fn waits(&mut self, id: SlotId) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::as_mut)
            && !slot.queue.is_empty()
            && !std::mem::replace(&mut slot.waits, true)
        {
            self.waiting.push(id);
        }
    }

    /// The oldest records that wait, one a player.
    pub(crate) fn all_waiting(&self) -> impl Iterator<Item = &Queued> {
        let waiting = self.waiting.iter();
        let waiting = waiting.filter_map(|id| self.slots.get(*id)?.as_ref());
        waiting.filter_map(|slot| slot.queue.front())
    }

    /// Passes over those whose records do not wait any more.
    pub(crate) fn forget_waiting(&mut self) {
        let slots = &mut self.slots;
        self.waiting.retain(|id| {
            let slot = slots.get_mut(*id).and_then(Option::as_mut);
            slot.is_some_and(|slot| {
                slot.waits = !slot.queue.is_empty();
                slot.waits
            })
        });
    }

    /// Sets what a player holds.
    pub(crate) fn set_bytes(&mut self, id: SlotId, bytes: usize) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::as_mut) {
            if slot.dirty {
                self.dirty_bytes = (self.dirty_bytes + bytes).saturating_sub(slot.bytes);
            }
            self.bytes = (self.bytes + bytes).saturating_sub(slot.bytes);
            slot.bytes = bytes;
        }
    }

    /// Sets when a player's earliest timer is due.
    pub(crate) fn set_due(&mut self, id: SlotId, due: Option<Timestamp>) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::as_mut) {
            // Sweeps do not wait for who is set aside: what fell due fires at the end of its repair.
            let due = due.filter(|_| !slot.is_behind());
            let before = std::mem::replace(&mut slot.due, due);
            // Few records move it.
            if before == due {
                return;
            }
            if let Some(before) = before {
                self.timers.remove(&(before, id));
            }
            self.timers.extend(due.map(|due| (due, id)));
        }
    }

    /// A player that has a timer due by then; not given again until it says when it is due next.
    pub(crate) fn take_due(&mut self, by: Timestamp) -> Option<SlotId> {
        let (_, id) = *self.timers.first().filter(|(due, _)| *due <= by)?;
        self.set_due(id, None);
        Some(id)
    }

    /// Whether any player in memory has a timer due by then.
    pub(crate) fn is_due(&self, by: Timestamp) -> bool {
        self.timers.first().is_some_and(|(due, _)| *due <= by)
    }

    /// Everybody in memory of some brands.
    pub(crate) fn all_of(&self, brands: impl Fn(&BrandId) -> bool) -> VecDeque<Entity> {
        let of_them = self.iter().map(|slot| &slot.entity);
        let of_them = of_them.filter(|entity| brands(&entity.brand));
        of_them.cloned().collect()
    }

    /// Whether a player's snapshot has been read.
    pub(crate) fn is_loaded(&self, id: SlotId) -> bool {
        let slot = self.slots.get(id).and_then(Option::as_ref);
        slot.is_some_and(|slot| !matches!(slot.presence, Presence::Loading))
    }

    /// It holds what no snapshot covers.
    pub(crate) fn mark_dirty(&mut self, id: SlotId) {
        if let Some(slot) = self.slots.get_mut(id).and_then(Option::as_mut)
            && !slot.dirty
        {
            slot.dirty = true;
            self.dirty_bytes += slot.bytes;
            self.dirty.push(id);
        }
    }

    /// All dirty slots, which are now to be captured and no longer dirty.
    pub(crate) fn take_dirty(&mut self) -> Vec<SlotId> {
        let dirty = std::mem::take(&mut self.dirty);
        self.dirty_bytes = 0;
        for id in &dirty {
            if let Some(slot) = self.get(*id) {
                slot.dirty = false;
                slot.to_capture = true;
            }
        }
        dirty
    }

    pub(crate) fn len(&self) -> usize {
        self.by_entity.len()
    }

    /// How many are set aside.
    pub(crate) fn aside(&self) -> usize {
        self.aside.len()
    }

    /// How many slot numbers there are.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten()
    }
}
