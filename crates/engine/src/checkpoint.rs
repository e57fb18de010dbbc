//! A checkpoint is a cut: what is written is what stood at one instant, and nothing newer.
//!
//! A cut begins while no player's answer is awaited. At that instant the head's fields and every emission that is not acknowledged are
//! taken; each dirty player is captured before anything more is folded into it. Then (a) segments, outbox, due and quarantine rows, (b)
//! snapshots, (c) the head by compare-and-set, each after all of the one before is durable, all with one stamp. One is in flight.

mod ahead;
mod capture;
mod pace;
mod write;

pub(crate) use ahead::Ahead;
pub(crate) use write::{set_head, write_all};

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ports::{Head, OwnerId, Row, Stamp};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::error::EngineError;
use crate::head::{Fold, Rung, Stretch};
use crate::names;
use crate::partition::{Event, Partition};
use crate::pump::Mark;
use crate::slots::SlotId;
use crate::unwritten::Durable;

/// Where a checkpoint is.
#[derive(Default)]
pub(crate) enum Stage {
    #[default]
    Idle,
    /// Waits until no player's answer is awaited.
    Holding(Option<Turn>),
    Capturing(Box<Cut>),
    Writing(Box<Wrote>),
    /// Everything is durable; those who were captured are told.
    Releasing(Vec<(SlotId, Durable)>),
}

/// The right to take a cut and write it: as many partitions do at once as there are threads. All at once would hold everybody's encoded
/// states in memory, and the store would be as long with each.
type Turn = OwnedSemaphorePermit;

/// A cut in progress.
pub(crate) struct Cut {
    turn: Option<Turn>,
    started: Instant,
    stamp: Stamp,
    to_capture: Vec<SlotId>,
    awaited: usize,
    /// How long captures were on their way, until none was.
    busy: Duration,
    /// Since when some are.
    since: Option<Instant>,
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
    _turn: Option<Turn>,
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
    /// Who waits for one.
    pub(crate) ahead: Vec<Ahead>,
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
            ahead: Vec::new(),
            seen: Instant::now(),
        }
    }
}

impl Checkpoints {
    /// The right that a cut that is to begin has got; nothing where none is to.
    fn take_turn(&mut self) -> Option<Option<Turn>> {
        match std::mem::take(&mut self.stage) {
            Stage::Holding(turn) => Some(turn),
            stage => {
                self.stage = stage;
                None
            }
        }
    }
}

impl Partition {
    /// Whether players may not be sent anything now, since a cut is to begin.
    pub(crate) fn holds_back(&self) -> bool {
        matches!(self.checkpoints.stage, Stage::Holding(_))
    }

    /// Bytes that a successor could not read from the store.
    pub(crate) fn dirty_bytes(&self) -> usize {
        self.slots.dirty_bytes + self.outbox.borrow().rowless_bytes()
    }

    /// Moves the checkpoint on as far as it goes now.
    pub(crate) fn advance_checkpoint(&mut self) -> Result<(), EngineError> {
        if matches!(self.checkpoints.stage, Stage::Idle) && self.is_due() {
            let turn = Arc::clone(&self.tenure.ports.turns)
                .try_acquire_owned()
                .ok();
            // Somebody waits for the last one.
            if turn.is_some() || self.stopping {
                self.checkpoints.stage = Stage::Holding(turn);
            }
        }
        if self.working == 0
            && let Some(turn) = self.checkpoints.take_turn()
        {
            self.begin_cut(turn);
            for (id, read) in std::mem::take(&mut self.held_segments) {
                self.unpark(id, read);
            }
            for id in std::mem::take(&mut self.held) {
                self.dispatch(id);
            }
        }
        self.end_capture();
        self.answer_ahead();
        Ok(())
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
        if self.outstanding == 0 {
            return self.reached;
        }
        let waiting = self.slots.all_waiting();
        waiting
            .map(|queued| queued.before)
            .min_by_key(|mark| mark.position)
            .unwrap_or(self.reached)
    }

    fn begin_cut(&mut self, turn: Option<Turn>) {
        let cursor = self.cursor();
        self.end_sweep(cursor.position);
        let outbox = self.outbox.borrow_mut().cut();
        let mut fold = self.checkpoints.fold.clone();
        fold.clock = cursor.clock;
        fold.swept = self.sweeps.done;
        fold.settled = self.sweeps.settled.clone();
        fold.settled_logic = self.sweeps.settled_logic;
        fold.timeline = self.tenure.timeline.borrow().until(cursor.position);
        fold.active = self.tenure.ports.versions.active(&fold.timeline);
        fold.to = outbox.to;
        fold.from = outbox.from;
        fold.climb(Rung {
            cursor: cursor.position,
            checksum: cursor.checksum,
            stretch: Some(Stretch {
                from: self.tenure.taken,
                checksum: cursor.stretch,
            }),
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
            turn,
            started: Instant::now(),
            stamp,
            to_capture: self.slots.take_dirty(),
            awaited: 0,
            busy: Duration::ZERO,
            since: None,
            before,
            snapshots: Vec::new(),
            head,
            fold,
            cursor,
            captured: Vec::new(),
        }));
    }

    fn write_cut(&mut self, cut: Cut) {
        let Cut {
            turn,
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
            _turn: turn,
            started,
            fold,
            cursor,
            captured,
        }));
        let tenure = Rc::clone(&self.tenure);
        self.await_event(async move {
            let phases = [before, snapshots];
            Event::Written(write::write(&tenure, stamp, phases, head).await)
        });
    }

    /// Everything is durable.
    pub(crate) fn written(&mut self, result: Result<(), EngineError>) -> Result<(), EngineError> {
        result?;
        let stage = std::mem::take(&mut self.checkpoints.stage);
        let Stage::Writing(wrote) = stage else {
            return Ok(());
        };
        self.checkpoints.stage = Stage::Releasing(wrote.captured);
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
