//! Emissions and tells not yet acknowledged, for each sink in the order they were decided.
//!
//! An emission gets a row, and with it a number, only at a cut that finds it unacknowledged. Numbers run on without holes; the head's
//! `[from, to)` says which rows count. A sink's way is: sent and unacknowledged, then the page read from rows, then rows still in the
//! store, then the queue in memory. Once rows are durable, queues beyond the bound are dropped from memory and come back from the rows.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use people::People;
use ports::{EmissionSink, Entity, Outgoing, Row};
use types::Event;

use crate::row::Emitted;
use crate::tell;

/// An emission that at least one sink takes.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) emitted: Emitted,
    row: Cell<Option<u64>>,
    /// Bit for each sink that has not acknowledged it.
    owed: Cell<u32>,
    /// Bytes held by all items of the outbox.
    held: Rc<Cell<usize>>,
}

impl Item {
    fn new(emitted: Emitted, row: Option<u64>, owed: u32, held: &Rc<Cell<usize>>) -> Rc<Self> {
        held.set(held.get() + emitted.bytes());
        Rc::new(Self {
            emitted,
            row: Cell::new(row),
            owed: Cell::new(owed),
            held: Rc::clone(held),
        })
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        let bytes = self.emitted.bytes();
        self.held.set(self.held.get().saturating_sub(bytes));
    }
}

/// One sink's way.
struct Lane {
    sink: Arc<dyn EmissionSink>,
    sent: VecDeque<(u64, Rc<Item>)>,
    page: VecDeque<Rc<Item>>,
    stored: Range<u64>,
    queue: VecDeque<Rc<Item>>,
    sequence: u64,
}

/// All sinks' ways, and the numbering of rows.
pub(crate) struct Outbox {
    lanes: Vec<Lane>,
    /// Decided in this epoch and without a row, in order.
    rowless: VecDeque<Rc<Item>>,
    to: u64,
    /// Sinks of the head that this server does not have: their rows wait for them.
    absent: BTreeMap<Box<str>, u64>,
    held: Rc<Cell<usize>>,
    people: Option<Arc<People>>,
}

/// What a cut captures.
pub(crate) struct OutboxCut {
    pub(crate) rows: Vec<Row>,
    pub(crate) to: u64,
    pub(crate) from: BTreeMap<Box<str>, u64>,
}

impl Outbox {
    /// Adopts exactly the rows `[from, to)` of the head taken over. A sink that the head does not know starts at `to`.
    pub(crate) fn adopt(
        sinks: &[Arc<dyn EmissionSink>],
        to: u64,
        mut from: BTreeMap<Box<str>, u64>,
        people: Option<Arc<People>>,
    ) -> Self {
        let lanes = sinks
            .iter()
            .map(|sink| Lane {
                sink: Arc::clone(sink),
                sent: VecDeque::new(),
                page: VecDeque::new(),
                stored: from.remove(sink.name()).unwrap_or(to)..to,
                queue: VecDeque::new(),
                sequence: 0,
            })
            .collect();
        Self {
            lanes,
            rowless: VecDeque::new(),
            to,
            absent: from,
            held: Rc::default(),
            people,
        }
    }

