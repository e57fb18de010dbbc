//! A checkpoint is a cut: what is written is what stood at one instant, and nothing newer.
//!
//! A cut begins while no player's answer is awaited. At that instant the head's fields and every emission that is not acknowledged are
//! taken; each dirty player is captured before anything more is folded into it. Then (a) segments, outbox, due and quarantine rows, (b)
//! snapshots, (c) the head by compare-and-set, each after all of the one before is durable, all with one stamp. One is in flight.

mod write;

pub(crate) use write::{set_head, write_all};

use std::rc::Rc;

use ports::{Due, Head, OwnerId, Row, Stamp};
use tokio::time::Instant;

use crate::error::EngineError;
use crate::head::{Fold, Rung};
use crate::names;
use crate::partition::{Event, Partition};
use crate::player::{Capture, Captured};
use crate::pump::Mark;
use crate::slots::{Presence, SlotId};
use crate::sweep::minute;
use crate::unwritten::Durable;

/// Players being captured at once, so that folding goes on between.
const CAPTURES: usize = 64;

/// Where a checkpoint is.
pub(crate) enum Stage {
    Idle,
    /// Waits until no player's answer is awaited.
    Holding,
    Capturing(Box<Cut>),
    Writing(Box<Wrote>),
}

/// A cut in progress.
pub(crate) struct Cut {
    started: Instant,
    stamp: Stamp,
    to_capture: Vec<SlotId>,
    awaited: usize,
    /// (a)
    before: Vec<Row>,
    /// (b)
    snapshots: Vec<Row>,
    /// (c)
    head: Head,
    fold: Fold,
    cursor: Mark,
    captured: Vec<(SlotId, Durable)>,
}

/// What is being written.
pub(crate) struct Wrote {
    started: Instant,
    fold: Fold,
    cursor: Mark,
    captured: Vec<(SlotId, Durable)>,
}

/// The partition's checkpoints.
pub(crate) struct Checkpoints {
    pub(crate) stage: Stage,
    /// How many this epoch has begun: the stamp's offset.
    pub(crate) number: i64,
    owner: OwnerId,
    epoch_stamp: Stamp,
    /// The fold state of the last head written.
    pub(crate) fold: Fold,
    pub(crate) cursor: Mark,
    pub(crate) last: Instant,
    /// When the head was last seen to name this tenure.
    pub(crate) seen: Instant,
}

impl Checkpoints {
    pub(crate) fn new(owner: OwnerId, epoch_stamp: Stamp, fold: Fold, cursor: Mark) -> Self {
        Self {
            stage: Stage::Idle,
            number: 0,
            owner,
            epoch_stamp,
            fold,
            cursor,
            last: Instant::now(),
            seen: Instant::now(),
        }
    }
}

impl Partition {
    /// Whether players may not be sent anything now, since a cut is to begin.
    pub(crate) fn holds_back(&self) -> bool {
        matches!(self.checkpoints.stage, Stage::Holding)
    }

    /// Bytes that a successor could not read from the store.
    pub(crate) fn dirty_bytes(&self) -> usize {
        self.slots.dirty_bytes + self.outbox.borrow().rowless_bytes()
    }

    /// Moves the checkpoint on as far as it goes now.
    pub(crate) fn advance_checkpoint(&mut self) -> Result<(), EngineError> {
        if matches!(self.checkpoints.stage, Stage::Idle) && self.is_due() {
            self.checkpoints.stage = Stage::Holding;
        }
        if self.holds_back() && self.working == 0 {
            self.begin_cut();
            for (id, read) in std::mem::take(&mut self.held_segments) {
                self.unpark(id, read);
            }
            for id in std::mem::take(&mut self.held) {
                self.dispatch(id);
            }
        }
        self.capture_some();
        Ok(())
    }

