//! What a sweep does, slice by slice: players are read in ahead, and get their ticks.

use std::rc::Rc;

use ports::Entity;
use tokio::time::Instant;
use types::{Body, Record, Tick, Timestamp};

use super::EVERY;
use crate::error::EngineError;
use crate::load::{self, Found};
use crate::partition::{Event, Partition};
use crate::pump::Queued;
use crate::slots::SlotId;

/// Ticks of one slice of background work. Partitions share a thread: one that sweeps keeps the records of the others waiting for as many
/// folds.
const TICKS: usize = 16;
/// Players read in at once, ahead of their ticks.
const AHEAD: usize = 64;

impl Partition {
    /// Whether the sweep has something to do now.
    pub(crate) fn sweep_goes_on(&self) -> bool {
        let Some(sweep) = &self.sweeps.running else {
            return false;
        };
        if self.holds_back() || self.sweeps.awaiting > 0 || sweep.loading > 0 {
            return false;
        }
        let live = self.outstanding > 0 || self.sweeps.heard.elapsed() < EVERY;
        if live && self.drains.is_empty() && sweep.has_had_its_share() {
            return false;
        }
        self.slots.is_due(sweep.to) || (!sweep.rest.is_empty() && self.has_room_to_sweep())
    }

    fn has_room_to_sweep(&self) -> bool {
        let dirty_most = self.tenure.config.pace.dirty_bytes;
        self.slots.bytes <= self.memory_budget() && self.dirty_bytes() < dirty_most
    }

    /// A slice of the sweep: ticks for those in memory who are due; where nobody is, the next ones are read in.
    pub(crate) fn feed_sweep(&mut self) {
        if !self.sweep_goes_on() {
            return;
        }
        let mut missing = Vec::new();
        while self.sweeps.awaiting < TICKS
            && let Some(sweep) = &mut self.sweeps.running
        {
            let to = sweep.to;
            if let Some(id) = self.slots.take_due(to) {
                self.tick(id, to);
                continue;
            }
            if missing.len() == AHEAD || !self.has_room_to_sweep() {
                break;
            }
            let Some(sweep) = &mut self.sweeps.running else {
                break;
            };
            let Some(entity) = sweep.rest.pop_front() else {
                break;
            };
            let all = sweep.all_of.contains_key(&entity.brand);
            if !self.tenure.ports.versions.knows(&entity.brand) {
                continue;
            }
            match self.slots.find(&entity) {
                // In memory it answers for itself when it is due.
                Some(id) if self.slots.is_loaded(id) && !all => {}
                Some(id) => self.tick(id, to),
                None => {
                    let id = self.slots.add(entity.clone());
                    if let Some(slot) = self.slots.get(id) {
                        // Here for its timers alone: it goes before those who play.
                        slot.idle = true;
                    }
                    missing.push((id, entity));
                    if all {
                        self.tick(id, to);
                    }
                }
            }
        }
        self.load_due(missing);
    }

    /// Reads players in for the sweep. Who is due then is in memory, and gets a tick as such.
    fn load_due(&mut self, missing: Vec<(SlotId, Entity)>) {
        if missing.is_empty() {
            return;
        }
        if let Some(sweep) = &mut self.sweeps.running {
            sweep.loading = missing.len();
        }
        let read = load::players(Rc::clone(&self.tenure), missing);
        self.await_event(async move { Event::DueLoaded(read.await) });
    }

    /// Players read in for the sweep are there.
    pub(crate) fn due_loaded(&mut self, found: Vec<(SlotId, Found)>) -> Result<(), EngineError> {
        let started = Instant::now();
        self.loaded(found)?;
        if let Some(sweep) = &mut self.sweeps.running {
            sweep.loading = 0;
            sweep.busy += started.elapsed();
        }
        Ok(())
    }

    /// Until which instant a sweep is under way: who is due by then stays in memory until he has had his tick.
    pub(crate) fn sweeps_to(&self) -> Option<Timestamp> {
        self.sweeps.running.as_ref().map(|sweep| sweep.to)
    }

    /// Puts a tick into a player's queue.
    pub(crate) fn tick(&mut self, id: SlotId, to: Timestamp) {
        let before = self.reached;
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        if slot.ticks > 0 || slot.is_behind() {
            return;
        }
        slot.ticks += 1;
        slot.queue.push_back(Queued {
            before,
            rules: self.tenure.timeline.borrow().rules(&slot.entity.brand),
            record: Record {
                position: before.position,
                recorded_at: to,
                body: Body::Tick(Tick),
            },
            key: None,
        });
        self.outstanding += 1;
        self.sweeps.send();
        self.dispatch(id);
        self.slots.waits(id);
    }
}
