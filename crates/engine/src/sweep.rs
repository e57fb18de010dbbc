//! Sweeps: what falls due by time alone, without a record of its player.
//!
//! A sweep to T fires every timer due by T: of the players in memory, and of those whose due rows lie between the last sweep and T. A
//! tick goes into the player's queue, behind every record taken so far and before every later one, so that it makes no difference
//! whether the sweep or the player's next event comes first. `swept` in the head passes T with the first cut that begins once all of
//! it has fired and every record before it is folded. While records come, a sweep is at work a tenth of the time, unless somebody waits
//! for its end; while memory is over its budget, or as much is dirty as a checkpoint waits for, it reads no player in.

mod feed;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use ports::{Due, Entity, StoreError};
use tokio::time::Instant;
use types::{BrandId, Partition as PartitionId, Position, Timestamp};

use crate::config::Clock;
use crate::context::Tenure;
use crate::error::EngineError;
use crate::head::Fold;
use crate::load;
use crate::logic;
use crate::partition::{Event, Partition};
use crate::retry::Backoff;
use crate::timeline::FIRST;

/// How often a sweep begins, and how long a partition is silent before its owner appends a tick.
const EVERY: Duration = Duration::from_secs(1);
/// Due rows read at once.
const PAGE: usize = 1024;
/// While records come, a sweep takes this share of the time, its reads and captures included: one in so many.
const SHARE: u32 = 10;
const MINUTE_NS: i64 = 60_000_000_000;

/// The minute of an instant, as due rows count them.
pub(crate) fn minute(at: Timestamp) -> u32 {
    u32::try_from(at.nanos() / MINUTE_NS).unwrap_or(u32::MAX)
}

/// The partition's sweeps.
pub(crate) struct Sweeps {
    /// Everything due by then has fired.
    pub(crate) done: Timestamp,
    /// For each brand the newest publication that every player has met, as `done` is meant.
    pub(crate) settled: BTreeMap<BrandId, u64>,
    /// The newest logic version that every player has met, likewise.
    pub(crate) settled_logic: u32,
    running: Option<Sweep>,
    last: Instant,
    /// Ticks that are not answered yet.
    awaiting: usize,
    /// When the partition last had a record, or was given a tick.
    heard: Instant,
    looking: bool,
    /// Up to this minute, which is over, nobody was due when it was looked at; no record has come since.
    nobody_until: Option<u32>,
}

struct Sweep {
    to: Timestamp,
    /// Brands whose players all get a tick, with the publication that they meet by it.
    all_of: BTreeMap<BrandId, u64>,
    /// The logic version that they meet.
    logic: u32,
    /// Records up to it come first.
    after: Position,
    rest: VecDeque<Entity>,
    all_read: bool,
    /// Players who are being read in for it.
    loading: usize,
    started: Instant,
    /// How long ticks were on their way, until none was.
    busy: Duration,
    /// Since when some are.
    since: Option<Instant>,
}

impl Sweep {
    /// Whether it has taken its share of the time so far.
    fn has_had_its_share(&self) -> bool {
        let running = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        (self.busy + running) * SHARE > self.started.elapsed()
    }
}

impl Sweeps {
    pub(crate) fn new(fold: &Fold) -> Self {
        let now = Instant::now();
        Self {
            done: fold.swept,
            settled: fold.settled.clone(),
            settled_logic: fold.settled_logic,
            running: None,
            last: now,
            awaiting: 0,
            heard: now,
            looking: false,
            nobody_until: None,
        }
    }

    /// Records came.
    pub(crate) fn hear(&mut self) {
        self.heard = Instant::now();
        self.nobody_until = None;
    }

    /// Ticks were answered, or will not be.
    pub(crate) fn answered(&mut self, ticks: usize) {
        self.awaiting = self.awaiting.saturating_sub(ticks);
        if let Some(sweep) = &mut self.running
            && self.awaiting == 0
            && let Some(since) = sweep.since.take()
        {
            sweep.busy += since.elapsed();
        }
    }

    /// A tick is on its way.
    fn send(&mut self) {
        self.awaiting += 1;
        if let Some(sweep) = &mut self.running {
            sweep.since.get_or_insert_with(Instant::now);
        }
    }
}

