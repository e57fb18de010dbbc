//! A player is an actor: it holds the state, calls the core, adopts what the core decided. It decides nothing and waits for nothing.
//!
//! Its handlers are synchronous, so no two messages interleave and no update is lost. A record that needs segments from the store
//! ends the message early: what is left goes back to the partition, which reads the segments and sends it again with them.

mod answer;
mod foresee;
mod look;
mod meet;
mod recent;

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Context, Handler, Message, MessageResult};
use bytes::Bytes;
use ports::{Entity, Key};
use types::{Body, Position, Record, Timestamp};

use crate::context::Tenure;
use crate::fold::{self, Decided, History, State, Stop};
use crate::pump::Queued;
use crate::skip::Seen;
use crate::snapshot;
use crate::tell;
use crate::unwritten::{Durable, Unwritten};

pub(crate) use answer::{Answer, Answered, Worked};
pub(crate) use foresee::Foresee;
pub(crate) use look::Look;
pub(crate) use meet::Under;
pub(crate) use recent::{Journal, Recent};

/// The actor.
pub(crate) struct Player {
    tenure: Rc<Tenure>,
    entity: Entity,
    under: Under,
    state: State,
    /// Written and not yet durable; hides the rows of these numbers.
    unwritten: Unwritten,
    /// Replays of late, newest first, with the entry of the event that came first: they leave no entry of their own.
    replays: VecDeque<(Position, fold::Entry)>,
    /// What was applied past the head taken over, until records come that were not.
    seen: Option<Seen>,
    /// Seals what is known of who the player is, once anything is.
    key: Option<Arc<Key>>,
    /// Memory held when it was last measured, and what was folded since.
    measured: usize,
    unmeasured: usize,
}

/// Memory is measured after so many records: a look at all that a state has costs as much as a part of a fold.
const UNMEASURED: usize = 8;
/// What each record is taken for meanwhile, in bytes: more than an entry of the journal has as a rule.
const RECORD_BYTES: usize = 384;

/// How many replays are remembered for those who wait for them.
const REPLAYS: usize = 16;

/// When the event was accepted, and its trace.
fn origin(record: &Record) -> (Option<Timestamp>, Option<&str>) {
    match &record.body {
        Body::Event {
            accepted_at,
            traceparent,
            ..
        } => (Some(*accepted_at), traceparent.as_deref()),
        Body::Tick(_) | Body::Programme(_) | Body::Logic(_) => (None, None),
    }
}

impl Player {
    pub(crate) fn new(
        tenure: Rc<Tenure>,
        entity: Entity,
        under: Under,
        state: State,
        seen: Option<Seen>,
        key: Option<Arc<Key>>,
    ) -> Self {
        Self {
            tenure,
            entity,
            under,
            state,
            unwritten: Unwritten::default(),
            replays: VecDeque::new(),
            seen,
            key,
            measured: 0,
            // Of a player that was just read nothing is measured.
            unmeasured: UNMEASURED,
        }
    }

    /// Fires what is due by then, without a record.
    fn sweep(&mut self, now: Timestamp, history: &mut History, worked: &mut Worked) {
        if let Some(decided) = fold::due(&self.under.programme, &mut self.state, now) {
            self.adopt(decided, history, worked);
        }
    }

    /// Takes in what was decided without a record.
    fn adopt(&mut self, mut decided: Decided, history: &mut History, worked: &mut Worked) {
        worked.changed = true;
        self.say(&decided, None, worked);
        // Cells are written in place: those at hand are not what they were.
        let written = decided.cells.keys();
        written.for_each(|number| history.forget(*number));
        self.unwritten.add(&mut decided, self.state.cells_written());
    }

    /// Hands out what was decided, in order.
    fn say(&self, decided: &Decided, record: Option<&Record>, worked: &mut Worked) {
        let tenure = &self.tenure;
        let takes = |kind: &str| tenure.takes(kind);
        let (accepted_at, trace) = record.map(origin).unwrap_or_default();
        let emissions = decided.emissions();
        worked.emitted.extend(emissions.filter_map(|emission| {
            fold::emitted(&self.entity, emission, accepted_at, trace, takes)
        }));
        let told = |tell| tell::told(&self.entity, tell);
        worked.emitted.extend(decided.tells.iter().filter_map(told));
    }

    /// Folds a record, or passes over it as applied; `false`: the one that was applied is another.
    fn take(
        &mut self,
        queued: &Queued,
        history: &mut History,
        worked: &mut Worked,
    ) -> Result<bool, Stop> {
        let (record, rules) = (&queued.record, queued.rules);
        let now = record.recorded_at;
        if matches!(record.body, Body::Tick(_)) {
            self.meet(rules, now, history, worked)?;
            worked.ticks += 1;
            self.sweep(now, history, worked);
            return Ok(true);
        }
        if record.position <= self.state.applied() {
            return self.is_applied(record, history);
        }
        self.seen = None;
        if queued.key.is_some() {
            self.key.clone_from(&queued.key);
        }
        self.meet(rules, now, history, worked)?;
        let mut decided = fold::fold(
            &self.under.programme,
            &mut self.state,
            history,
            &self.unwritten,
            &self.tenure.catalogue.borrow(),
            record,
        )?;
        worked.changed = true;
        worked.outcomes[decided.outcome] += 1;
        self.say(&decided, Some(record), worked);
        self.unwritten.add(&mut decided, self.state.cells_written());
        if let Some(first) = decided.replayed {
            self.replays.truncate(REPLAYS - 1);
            self.replays.push_front((record.position, *first));
        }
        Ok(true)
    }

