//! One tenure of one partition: a single task that owns the table of players, the outbox and the checkpoints.
//!
//! One select: an arm takes what happened and calls what it means. Chunks come in while there are credits; answers, reads and writes
//! come back as events.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::MailboxError;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use ports::{Due, Entity, Head, StoreError};
use programme::model::Programme;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use types::Position;

use crate::checkpoint::{Checkpoints, Stage};
use crate::context::{Share, Tenure};
use crate::error::{EngineError, QueryError};
use crate::load::{Found, SegmentsRead};
use crate::measure::Levels;
use crate::outbox::Outbox;
use crate::pause::Pause;
use crate::player::{Answered, Captured};
use crate::pump::{self, Chunk, Mark};
use crate::query::{Command, Drain, Reply};
use crate::relay::Relay;
use crate::repair::{Repair, Waiting};
use crate::retain::NextLook;
use crate::slots::{SlotId, Slots};
use crate::sweep::Sweeps;
use crate::takeover::Taken;
use crate::warm::Warm;

/// How often pace, memory and metrics are looked at while something happens, and while nothing does.
const TICK: Duration = Duration::from_millis(50);
const IDLE_TICK: Duration = Duration::from_millis(500);
/// While records come, a cut captures a player for every so many of them at least.
const RECORDS: usize = 8;
/// Events handled before others get their turn.
const EVENTS: usize = 128;

/// Something that was awaited.
pub(crate) enum Event {
    Loaded(Vec<(SlotId, Found)>),
    /// Read in for a sweep.
    DueLoaded(Vec<(SlotId, Found)>),
    Segments(SlotId, SegmentsRead),
    /// Records of a player under repair.
    Waiting(SlotId, Result<Waiting, String>),
    /// Due rows of these minutes.
    Due(u32, u32, Result<Vec<Due>, EngineError>),
    /// Players in the store.
    Everybody(Result<Vec<Entity>, EngineError>),
    /// Whether anybody may be due up to a minute; `None`: the store did not say.
    Looked(u32, Option<bool>),
    Captured(SlotId, Result<Box<Captured>, MailboxError>),
    Written(Result<(), EngineError>),
    /// The head, read since then for who doubts.
    Confirmed(Instant, Result<Option<Head>, StoreError>, Reply<()>),
}

/// The partition's task.
pub(crate) struct Partition {
    pub(crate) tenure: Rc<Tenure>,
    share: Share,
    pub(crate) slots: Slots,
    pub(crate) outbox: Rc<RefCell<Outbox>>,
    pub(crate) wakes: Vec<Rc<Notify>>,
    pub(crate) checkpoints: Checkpoints,
    /// The last record taken from the pump.
    pub(crate) reached: Mark,
    /// Players whose answer is awaited.
    pub(crate) working: usize,
    /// Records taken from the pump and not yet folded.
    pub(crate) outstanding: usize,
    /// Fold time since the last cut.
    pub(crate) spent_ns: u64,
    /// Players with records that a beginning cut holds back.
    pub(crate) held: Vec<SlotId>,
    pub(crate) held_segments: Vec<(SlotId, SegmentsRead)>,
    /// For the next cut: one row a player, the last that was said.
    pub(crate) quarantine_rows: BTreeMap<Entity, Bytes>,
    pub(crate) repairs: Vec<Repair>,
    /// When the log is next told what it may forget.
    pub(crate) next_look: NextLook,
    /// The passivation clock's hand.
    pub(crate) hand: usize,
    /// Looks that it has left until the next tick.
    pub(crate) looks: usize,
    /// Memory is over its budget and idle players are dirty.
    pub(crate) starved: bool,
    pub(crate) sweeps: Sweeps,
    /// Programmes whose names the next cut writes.
    pub(crate) untabled: Vec<Arc<Programme>>,
    pub(crate) drains: Vec<Drain>,
    pub(crate) stopping: bool,
    /// The cut of the shutdown has begun.
    pub(crate) final_cut: bool,
    /// Questions being answered, and relays.
    pub(crate) tasks: JoinSet<()>,
    events: FuturesUnordered<LocalBoxFuture<'static, Event>>,
    /// What players answer: where to, and from where.
    pub(crate) answers: (
        mpsc::UnboundedSender<Answered>,
        mpsc::UnboundedReceiver<Answered>,
    ),
    end_seen: Position,
    pub(crate) pause: Pause,
    /// When the log was last given a logic version.
    pub(crate) moved: Option<Instant>,
    /// It was warmed up for: the partition was handed over.
    pub(crate) planned: bool,
}