impl Partition {
    /// Begins a sweep where time has passed, and ends it.
    pub(crate) fn advance_sweep(&mut self) {
        if self.holds_back() {
            return;
        }
        let sweeps = &self.sweeps;
        let wanted = sweeps.last.elapsed() >= EVERY || !self.drains.is_empty();
        let passed = self.reached.clock > sweeps.done;
        if sweeps.running.is_none() && wanted && !self.stopping {
            let all_of = self.unsettled();
            if passed || !all_of.is_empty() {
                self.begin_sweep(all_of);
            }
        }
        if self.outstanding == 0 {
            self.end_sweep(self.reached.position);
        }
    }

    fn begin_sweep(&mut self, all_of: BTreeMap<BrandId, u64>) {
        let (from, to) = (minute(self.sweeps.done), self.reached.clock);
        let settles = !all_of.is_empty();
        self.sweeps.last = Instant::now();
        self.sweeps.running = Some(Sweep {
            to,
            after: self.reached.position,
            rest: self.slots.all_of(|brand| all_of.contains_key(brand)),
            all_of,
            logic: self.tenure.timeline.borrow().logic.now(),
            all_read: false,
            loading: 0,
            started: Instant::now(),
            busy: Duration::ZERO,
            since: None,
        });
        if settles {
            self.read_all(None);
        } else {
            self.read_due(from, minute(to), None);
        }
    }

    /// Brands of which not every player has met the programme in effect, with that one's number; all of them, where not every player has
    /// met the logic version in effect.
    fn unsettled(&self) -> BTreeMap<BrandId, u64> {
        let timeline = self.tenure.timeline.borrow();
        if timeline.logic.now() > self.sweeps.settled_logic.max(logic::FIRST) {
            return self.programmes(&timeline).into_iter().collect();
        }
        let settled = |brand: &BrandId| self.sweeps.settled.get(brand).copied().unwrap_or(FIRST);
        let changed = timeline.changed();
        changed
            .filter(|(brand, number)| *number > settled(brand))
            .map(|(brand, number)| (brand.clone(), number))
            .collect()
    }

    /// Another programme may have other timers, of players who have had no record since: a sweep that follows looks at all of them.
    fn read_all(&self, after: Option<Entity>) {
        let tenure = Rc::clone(&self.tenure);
        self.await_event(async move {
            let page = load::entities(&tenure, after.as_ref(), PAGE).await;
            Event::Everybody(page)
        });
    }

    /// Players in the store, whoever they are.
    pub(crate) fn all_read(
        &mut self,
        page: Result<Vec<Entity>, EngineError>,
    ) -> Result<(), EngineError> {
        let page = page?;
        let last = page.last().filter(|_| page.len() == PAGE).cloned();
        let from = minute(self.sweeps.done);
        let Some(sweep) = &mut self.sweeps.running else {
            return Ok(());
        };
        let of_them = |entity: &Entity| sweep.all_of.contains_key(&entity.brand);
        let page: Vec<Entity> = page.into_iter().filter(of_them).collect();
        sweep.rest.extend(page);
        let to = minute(sweep.to);
        match last {
            Some(last) => self.read_all(Some(last)),
            None => self.read_due(from, to, None),
        }
        Ok(())
    }

    fn read_due(&self, from: u32, to: u32, after: Option<Due>) {
        let tenure = Rc::clone(&self.tenure);
        self.await_event(async move {
            let rows = due(&tenure, from, to, after).await;
            Event::Due(from, to, rows)
        });
    }

    /// Due rows that were read.
    pub(crate) fn due_read(
        &mut self,
        from: u32,
        to: u32,
        rows: Result<Vec<Due>, EngineError>,
    ) -> Result<(), EngineError> {
        let rows = rows?;
        let last = rows.last().filter(|_| rows.len() == PAGE).cloned();
        let Some(sweep) = &mut self.sweeps.running else {
            return Ok(());
        };
        sweep.rest.extend(rows.into_iter().map(|due| due.entity));
        match last {
            Some(last) => self.read_due(from, to, Some(last)),
            None => sweep.all_read = true,
        }
        Ok(())
    }