    /// Takes a decided emission in. That a player was erased takes everything of the player that waits before it.
    pub(crate) fn push(&mut self, emitted: Emitted) {
        if *emitted.kind == *Event::ERASED {
            self.drop_waiting(&emitted.entity);
            if let Some(people) = &self.people {
                people.heard(&emitted.entity);
            }
        }
        let mut owed = 0;
        for (index, lane) in self.lanes.iter().enumerate() {
            if tell::takes(lane.sink.as_ref(), &emitted.kind) {
                owed |= 1 << index;
            }
        }
        if owed == 0 {
            return;
        }
        let item = Item::new(emitted, None, owed, &self.held);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if owed & (1 << index) != 0 {
                lane.queue.push_back(Rc::clone(&item));
            }
        }
        self.rowless.push_back(item);
    }

    fn drop_waiting(&mut self, player: &Entity) {
        let stays = |item: &Rc<Item>| item.emitted.entity != *player;
        for lane in &mut self.lanes {
            lane.page.retain(stays);
            lane.queue.retain(stays);
        }
        // What is on its way to a gateway is not called back: it comes there before what takes it.
        for item in self.rowless.iter().filter(|item| !stays(item)) {
            item.owed.set(0);
        }
    }

    /// Whether it waits for nobody: of an erased player nothing is sent but that it is.
    fn is_void(&self, emitted: &Emitted) -> bool {
        let (brand, player) = (&emitted.entity.brand, &emitted.entity.player);
        let erased = |people: &Arc<People>| people.is_erased(brand, player);
        *emitted.kind != *Event::ERASED && self.people.as_ref().is_some_and(erased)
    }

    /// Gives every unacknowledged emission a row, sent or not, and says what the head is to say.
    pub(crate) fn cut(&mut self) -> OutboxCut {
        let mut rows = Vec::new();
        for item in std::mem::take(&mut self.rowless) {
            if item.owed.get() == 0 {
                continue;
            }
            item.row.set(Some(self.to));
            rows.push(Row::Outbox {
                number: self.to,
                bytes: item.emitted.encode(),
            });
            self.to += 1;
        }
        let mut from = self.absent.clone();
        for lane in &self.lanes {
            from.insert(lane.sink.name().into(), lane.from(self.to));
        }
        OutboxCut {
            rows,
            to: self.to,
            from,
        }
    }

    /// Rows numbered below `durable` are in the store: what waits in memory beyond `bound` bytes goes.
    pub(crate) fn spill(&mut self, durable: u64, bound: usize) {
        if self.held.get() <= bound {
            return;
        }
        for lane in &mut self.lanes {
            while let Some(row) = lane.queue.front().and_then(|item| item.row.get()) {
                if row >= durable {
                    break;
                }
                if lane.stored.is_empty() {
                    lane.stored = row..row;
                }
                lane.stored.end = row + 1;
                lane.queue.pop_front();
            }
        }
    }

    /// Which rows the sink needs next, at most `page` of them: none while others are before them.
    pub(crate) fn wanted_rows(&self, lane: usize, page: u64, window: usize) -> Option<Range<u64>> {
        let lane = &self.lanes[lane];
        let ready = lane.page.is_empty() && !lane.stored.is_empty() && lane.sent.len() < window;
        ready.then(|| lane.stored.start..lane.stored.end.min(lane.stored.start + page))
    }

    /// Takes in rows read.
    pub(crate) fn fill(&mut self, lane: usize, range: Range<u64>, mut rows: Vec<(u64, Emitted)>) {
        rows.retain(|(_, emitted)| !self.is_void(emitted));
        let lane = &mut self.lanes[lane];
        lane.stored.start = lane.stored.start.max(range.end);
        for (number, emitted) in rows {
            if tell::takes(lane.sink.as_ref(), &emitted.kind) {
                lane.page
                    .push_back(Item::new(emitted, Some(number), 0, &self.held));
            }
        }
    }

    /// Whether the sink can be sent something now.
    pub(crate) fn has_unsent(&self, lane: usize, window: usize) -> bool {
        let lane = &self.lanes[lane];
        lane.sent.len() < window
            && (!lane.page.is_empty() || (lane.stored.is_empty() && !lane.queue.is_empty()))
    }

    /// The next emissions for the sink, in order, now counted as sent.
    pub(crate) fn take(&mut self, lane: usize, limit: usize, window: usize) -> Vec<Outgoing> {
        let lane = &mut self.lanes[lane];
        let room = limit.min(window.saturating_sub(lane.sent.len()));
        let mut batch = Vec::with_capacity(room.min(lane.page.len() + lane.queue.len()));
        while batch.len() < room {
            let next = match lane.page.pop_front() {
                Some(item) => Some(item),
                None if lane.stored.is_empty() => lane.queue.pop_front(),
                None => None,
            };
            let Some(item) = next else { break };
            lane.sequence += 1;
            batch.push(outgoing(lane.sequence, &item.emitted));
            lane.sent.push_back((lane.sequence, item));
        }
        batch
    }

    /// Everything up to `sequence` is durable at the sink. Gives what was acknowledged.
    pub(crate) fn acknowledge(&mut self, lane: usize, sequence: u64) -> Vec<Rc<Item>> {
        let mut done = Vec::new();
        let bit = 1 << lane;
        let lane = &mut self.lanes[lane];
        while lane.sent.front().is_some_and(|(at, _)| *at <= sequence) {
            let Some((_, item)) = lane.sent.pop_front() else {
                break;
            };
            item.owed.set(item.owed.get() & !bit);
            done.push(item);
        }
        while self
            .rowless
            .front()
            .is_some_and(|item| item.owed.get() == 0)
        {
            self.rowless.pop_front();
        }
        done
    }

    /// The stream broke: what was sent and not acknowledged is sent again, in order, before anything else.
    pub(crate) fn rewind(&mut self, lane: usize) {
        let lane = &mut self.lanes[lane];
        while let Some((_, item)) = lane.sent.pop_back() {
            lane.page.push_front(item);
        }
    }

    /// How many emissions wait for the sink's acknowledgement.
    pub(crate) fn pending(&self, lane: usize) -> u64 {
        let lane = &self.lanes[lane];
        let stored = lane.stored.end.saturating_sub(lane.stored.start);
        (lane.sent.len() + lane.page.len() + lane.queue.len()) as u64 + stored
    }

    /// Whether every emission is acknowledged by every sink that takes it.
    pub(crate) fn is_drained(&self) -> bool {
        (0..self.lanes.len()).all(|lane| self.pending(lane) == 0)
    }

    /// Bytes that no row covers yet: what a checkpoint would let go.
    pub(crate) fn rowless_bytes(&self) -> usize {
        if self.rowless.is_empty() {
            0
        } else {
            self.held.get()
        }
    }

    /// Whether a cut would write rows or move the numbers.
    pub(crate) fn has_rowless(&self) -> bool {
        !self.rowless.is_empty()
    }

    pub(crate) fn sink_name(&self, lane: usize) -> &str {
        self.lanes[lane].sink.name()
    }

    pub(crate) fn lanes(&self) -> usize {
        self.lanes.len()
    }
}

impl Lane {
    /// The first row not acknowledged, right after a cut numbered all that wait.
    fn from(&self, to: u64) -> u64 {
        let sent = self.sent.iter().map(|(_, item)| item);
        let stored = (!self.stored.is_empty()).then_some(self.stored.start);
        let before = sent.chain(&self.page).find_map(|item| item.row.get());
        let queued = || self.queue.iter().find_map(|item| item.row.get());
        before.or(stored).or_else(queued).unwrap_or(to)
    }
}

fn outgoing(sequence: u64, emitted: &Emitted) -> Outgoing {
    Outgoing {
        sequence,
        id: emitted.id.clone(),
        kind: emitted.kind.clone(),
        brand: emitted.entity.brand.as_str().into(),
        player: emitted.entity.player.as_str().into(),
        accepted_at: emitted.accepted_at,
        traceparent: emitted.traceparent.clone(),
        body: emitted.body.clone(),
    }
}