impl Partition {
    /// A partition that was just taken over, and who is expected in it.
    pub(crate) fn new(taken: Taken, warm: Option<Warm>) -> Self {
        let Taken {
            tenure,
            epoch_stamp,
            fold,
            cursor,
            quarantined,
        } = taken;
        let tenure = Rc::new(tenure);
        let people = tenure.config.people.clone();
        let outbox = Outbox::adopt(&tenure.ports.sinks, fold.to, fold.from.clone(), people);
        let mut slots = Slots::default();
        // Their rows are written again under the own stamps, before the cursor passes records of theirs: one of a fenced owner that lifts
        // them may land later, and whoever comes next would fold on without what was passed.
        let mut quarantine_rows = BTreeMap::new();
        for (entity, aside) in quarantined {
            quarantine_rows.insert(entity.clone(), aside.encode());
            let id = slots.add(entity);
            slots.set_aside(id, None, &Rc::new(aside));
        }
        let next_look = NextLook::first(&tenure);
        let pause = Pause::begun(&tenure);
        let sinks = tenure.ports.sinks.len();
        let owner = tenure.config.owner;
        let sweeps = Sweeps::new(&fold);
        let brands = fold.active.keys();
        let untabled = brands.filter_map(|brand| {
            let rules = fold.timeline.rules(brand);
            tenure.programme(brand, rules)
        });
        let untabled = untabled.collect();
        tenure.ports.moving.meet(fold.timeline.logic.now());
        let mut partition = Self {
            share: Share::new(&tenure.ports.here),
            tenure,
            slots,
            outbox: Rc::new(RefCell::new(outbox)),
            wakes: (0..sinks).map(|_| Rc::default()).collect(),
            checkpoints: Checkpoints::new(owner, epoch_stamp, fold, cursor),
            reached: cursor,
            working: 0,
            outstanding: 0,
            spent_ns: 0,
            held: Vec::new(),
            held_segments: Vec::new(),
            quarantine_rows,
            repairs: Vec::new(),
            next_look,
            hand: 0,
            looks: 0,
            starved: false,
            sweeps,
            untabled,
            drains: Vec::new(),
            stopping: false,
            final_cut: false,
            tasks: JoinSet::new(),
            events: FuturesUnordered::new(),
            // Bounded by the credits, of which every record that is answered had one.
            answers: mpsc::unbounded_channel(),
            end_seen: cursor.position,
            pause,
            moved: None,
            planned: warm.is_some(),
        };
        partition.expect(warm);
        partition
    }

    /// This partition's share of what all that are folded here use together.
    pub(crate) fn share(&self, whole: usize) -> usize {
        self.share.of(whole)
    }