    /// Whether a record at a position that is applied is the one that was.
    fn is_applied(&self, record: &Record, history: &mut History) -> Result<bool, Stop> {
        let Some(seen) = &self.seen else {
            return Ok(true);
        };
        seen.has(record).map_or_else(
            || {
                fold::is_replay(
                    &self.under.programme,
                    &self.state,
                    history,
                    &self.unwritten,
                    &self.tenure.catalogue.borrow(),
                    record,
                )
            },
            Ok,
        )
    }

    /// The cells of the filter that records need, and that neither memory nor the history has.
    fn cells(&self, records: &VecDeque<Queued>, history: &History) -> Vec<u32> {
        let events = records
            .iter()
            .filter_map(|queued| match &queued.record.body {
                Body::Event { event, .. } => Some(event),
                Body::Tick(_) | Body::Programme(_) | Body::Logic(_) => None,
            });
        let cells = events.filter_map(|event| fold::cell_of(&self.state, event));
        let missing = |number: &u32| !history.has(*number) && self.unwritten.get(*number).is_none();
        let mut cells: Vec<u32> = cells.filter(missing).collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    }

    /// Memory held, after so many more records.
    fn bytes(&mut self, records: usize) -> usize {
        self.unmeasured += records;
        if self.unmeasured >= UNMEASURED {
            // An actor's own share was measured at about 960 bytes.
            self.measured = 1024 + self.state.bytes() + self.unwritten.bytes();
            self.unmeasured = 0;
        }
        self.measured + self.unmeasured * RECORD_BYTES
    }
}

impl Actor for Player {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // The partition bounds what it sends by credits; a full mailbox would let a later message overtake an earlier one.
        context.set_mailbox_capacity(0);
    }
}

/// Records to fold, in order, with segments that the first one asked for.
pub(crate) struct Work {
    pub(crate) records: Vec<Queued>,
    pub(crate) history: Vec<(u32, Bytes)>,
    pub(crate) answer: Answer,
}

impl Message for Work {
    type Result = ();
}

impl Handler<Work> for Player {
    type Result = ();

    fn handle(&mut self, work: Work, _: &mut Self::Context) -> Self::Result {
        let started = Instant::now();
        let mut worked = Worked {
            emitted: Vec::new(),
            outcomes: [0; 5],
            folded: 0,
            ticks: 0,
            due: None,
            applied: self.state.applied(),
            changed: false,
            known: false,
            bytes: 0,
            spent_ns: 0,
            rest: Vec::new(),
            wants: Vec::new(),
            broken: None,
            foreign: None,
        };
        let mut history = History::new();
        for (number, bytes) in &work.history {
            let catalogue = self.tenure.catalogue.borrow();
            if let Err(Stop::Broken(why)) = fold::insert(&mut history, *number, bytes, &catalogue) {
                worked.broken = Some(why);
            }
        }
        let mut records = VecDeque::from(work.records);
        let cells = self.cells(&records, &history);
        if !cells.is_empty() {
            // All at once: a record alone would wait for one after the other.
            worked.wants = cells;
            worked
                .wants
                .extend(work.history.iter().map(|(number, _)| *number));
        }
        while worked.broken.is_none() && worked.wants.is_empty() {
            let Some(queued) = records.pop_front() else {
                break;
            };
            worked.folded += 1;
            let stopped = match self.take(&queued, &mut history, &mut worked) {
                Ok(true) => continue,
                Ok(false) => {
                    worked.foreign = Some(queued.record.position);
                    break;
                }
                Err(stopped) => stopped,
            };
            worked.folded -= 1;
            records.push_front(queued);
            match stopped {
                Stop::Broken(why) => worked.broken = Some(why),
                Stop::Wants(numbers) => {
                    // What was brought is gone with the message. It is needed again: for this record where it is the first, and the
                    // cells for the others.
                    let brought = work.history.iter().map(|(number, _)| *number);
                    let first = worked.folded == 0;
                    worked.wants = numbers;
                    worked
                        .wants
                        .extend(brought.filter(|number| first && !fold::is_cell(*number)));
                    worked.wants.extend(self.cells(&records, &History::new()));
                    worked.wants.sort_unstable();
                    worked.wants.dedup();
                }
            }
        }
        worked.rest = records.into();
        worked.applied = self.state.applied();
        worked.known = self.state.is_known();
        worked.due = self.state.next_timer(&self.under.programme);
        worked.bytes = self.bytes(worked.folded);
        worked.spent_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        work.answer.give(worked);
    }
}

/// Asks for what a checkpoint writes of this player.
pub(crate) struct Capture;

/// The state as it is, and every row of the journal not yet durable.
pub(crate) struct Captured {
    pub(crate) snapshot: Bytes,
    pub(crate) rows: Vec<(u32, Bytes)>,
    /// What is durable once they are.
    pub(crate) durable: Durable,
    /// When the next timer is due.
    pub(crate) due: Option<Timestamp>,
}

impl Message for Capture {
    type Result = Captured;
}

impl Handler<Capture> for Player {
    type Result = MessageResult<Capture>;

    fn handle(&mut self, _: Capture, _: &mut Self::Context) -> Self::Result {
        let (rows, durable) = self.unwritten.rows();
        MessageResult(Captured {
            snapshot: snapshot::of_player(
                self.tenure.epoch,
                self.under.rules,
                &self.entity,
                &mut self.state,
                self.key.as_deref(),
            ),
            rows,
            durable,
            due: self.state.next_timer(&self.under.programme),
        })
    }
}

impl Message for Durable {
    type Result = ();
}

impl Handler<Durable> for Player {
    type Result = ();

    fn handle(&mut self, durable: Durable, _: &mut Self::Context) {
        self.unwritten.forget(durable);
    }
}