    /// Ends the sweep where all of it has fired; `folded`: every record up to it is folded.
    pub(crate) fn end_sweep(&mut self, folded: Position) {
        let Some(sweep) = &self.sweeps.running else {
            return;
        };
        let read = sweep.all_read && sweep.rest.is_empty() && sweep.loading == 0;
        let fired = read && self.sweeps.awaiting == 0;
        if !fired || folded < sweep.after || self.slots.is_due(sweep.to) {
            return;
        }
        self.sweeps.done = self.sweeps.done.max(sweep.to);
        let (met, logic) = (sweep.all_of.clone(), sweep.logic);
        if logic > logic::FIRST {
            self.sweeps.settled_logic = logic;
        }
        self.sweeps.settled.extend(met);
        self.sweeps.running = None;
    }

    /// Whether everything that was due when the last record was written has fired.
    pub(crate) fn is_swept(&self) -> bool {
        self.sweeps.done >= self.reached.clock && self.unsettled().is_empty()
    }

    /// Where nothing has come for a while and a timer is due by the wall clock, the log is given a tick.
    pub(crate) fn break_silence(&mut self) {
        let silent = self.sweeps.heard.elapsed() >= EVERY;
        let busy = self.stopping || self.sweeps.looking || self.sweeps.running.is_some();
        if self.tenure.config.clock != Clock::Log || !silent || busy {
            return;
        }
        let now = (self.tenure.config.now)();
        if self.slots.is_due(now) {
            self.append_tick();
            return;
        }
        // The minute that runs is looked at when it is over: its rows may have been swept already.
        let from = match self.sweeps.nobody_until {
            Some(minute) => minute + 1,
            None => minute(self.sweeps.done),
        };
        let to = minute(now).saturating_sub(1);
        if from <= to && self.sweeps.last.elapsed() >= EVERY {
            let tenure = Rc::clone(&self.tenure);
            self.sweeps.looking = true;
            self.sweeps.last = Instant::now();
            self.await_event(async move {
                let rows = tenure.ports.store.due(tenure.partition, from, to, None, 1);
                Event::Looked(to, rows.await.ok().map(|rows| !rows.is_empty()))
            });
        }
    }

    /// Whether anybody not in memory may be due up to that minute, if the store said so.
    pub(crate) fn looked(&mut self, minute: u32, found: Option<bool>) {
        self.sweeps.looking = false;
        let records_came = self.sweeps.heard > self.sweeps.last;
        match found {
            Some(true) => self.append_tick(),
            Some(false) if !records_came => self.sweeps.nobody_until = Some(minute),
            Some(false) | None => {}
        }
    }

    fn append_tick(&mut self) {
        self.sweeps.hear();
        let tenure = Rc::clone(&self.tenure);
        self.tasks.spawn_local(async move {
            let entry = ports::Entry {
                recorded_at: None,
                body: events::record::encode_tick(),
            };
            let partition = tenure.partition;
            if let Err(error) = tenure.ports.log.append(partition, vec![entry]).await {
                tracing::warn!(%partition, %error, "no tick was appended; tried again");
            }
        });
    }

    /// Due rows before `swept` may go. Only a hint.
    pub(crate) fn forget_due(&mut self, before: Timestamp, swept: Timestamp) {
        let below = minute(swept);
        if below <= minute(before) {
            return;
        }
        let tenure = Rc::clone(&self.tenure);
        self.tasks.spawn_local(async move {
            let partition: PartitionId = tenure.partition;
            if let Err(error) = tenure.ports.store.forget_due(partition, below).await {
                tracing::debug!(%partition, %error, "due rows are kept for now");
            }
        });
    }
}

/// A page of due rows, for as long as it takes.
async fn due(
    tenure: &Tenure,
    from: u32,
    to: u32,
    after: Option<Due>,
) -> Result<Vec<Due>, EngineError> {
    let mut backoff = Backoff::default();
    loop {
        let store = &tenure.ports.store;
        match store
            .due(tenure.partition, from, to, after.as_ref(), PAGE)
            .await
        {
            Ok(rows) => return Ok(rows),
            Err(StoreError::Corrupt(why)) => return Err(tenure.unreadable(why)),
            Err(error) => {
                tracing::warn!(partition = %tenure.partition, %error, "due rows are not read");
                backoff.wait().await;
            }
        }
    }
}
