//! A checkpoint is a cut: what is written is what stood at one instant, and nothing newer.
//!
//! A cut begins while no player's answer is awaited. At that instant the head's fields and every emission that is not acknowledged are
//! taken; each dirty player is captured before anything more is folded into it. Then (a) segments, outbox and quarantine rows, (b)
//! snapshots, (c) the head by compare-and-set, each after all of the one before is durable, all with one stamp. One is in flight.

use std::rc::Rc;

use futures::stream::{self, StreamExt, TryStreamExt};
use ports::{Cas, Head, OwnerId, Row, Stamp, StoreError};
use tokio::time::Instant;

use crate::context::Tenure;
use crate::error::EngineError;
use crate::head::{Fold, Rung};
use crate::partition::{Event, Partition};
use crate::player::{Capture, Captured, Durable};
use crate::pump::Mark;
use crate::retry::Backoff;
use crate::slots::SlotId;

/// Rows of one write, and writes at once.
const ROWS: usize = 256;
const WRITES: usize = 4;
/// Players captured in one turn, so that folding goes on between.
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
    captured: Vec<(SlotId, Option<u32>)>,
}

/// What is being written.
pub(crate) struct Wrote {
    started: Instant,
    fold: Fold,
    cursor: Mark,
    captured: Vec<(SlotId, Option<u32>)>,
}

/// The partition's checkpoints.
pub(crate) struct Checkpoints {
    pub(crate) stage: Stage,
    /// How many this epoch has begun: the stamp's offset.
    number: i64,
    owner: OwnerId,
    epoch_stamp: Stamp,
    /// The fold state of the last head written.
    pub(crate) fold: Fold,
    pub(crate) cursor: Mark,
    pub(crate) last: Instant,
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
        changed && (costly || full || self.starved || rowless > self.outbox_bound())
    }

    /// Whether a cut would say anything new.
    pub(crate) fn has_unwritten(&self) -> bool {
        !self.slots.dirty.is_empty()
            || self.outbox.borrow().has_rowless()
            || !self.quarantine_rows.is_empty()
            || self.cursor().position != self.checkpoints.cursor.position
    }

    pub(crate) fn outbox_bound(&self) -> usize {
        self.tenure.config.outbox_bytes / self.partitions
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
        let unsent_only = !self.tenure.config.rules.sent_is_not_delivered;
        let outbox = self.outbox.borrow_mut().cut(unsent_only);
        let mut fold = self.checkpoints.fold.clone();
        fold.clock = cursor.clock;
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
        before.append(&mut self.quarantine_rows);
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
        if !slot.to_capture {
            return;
        }
        slot.to_capture = false;
        let Some(actor) = slot.actor() else { return };
        let answer = actor.send(Capture);
        slot.writing = true;
        cut.awaited += 1;
        self.await_event(async move { Event::Captured(id, answer.await.map(Box::new)) });
    }

    fn capture_some(&mut self) {
        for _ in 0..CAPTURES {
            let Stage::Capturing(cut) = &mut self.checkpoints.stage else {
                return;
            };
            let Some(id) = cut.to_capture.pop() else {
                break;
            };
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
        // An actor that died has been set aside where its records were answered.
        let Ok(captured) = answer else { return };
        cut.captured
            .push((id, captured.sealed.last().map(|(number, _)| *number)));
        for (number, bytes) in captured.sealed {
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
            Event::Written(write(&tenure, stamp, phases, head).await)
        });
    }

    /// Everything is durable: what was captured is clean unless it changed since.
    pub(crate) fn written(&mut self, result: Result<(), EngineError>) -> Result<(), EngineError> {
        result?;
        let stage = std::mem::replace(&mut self.checkpoints.stage, Stage::Idle);
        let Stage::Writing(wrote) = stage else {
            return Ok(());
        };
        for (id, sealed) in wrote.captured {
            let Some(slot) = self.slots.get(id) else {
                continue;
            };
            slot.writing = false;
            if let (Some(number), Some(actor)) = (sealed, slot.actor()) {
                actor.do_send(Durable(number));
            }
        }
        let bound = self.outbox_bound();
        self.outbox.borrow_mut().spill(wrote.fold.to, bound);
        for wake in &self.wakes {
            wake.notify_one();
        }
        self.tenure.measures.checkpoint(wrote.started.elapsed());
        tracing::debug!(partition = %self.tenure.partition, cursor = %wrote.cursor.position, "checkpoint");
        self.checkpoints.fold = wrote.fold;
        self.checkpoints.cursor = wrote.cursor;
        self.checkpoints.last = Instant::now();
        Ok(())
    }
}

async fn write(
    tenure: &Tenure,
    stamp: Stamp,
    phases: [Vec<Row>; 2],
    head: Head,
) -> Result<(), EngineError> {
    for mut rows in phases {
        let mut batches = Vec::with_capacity(rows.len() / ROWS + 1);
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(ROWS));
            batches.push(std::mem::replace(&mut rows, rest));
        }
        stream::iter(batches)
            .map(|batch| write_rows(tenure, stamp, batch))
            .buffer_unordered(WRITES)
            .try_collect::<()>()
            .await?;
    }
    set_head(tenure, head).await
}

/// Until it is known to be durable. Unknown outcomes are written again with the same stamp.
async fn write_rows(tenure: &Tenure, stamp: Stamp, rows: Vec<Row>) -> Result<(), EngineError> {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    loop {
        match store.write(tenure.partition, stamp, rows.clone()).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Corrupt(why)) => return Err(tenure.unreadable(why)),
            Err(error) => {
                tracing::warn!(partition = %tenure.partition, %error, "checkpoint rows are written again");
                backoff.wait().await;
            }
        }
    }
}

/// Not applied: this owner is history. Unknown: the head is read again, and where ours does not stand there yet, set again.
async fn set_head(tenure: &Tenure, head: Head) -> Result<(), EngineError> {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    let (epoch, owner) = (head.epoch, head.owner);
    loop {
        let set = store.set_head(tenure.partition, Some(epoch), Some(owner), head.clone());
        match set.await {
            Ok(Cas::Applied) => return Ok(()),
            Ok(Cas::Refused(Some(there))) if there == head => return Ok(()),
            Ok(Cas::Refused(_)) => return Err(tenure.fenced()),
            Err(StoreError::Corrupt(why)) => return Err(tenure.unreadable(why)),
            Err(error) => {
                tracing::warn!(partition = %tenure.partition, %error, "the head is read again");
                backoff.wait().await;
                match store.head(tenure.partition).await {
                    Ok(Some(there)) if there == head => return Ok(()),
                    Ok(Some(there)) if (there.epoch, there.owner) != (epoch, owner) => {
                        return Err(tenure.fenced());
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(partition = %tenure.partition, %error, "the head is not read");
                    }
                }
            }
        }
    }
}
