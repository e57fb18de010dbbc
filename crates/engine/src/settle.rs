//! What the partition does when something that it waited for is there: snapshots, segments, a player's answer.

use std::rc::Rc;

use actix::Actor;
use types::Position;

use crate::error::EngineError;
use crate::load::{self, Found, SegmentsRead};
use crate::partition::{Event, Partition};
use crate::player::{Answer, Answered, Player, Under, Work};
use crate::pump::{Chunk, Queued};
use crate::query::Question;
use crate::slots::{Presence, SlotId};

impl Partition {
    /// Hands a chunk's records to their players, one message each, and reads the snapshots of those not in memory.
    pub(crate) fn take_chunk(&mut self, chunk: Chunk) {
        self.hear(&chunk.changes);
        let mut missing = Vec::new();
        for (entity, records) in chunk.groups {
            let id = match self.slots.find(&entity) {
                Some(id) => id,
                None => {
                    let id = self.slots.add(entity.clone());
                    missing.push((id, entity));
                    id
                }
            };
            let Some(slot) = self.slots.get(id) else {
                continue;
            };
            slot.idle = false;
            // They wait in the log.
            if slot.is_behind() {
                continue;
            }
            self.outstanding += records.len();
            slot.queue.extend(records);
            self.dispatch(id);
            self.slots.waits(id);
        }
        self.reached = chunk.end;
        self.load(missing);
    }

    /// Starts reading players' snapshots.
    pub(crate) fn load(&mut self, missing: Vec<(SlotId, ports::Entity)>) {
        if missing.is_empty() {
            return;
        }
        let read = load::players(Rc::clone(&self.tenure), missing);
        self.await_event(async move { Event::Loaded(read.await) });
    }

    /// Sends a resident player its waiting records, unless a cut is about to be taken.
    pub(crate) fn dispatch(&mut self, id: SlotId) {
        if self.holds_back() {
            self.held.push(id);
            return;
        }
        self.capture(id);
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Presence::Resident(actor) = &slot.presence else {
            return;
        };
        let Some(first) = slot.queue.front() else {
            return;
        };
        if slot.working.is_some() {
            return;
        }
        slot.working = Some(first.record.position);
        actor.do_send(Work {
            records: std::mem::take(&mut slot.queue).into(),
            history: Vec::new(),
            answer: Answer::new(id, &self.answers.0),
        });
        self.working += 1;
    }

    /// Starts the actors whose snapshots are there.
    pub(crate) fn loaded(&mut self, found: Vec<(SlotId, Found)>) -> Result<(), EngineError> {
        for (id, found) in found {
            let Some(slot) = self.slots.get(id) else {
                continue;
            };
            match found {
                Found::Newer => return Err(self.tenure.fenced()),
                Found::Lacking(version) => return Err(self.tenure.lacks(version)),
                Found::Broken(why) => {
                    let position = slot.queue.front().map(|queued| queued.record.position);
                    self.quarantine(id, position.unwrap_or(self.reached.position), why);
                }
                Found::State {
                    state,
                    rules,
                    ahead,
                    again,
                    seen,
                    key,
                } => {
                    let entity = slot.entity.clone();
                    let active = self.tenure.timeline.borrow().rules(&entity.brand);
                    // Of whom nothing is known, the first record says under which it begins.
                    let under = if rules.is_any() { rules } else { active };
                    let Some(programme) = self.tenure.programme(&entity.brand, under) else {
                        self.slots.remove(id);
                        continue;
                    };
                    slot.applied = state.applied();
                    slot.known = state.is_known();
                    let bytes = state.bytes();
                    let due = state.next_timer(&programme);
                    let tenure = Rc::clone(&self.tenure);
                    let under = Under { rules, programme };
                    let player = Player::new(tenure, entity, under, *state, seen, key);
                    slot.presence = Presence::Resident(player.start());
                    self.slots.set_bytes(id, bytes);
                    self.slots.set_due(id, due);
                    if ahead {
                        self.slots.mark_dirty(id);
                    }
                    self.emit(again);
                    self.dispatch(id);
                    self.answer_waiting(id);
                }
            }
        }
        Ok(())
    }

