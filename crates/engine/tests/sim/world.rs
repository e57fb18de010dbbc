//! What outlives the engines: the log, the store, the gateways; and what is appended.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::{AppendError, EmissionSink, Entity, Entry, EventLog, ProgrammeStore, StateStore};
use programme::Programme;
use testkit::faulty::{
    Dice, Fault, FaultyProgrammes, FaultySink, FaultyStore, History, Link, MemoryLog, Weather,
};
use tokio::time::Instant;
use types::{BrandId, Event, EventId, Partition, Timestamp};

use super::programmes::{PROGRAMME, SHARED, changed, programme};
use super::shared::Counts;
use super::{Changes, Scenario};

pub(crate) struct World {
    pub(crate) dice: Arc<Dice>,
    /// When virtual time began.
    pub(crate) begun: Instant,
    pub(crate) weather: Arc<Weather>,
    pub(crate) history: Arc<History>,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) sinks: Vec<Arc<FaultySink>>,
    pub(crate) programmes: Arc<FaultyProgrammes>,
    /// What is published from the beginning, and then one after the other.
    pub(crate) sources: Vec<String>,
    pub(crate) entities: Vec<Entity>,
    /// Players that were set aside and repaired.
    pub(crate) repaired: Cell<u64>,
    /// What became of what they share, once the world has ended.
    pub(crate) counts: Cell<Counts>,
    /// What became of its programmes, likewise.
    pub(crate) changes: Cell<Changes>,
    /// Its players share limits and stocks.
    pub(crate) shared: bool,
    /// Some of its processes have a second logic version, and the logs come to it.
    pub(crate) upgrades: bool,
    to_append: RefCell<VecDeque<(Partition, Entry)>>,
}

/// The ports, as one process reaches them.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) programmes: Arc<dyn ProgrammeStore>,
    pub(crate) sinks: Vec<Arc<dyn EmissionSink>>,
}

impl World {
    /// A world whose players share play for the same few things, and has more partitions.
    pub(crate) fn new(dice: Dice, scenario: Scenario) -> Self {
        let shared = scenario.shared;
        let dice = Arc::new(dice);
        let partitions = 1 + u16::from(shared) + u16::try_from(dice.below(2)).unwrap();
        let log = Arc::new(MemoryLog::new(partitions, Arc::clone(&dice)));
        let programmes = FaultyProgrammes::new(Arc::clone(&dice), Arc::default());
        let first = if shared { SHARED } else { PROGRAMME };
        let mut sources = vec![first.to_owned()];
        sources.extend((0..CHANGES).map(|_| changed(first, &dice)));
        let store = FaultyStore::new(Arc::clone(&dice), Arc::default());
        let sink = |name, takes| Arc::new(FaultySink::new(name, takes, Arc::clone(&dice)));
        if scenario.crowd {
            // Some are read in long after others.
            dice.set_dial(Fault::SlowDisk, 150);
        }
        let players = match scenario.crowd {
            true => 12 + dice.below(24),
            false => 1 + dice.below(6),
        };
        let entities: Vec<Entity> = (0..players)
            .map(|player| Entity {
                brand: brand(),
                player: format!("p{player}").parse().unwrap(),
            })
            .collect();
        let world = Self {
            to_append: RefCell::default(),
            repaired: Cell::default(),
            counts: Cell::default(),
            changes: Cell::default(),
            sinks: vec![
                sink("all", |_: &str| true),
                sink("some", |kind: &str| kind.len() % 2 == 1),
            ],
            programmes: Arc::new(programmes),
            sources,
            shared,
            upgrades: scenario.upgrades,
            store: Arc::new(store),
            begun: Instant::now(),
            weather: Arc::default(),
            history: Arc::default(),
            dice,
            log,
            entities,
        };
        world.plan();
        world
    }

    /// The programme that the world begins with.
    pub(crate) fn first(&self) -> Programme {
        programme(&self.sources[0])
    }

    /// A process' way to everything here.
    pub(crate) fn link(&self, name: &str) -> Arc<Link> {
        Link::new(
            name,
            Arc::clone(&self.dice),
            Arc::clone(&self.weather),
            Arc::clone(&self.history),
        )
    }