    fn is_due(&self) -> bool {
        if self.stopping {
            return !self.final_cut && self.has_unwritten();
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
        let costly = u128::from(self.spent_ns) > pace.replay_budget.as_nanos();
        let full = self.slots.dirty_bytes + rowless >= pace.dirty_bytes;
        if self.repairs_want_a_cut() || self.heard_unwritten() {
            return true;
        }
        changed && (costly || full || self.starved || rowless > self.outbox_bound())
    }

    /// Whether a cut would say anything new.
    pub(crate) fn has_unwritten(&self) -> bool {
        !self.slots.dirty.is_empty()
            || self.outbox.borrow().has_rowless()
            || !self.quarantine_rows.is_empty()
            || self.cursor().position != self.checkpoints.cursor.position
            || self.sweeps.done > self.checkpoints.fold.swept
            || self.sweeps.settled != self.checkpoints.fold.settled
    }

    pub(crate) fn outbox_bound(&self) -> usize {
        self.share(self.tenure.config.outbox_bytes)
    }

    /// The last place that every record before has been folded up to: before the oldest record that waits. Asked while no player's
    /// answer is awaited.
    pub(crate) fn cursor(&self) -> Mark {
        if !self.tenure.config.rules.parked_holds_cursor || self.outstanding == 0 {
            return self.reached;
        }
        let waiting = self.slots.iter().filter_map(|slot| slot.queue.front());
        waiting
            .map(|queued| queued.before)
            .min_by_key(|mark| mark.position)
            .unwrap_or(self.reached)
    }

    fn begin_cut(&mut self) {
        let cursor = self.cursor();
        self.end_sweep(cursor.position);
        let unsent_only = !self.tenure.config.rules.sent_is_not_delivered;
        let outbox = self.outbox.borrow_mut().cut(unsent_only);
        let mut fold = self.checkpoints.fold.clone();
        fold.clock = cursor.clock;
        fold.swept = self.sweeps.done;
        fold.settled = self.sweeps.settled.clone();
        fold.timeline = self.tenure.timeline.borrow().until(cursor.position);
        fold.active = self.tenure.ports.versions.active(&fold.timeline);
        fold.to = outbox.to;
        fold.from = outbox.from;
        fold.climb(Rung {
            cursor: cursor.position,
            checksum: cursor.checksum,
        });
        self.checkpoints.number += 1;
        let stamp = Stamp(self.checkpoints.epoch_stamp.0 + self.checkpoints.number);
        let head = Head {
            owner: self.checkpoints.owner,
            epoch: self.tenure.epoch,
            epoch_stamp: self.checkpoints.epoch_stamp,
            last_stamp: stamp,
            cursor: cursor.position,
            fold: fold.encode(),
        };
        let mut before = outbox.rows;
        before.extend(self.take_quarantine_rows());
        before.extend(self.untabled.drain(..).filter_map(|it| names::row(&it)));
        self.spent_ns = 0;
        self.final_cut = self.stopping;
        self.checkpoints.stage = Stage::Capturing(Box::new(Cut {
            started: Instant::now(),
            stamp,
            to_capture: self.slots.take_dirty(),
            awaited: 0,
            before,
            snapshots: Vec::new(),
            head,
            fold,
            cursor,
            captured: Vec::new(),
        }));
    }

    /// Captures a player if the cut still lacks it. Called before anything more is folded into it.
    pub(crate) fn capture(&mut self, id: SlotId) {
        let Stage::Capturing(cut) = &mut self.checkpoints.stage else {
            return;
        };
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        if !std::mem::take(&mut slot.to_capture) {
            return;
        }
        let Some(actor) = slot.actor() else { return };
        let answer = actor.send(Capture);
        slot.writing = true;
        cut.awaited += 1;
        self.await_event(async move { Event::Captured(id, answer.await.map(Box::new)) });
    }

    fn capture_some(&mut self) {
        // Those that were captured before their next records are passed over; each of the others brings the loop here again.
        while let Stage::Capturing(cut) = &mut self.checkpoints.stage
            && cut.awaited < CAPTURES
            && let Some(id) = cut.to_capture.pop()
        {
            self.capture(id);
        }
        let Stage::Capturing(cut) = &self.checkpoints.stage else {
            return;
        };
        if !cut.to_capture.is_empty() || cut.awaited > 0 {
            return;
        }
        if let Stage::Capturing(cut) =
            std::mem::replace(&mut self.checkpoints.stage, Stage::Holding)
        {
            self.write_cut(*cut);
        }
    }

    pub(crate) fn captured(
        &mut self,
        id: SlotId,
        answer: Result<Box<Captured>, actix::MailboxError>,
    ) {
        let Stage::Capturing(cut) = &mut self.checkpoints.stage else {
            return;
        };
        cut.awaited -= 1;
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Ok(captured) = answer else {
            // The cut goes on without the player: the row that says so is durable before its cursor passes.
            slot.writing = false;
            slot.presence = Presence::Loading;
            let position = self.reached.position;
            self.quarantine(id, position, "its state cannot be written".to_owned());
            let rows: Vec<Row> = self.take_quarantine_rows().collect();
            if let Stage::Capturing(cut) = &mut self.checkpoints.stage {
                cut.before.extend(rows);
            }
            return;
        };
        cut.captured.push((id, captured.durable));
        cut.before.extend(captured.due.map(|due| {
            Row::Due(Due {
                minute: minute(due),
                entity: slot.entity.clone(),
            })
        }));
        for (number, bytes) in captured.rows {
            cut.before.push(Row::Segment {
                entity: slot.entity.clone(),
                number,
                bytes,
            });
        }
        cut.snapshots.push(Row::Snapshot {
            entity: slot.entity.clone(),
            bytes: captured.snapshot,
        });
    }

    fn write_cut(&mut self, cut: Cut) {
        let Cut {
            started,
            stamp,
            before,
            snapshots,
            head,
            fold,
            cursor,
            captured,
            ..
        } = cut;
        self.checkpoints.stage = Stage::Writing(Box::new(Wrote {
            started,
            fold,
            cursor,
            captured,
        }));
        let tenure = Rc::clone(&self.tenure);
        self.await_event(async move {
            let phases = if tenure.config.rules.order {
                [before, snapshots]
            } else {
                [snapshots, before]
            };
            Event::Written(write::write(&tenure, stamp, phases, head).await)
        });
    }

    /// Everything is durable: what was captured is clean unless it changed since.
    pub(crate) fn written(&mut self, result: Result<(), EngineError>) -> Result<(), EngineError> {
        result?;
        let stage = std::mem::replace(&mut self.checkpoints.stage, Stage::Idle);
        let Stage::Writing(wrote) = stage else {
            return Ok(());
        };
        for (id, durable) in wrote.captured {
            let Some(slot) = self.slots.get(id) else {
                continue;
            };
            slot.writing = false;
            if let (false, Some(actor)) = (durable.is_nothing(), slot.actor()) {
                actor.do_send(durable);
            }
        }
        let bound = self.outbox_bound();
        self.outbox.borrow_mut().spill(wrote.fold.to, bound);
        for wake in &self.wakes {
            wake.notify_one();
        }
        self.forget_outbox(&wrote.fold);
        self.forget_due(self.checkpoints.fold.swept, wrote.fold.swept);
        self.tenure.measures.checkpoint(wrote.started.elapsed());
        tracing::debug!(partition = %self.tenure.partition, cursor = %wrote.cursor.position, "checkpoint");
        self.checkpoints.fold = wrote.fold;
        self.checkpoints.cursor = wrote.cursor;
        self.checkpoints.last = Instant::now();
        self.checkpoints.seen = self.checkpoints.seen.max(wrote.started);
        self.repairs_written(self.checkpoints.number);
        Ok(())
    }

    /// Rows that every sink has acknowledged may go. Only a hint: nobody waits for it, and what fails is told again by the next one.
    fn forget_outbox(&mut self, fold: &Fold) {
        let least = |fold: &Fold| fold.from.values().copied().min().unwrap_or(fold.to);
        let below = least(fold);
        if below <= least(&self.checkpoints.fold) {
            return;
        }
        let tenure = Rc::clone(&self.tenure);
        self.tasks.spawn_local(async move {
            let (store, partition) = (&tenure.ports.store, tenure.partition);
            if let Err(error) = store.forget_outbox(partition, below).await {
                tracing::debug!(%partition, %error, "outbox rows are kept for now");
            }
        });
    }
}