    /// Adopts what a player's actor answered.
    pub(crate) fn worked(&mut self, (id, answer): Answered) -> Result<(), EngineError> {
        self.working -= 1;
        let Some(slot) = self.slots.get(id) else {
            return Ok(());
        };
        let sent = slot.working.take().unwrap_or(Position::START);
        let Some(worked) = answer else {
            // Repair folds from its last snapshot.
            slot.presence = Presence::Loading;
            self.quarantine(id, sent, "the fold panicked".to_owned());
            return Ok(());
        };
        let worked = *worked;
        if let Some(position) = worked.foreign {
            return Err(EngineError::OtherLog {
                partition: self.tenure.partition,
                position,
                kept: self.tenure.taken,
            });
        }
        slot.applied = worked.applied;
        slot.ticks = slot.ticks.saturating_sub(worked.ticks);
        slot.known = worked.known;
        self.outstanding = self.outstanding.saturating_sub(worked.folded);
        self.spent_ns += worked.spent_ns;
        if worked.folded > 0 {
            self.resumed();
        }
        self.sweeps.answered(worked.ticks);
        self.slots.set_due(id, worked.due);
        self.tenure.measures.folded(&worked.outcomes);
        self.slots.set_bytes(id, worked.bytes);
        if worked.changed {
            self.slots.mark_dirty(id);
        }
        self.emit(worked.emitted);
        self.put_back(id, worked.rest);
        if let Some(why) = worked.broken {
            let slot = self.slots.get(id);
            let at = slot.and_then(|slot| slot.queue.front().map(|first| first.record.position));
            self.quarantine(id, at.unwrap_or(sent), why);
        } else if worked.wants.is_empty() {
            self.dispatch(id);
        } else {
            self.park(id, worked.wants);
        }
        self.answer_waiting(id);
        Ok(())
    }

    /// The player waits for the store; others go on, and the cursor stays before its record.
    fn park(&mut self, id: SlotId, wants: Vec<u32>) {
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Presence::Resident(actor) = &slot.presence else {
            return;
        };
        slot.presence = Presence::Parked(actor.clone());
        let (tenure, entity) = (Rc::clone(&self.tenure), slot.entity.clone());
        self.await_event(async move {
            let read = load::segments(&tenure, &entity, &wants).await;
            Event::Segments(id, read)
        });
    }

    /// Goes on with the record that waited for segments.
    pub(crate) fn unpark(&mut self, id: SlotId, read: SegmentsRead) {
        if self.holds_back() {
            self.held_segments.push((id, read));
            return;
        }
        self.capture(id);
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Presence::Parked(actor) = &slot.presence else {
            return;
        };
        let actor = actor.clone();
        let first = slot.queue.front().map(|queued| queued.record.position);
        slot.presence = Presence::Resident(actor.clone());
        match read {
            Ok(history) => {
                slot.working = first;
                let records = std::mem::take(&mut slot.queue).into();
                let answer = Answer::new(id, &self.answers.0);
                actor.do_send(Work {
                    records,
                    history,
                    answer,
                });
                self.working += 1;
            }
            Err(why) => self.quarantine(id, first.unwrap_or(Position::START), why),
        }
    }

    /// Emissions go out at once: their ids make a replay harmless.
    fn emit(&mut self, emitted: Vec<crate::row::Emitted>) {
        if emitted.is_empty() {
            return;
        }
        let mut outbox = self.outbox.borrow_mut();
        for one in emitted {
            outbox.push(one);
        }
        for wake in &self.wakes {
            wake.notify_one();
        }
    }

    fn put_back(&mut self, id: SlotId, rest: Vec<Queued>) {
        if let Some(slot) = self.slots.get(id) {
            for queued in rest.into_iter().rev() {
                slot.queue.push_front(queued);
            }
            self.slots.waits(id);
        }
    }

    /// Asks the actor what waited for it, or for a position that is now applied.
    fn answer_waiting(&mut self, id: SlotId) {
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        if slot.questions.is_empty() {
            return;
        }
        let applied = slot.applied;
        let waits = |question: &Question| question.waits_for() > applied;
        let (waiting, ready) = std::mem::take(&mut slot.questions)
            .into_iter()
            .partition(waits);
        slot.questions = waiting;
        for question in ready {
            self.ask(id, question);
        }
    }
}