    /// What a process reaches over its way.
    pub(crate) fn ports(&self, link: &Arc<Link>) -> Ports {
        let sinks = self.sinks.iter();
        Ports {
            log: Arc::new(self.log.by(link)),
            store: Arc::new(self.store.by(link)),
            programmes: Arc::new(self.programmes.by(link)),
            sinks: sinks
                .map(|sink| Arc::new(sink.by(link)) as Arc<dyn EmissionSink>)
                .collect(),
        }
    }

    /// How many publications there are.
    pub(crate) fn published(&self) -> usize {
        self.programmes.published(&brand()).len()
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        (0..self.log.partitions()).map(Partition)
    }

    pub(crate) fn partition_of(&self, entity: &Entity) -> Partition {
        events::partition_of(&entity.brand, &entity.player, self.log.partitions())
    }

    pub(crate) fn count_repaired(&self, repaired: bool) {
        self.repaired.set(self.repaired.get() + u64::from(repaired));
    }

    /// Counts what the logs say of programmes, of which so many were published.
    pub(crate) fn count_changes(&self, published: usize) {
        let mut said = 0;
        for partition in self.partitions() {
            let records = self.log.history(partition);
            let changes = records
                .iter()
                .filter(|it| events::record::change(&it.body).is_some());
            said += changes.count();
        }
        let once = 2 * (published - 1) * self.partitions().count();
        let before = self.changes.get();
        self.changes.set(Changes {
            published: published - 1,
            repeated: said.saturating_sub(once),
            ..before
        });
    }

    /// Whether a log has ever said a logic version.
    pub(crate) fn has_moved(&self) -> bool {
        let mut all = self.partitions().flat_map(|it| self.log.history(it));
        all.any(|read| read.body == events::record::encode_logic(2))
    }

    /// Puts each partition of the log back to an older copy.
    pub(crate) fn restore_log(&self) {
        for partition in self.partitions() {
            let records = self.log.records(partition);
            let messages = records.last().map_or(0, |last| last.position.sequence);
            self.log.restore(partition, self.dice.below(messages + 1));
        }
    }

    /// Loses the newest messages of a partition, acknowledged or not; whoever sent them may send some of them again, later.
    pub(crate) fn lose_tail(&self) {
        let partition =
            Partition(u16::try_from(self.dice.below(self.log.partitions().into())).unwrap());
        let records = self.log.records(partition);
        let Some(last) = records.last() else { return };
        let lost = self.dice.below(last.position.sequence.min(12) + 1);
        let mut kept = last.position.sequence - lost;
        if self.dice.chance(500) {
            // What the head says of the log still stands: only snapshots past it speak of what is lost.
            let heads = self.store.heads_set(0);
            let of_it = heads.iter().rev().find(|set| set.partition == partition);
            kept = kept.max(of_it.map_or(0, |set| set.head.cursor.sequence));
        }
        if kept == last.position.sequence {
            return;
        }
        self.dice.count(Fault::TailLost);
        self.log.restore(partition, kept);
        let lost = records.into_iter().filter(|it| it.position.sequence > kept);
        let again = lost.filter(|_| self.dice.chance(500));
        let again = again.map(|it| {
            let recorded_at = Some(it.recorded_at);
            (
                partition,
                Entry {
                    recorded_at,
                    body: it.body,
                },
            )
        });
        let again: Vec<_> = again.collect();
        for sent in again.into_iter().rev() {
            self.to_append.borrow_mut().push_front(sent);
        }
    }

    /// Appends a part of what is left, or all of it, in batches, while virtual time passes.
    pub(crate) async fn append_some(&self, all: bool) {
        while let Some((partition, batch)) = self.next_batch(all) {
            self.log.put(partition, batch);
            if self.dice.chance(200) {
                tokio::time::sleep(Duration::from_millis(self.dice.below(400))).await;
            }
        }
    }