    /// Runs until it is shut down, with its last checkpoint written, or until it may not or cannot go on. Gives the commands back for
    /// the next tenure.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
    ) -> (mpsc::Receiver<Command>, Result<(), EngineError>) {
        let ended = self.serve(&mut commands).await;
        (commands, ended)
    }

    async fn serve(&mut self, commands: &mut mpsc::Receiver<Command>) -> Result<(), EngineError> {
        let drained = Rc::new(Notify::new());
        self.start_relays(&drained);
        let (chunk_sender, mut chunks) = mpsc::channel(1);
        let pump = pump::run(Rc::clone(&self.tenure), self.reached, chunk_sender);
        self.tasks.spawn_local(pump);
        let mut tick = pin!(sleep(TICK));
        let mut idle = false;
        let mut shutdown: Option<(oneshot::Sender<()>, Instant)> = None;
        loop {
            self.advance_checkpoint()?;
            self.advance_repairs();
            self.advance_sweep();
            self.check_drains();
            if let Some((_, deadline)) = &shutdown
                && (self.is_finished() || Instant::now() >= *deadline)
            {
                break;
            }
            let open = self.has_credits();
            tokio::select! {
                biased;
                Some(event) = self.events.next(), if !self.events.is_empty() => {
                    self.on(event)?;
                    self.on_ready()?;
                }
                Some(answered) = self.answers.1.recv() => {
                    self.worked(answered)?;
                    self.on_ready()?;
                }
                command = commands.recv(), if shutdown.is_none() => match command {
                    Some(Command::Shutdown(reply)) => {
                        shutdown = Some((reply, Instant::now() + self.tenure.config.pace.shutdown));
                        self.stopping = true;
                    }
                    Some(command) => self.command(command),
                    None => return Ok(()),
                },
                chunk = chunks.recv(), if open => match chunk {
                    Some(chunk) => {
                        let chunk = chunk?;
                        let records = chunk.records();
                        self.on_chunk(chunk);
                        self.go_on(records / RECORDS);
                    }
                    None => return Err(EngineError::Stopped),
                },
                () = drained.notified() => {}
                () = tokio::task::yield_now(), if self.goes_on() => self.go_on(0),
                () = tick.as_mut() => {
                    self.on_tick();
                    tick.as_mut().reset(Instant::now() + IDLE_TICK);
                    idle = true;
                    continue;
                }
            }
            if std::mem::take(&mut idle) {
                tick.as_mut().reset(Instant::now() + TICK);
            }
        }
        if let Some((reply, _)) = shutdown
            && reply.send(()).is_err()
        {
            tracing::debug!("who asked for the shutdown has gone");
        }
        Ok(())
    }

    /// A slice of the background work. The next one comes with the next chunk, or when the thread's other tasks and those who wake it from
    /// other threads have had their turn: tokio looks at the latter seldom while the thread has tasks of its own, and a slice that began
    /// the next one would keep live records waiting behind thousands of captures.
    fn go_on(&mut self, captures: usize) {
        self.advance_in_background(captures);
        self.feed_sweep();
        self.passivate_some();
    }

    /// Whether something is left to be done that no event brings.
    fn goes_on(&self) -> bool {
        self.looks > 0 || self.cut_goes_on() || self.sweep_goes_on()
    }

    /// Something that will be there later.
    pub(crate) fn await_event(&self, event: impl Future<Output = Event> + 'static) {
        self.events.push(event.boxed_local());
    }

    fn on(&mut self, event: Event) -> Result<(), EngineError> {
        match event {
            Event::Loaded(found) => self.loaded(found)?,
            Event::DueLoaded(found) => self.due_loaded(found)?,
            Event::Segments(id, read) => self.unpark(id, read),
            Event::Waiting(id, read) => self.waited(id, read),
            Event::Due(from, to, rows) => self.due_read(from, to, rows)?,
            Event::Everybody(page) => self.all_read(page)?,
            Event::Looked(minute, found) => self.looked(minute, found),
            Event::Captured(id, captured) => self.captured(id, captured),
            Event::Written(result) => self.written(result)?,
            Event::Confirmed(asked, head, reply) => self.confirmed(asked, head, reply)?,
        }
        Ok(())
    }

    /// What else is there by now.
    fn on_ready(&mut self) -> Result<(), EngineError> {
        for _ in 0..EVENTS {
            let Some(Some(event)) = self.events.next().now_or_never() else {
                break;
            };
            self.on(event)?;
        }
        for _ in 0..EVENTS {
            let Ok(answered) = self.answers.1.try_recv() else {
                break;
            };
            self.worked(answered)?;
        }
        Ok(())
    }

    fn on_chunk(&mut self, chunk: Chunk) {
        self.end_seen = self.end_seen.max(chunk.end.position);
        self.sweeps.hear();
        self.resume(&chunk);
        self.take_chunk(chunk);
    }

    fn has_credits(&self) -> bool {
        let pace = &self.tenure.config.pace;
        !self.stopping
            && !self.holds_back()
            && self.outstanding < self.tenure.config.credits
            && self.dirty_bytes() < pace.dirty_bytes.saturating_mul(2)
            && self.slots.bytes < self.most_bytes()
    }

    fn on_tick(&mut self) {
        self.break_silence();
        self.move_on();
        self.slots.forget_waiting();
        self.passivate();
        self.retain();
        while self.tasks.try_join_next().is_some() {}
        let lag = self.end_seen.sequence - self.folded().sequence.min(self.end_seen.sequence);
        self.tenure.measures.levels(&Levels {
            lag,
            outstanding: self.outstanding,
            dirty: self.dirty_bytes(),
            resident: self.slots.len(),
            resident_bytes: self.slots.bytes,
            quarantined: self.slots.aside(),
        });
        let outbox = self.outbox.borrow();
        for lane in 0..outbox.lanes() {
            self.tenure.measures.pending(lane, outbox.pending(lane));
        }
    }

    /// The last record up to which all are folded, for those who watch: while answers are awaited, that of the last cut.
    pub(crate) fn folded(&self) -> Position {
        if self.outstanding == 0 {
            self.reached.position
        } else if self.working == 0 {
            self.cursor().position
        } else {
            self.checkpoints.cursor.position
        }
    }

    /// Told to stop, and everything is written.
    fn is_finished(&self) -> bool {
        let idle = matches!(self.checkpoints.stage, Stage::Idle);
        idle && self.working == 0 && (self.final_cut || !self.has_unwritten())
    }

    fn check_drains(&mut self) {
        let idle = self.outstanding == 0 && self.is_swept();
        if self.drains.is_empty() || !idle || !self.outbox.borrow().is_drained() {
            return;
        }
        let reached = self.reached.position;
        for drain in std::mem::take(&mut self.drains) {
            if drain.position > reached {
                self.drains.push(drain);
            } else {
                drop(drain.reply.send(Ok(())));
            }
        }
    }

    fn start_relays(&mut self, drained: &Rc<Notify>) {
        for (lane, sink) in self.tenure.ports.sinks.iter().enumerate() {
            let relay = Relay {
                tenure: Rc::clone(&self.tenure),
                outbox: Rc::clone(&self.outbox),
                lane,
                sink: Arc::clone(sink),
                wake: Rc::clone(&self.wakes[lane]),
                drained: Rc::clone(drained),
            };
            self.tasks.spawn_local(relay.run());
        }
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        let ended = if self.stopping {
            QueryError::Stopping
        } else {
            QueryError::Moving
        };
        for drain in self.drains.drain(..) {
            drop(drain.reply.send(Err(ended.clone())));
        }
    }
}