    /// As a publisher does it, which appends again what it was not told of: one batch is on its way at a time.
    pub(crate) async fn ingest_some(&self, log: &dyn EventLog, all: bool) {
        while let Some((partition, batch)) = self.next_batch(all) {
            loop {
                match log.append(partition, batch.clone()).await {
                    Ok(_) => break,
                    Err(AppendError::Unknown(_)) => self.dice.count(Fault::AppendedTwice),
                    Err(AppendError::Full | AppendError::Unavailable(_)) => {}
                }
                tokio::time::sleep(Duration::from_millis(20 + self.dice.below(500))).await;
            }
            if self.dice.chance(200) {
                tokio::time::sleep(Duration::from_millis(self.dice.below(400))).await;
            }
        }
    }

    /// A batch of what is left; none once a part of it has gone that the dice say, unless all is to go.
    fn next_batch(&self, all: bool) -> Option<(Partition, Vec<Entry>)> {
        if !all && self.dice.chance(60) {
            return None;
        }
        let mut left = self.to_append.borrow_mut();
        let (partition, first) = left.pop_front()?;
        let mut batch = vec![first];
        let most = 1 + self.dice.below(8);
        while (batch.len() as u64) < most && left.front().is_some_and(|(at, _)| *at == partition) {
            batch.extend(left.pop_front().map(|(_, entry)| entry));
        }
        Some((partition, batch))
    }

    /// Orders, refunds and cancellations of old ones, repeats, conflicts, ticks and bytes that are no record.
    fn plan(&self) {
        let dice = &self.dice;
        let mut clock = 1_300_000_000_000_000_000;
        let mut ids = 0;
        for _ in 0..40 + dice.below(400) {
            // What waits for an answer is told again by this clock: where it runs too fast, that is all there is.
            let most = if self.shared {
                3_600_000_000_000
            } else {
                20_000_000_000_000
            };
            clock += i64::try_from(dice.below(most)).unwrap();
            let recorded_at = Timestamp::from_nanos(clock);
            let put = |partition, body| {
                let entry = Entry { recorded_at, body };
                self.to_append.borrow_mut().push_back((partition, entry));
            };
            if dice.chance(20) {
                for partition in self.partitions() {
                    put(partition, events::record::encode_tick());
                }
                continue;
            }
            let entity = &self.entities[dice.below(self.entities.len() as u64) as usize];
            let partition = self.partition_of(entity);
            if dice.chance(10) {
                put(partition, Bytes::from_static(b"\xffnothing"));
                continue;
            }
            let repeated = ids > 0 && dice.chance(80);
            let id = if repeated { dice.below(ids) } else { ids };
            ids = ids.max(id + 1);
            let event = self.event(entity, id, repeated, Timestamp::from_nanos(clock).unwrap());
            let accepted_at = Timestamp::from_nanos(clock).unwrap();
            put(
                partition,
                events::record::encode(&entity.brand, accepted_at, &event, None),
            );
        }
    }

    fn event(&self, entity: &Entity, id: u64, repeated: bool, now: Timestamp) -> Event {
        let dice = &self.dice;
        let (kind, refers_to) = match dice.below(10) {
            0 | 1 if id > 0 => ("order_refunded", Some(dice.below(id))),
            2 => ("order_cancelled", None),
            3 if self.shared => ("mission_claimed", None),
            _ => ("order", None),
        };
        // A repeat mostly says what the first said; amounts by id make that likely.
        let amount = 5 + (id * 7) % 40 + if repeated && dice.chance(300) { 1 } else { 0 };
        Event {
            id: event_id(id),
            source: "shop".parse().unwrap(),
            kind: kind.into(),
            player: entity.player.clone(),
            occurred_at: now,
            amount: Some(amount.to_string().parse().unwrap()),
            currency: Some("GBP".parse().unwrap()),
            refers_to: refers_to.map(event_id),
            rate: None,
            attributes: Default::default(),
            sealed: None,
        }
    }
}

fn event_id(id: u64) -> EventId {
    format!("e{id}").parse().unwrap()
}

pub(crate) fn brand() -> BrandId {
    "shop".parse().unwrap()
}

/// Versions published after the first, at most.
const CHANGES: usize = 4;
