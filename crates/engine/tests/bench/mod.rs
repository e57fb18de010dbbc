//! Ports that behave, and an engine on threads of its own over them.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{
    Clock, Engine, EngineConfig, EngineError, EngineHandle, Logic, Pace, Programmes, QueryError,
    Retention, Threads, Turn, Versions,
};
use ports::{
    EmissionSink, Entity, Entry, EventLog, Head, LogRecord, OwnerId, Row, Stamp, StateStore,
};
use serde_json::Value;
use testkit::faulty::{Crash, Dice, FaultySink, FaultyStore, MemoryLog};
use tokio::sync::mpsc;
use types::{Event, Partition, Position, Record, Timestamp};

pub(crate) const PROGRAMME: &str = r#"
programme: bench
brand: shop
timezone: Europe/London
currency: GBP
points: {xp: {kind: status}}
earn:
  - {id: order_xp, on: order, give: {points: xp, rate: 10, per: "1.00", of: amount}}
missions:
  - {id: first, goal: {count: order, target: 1}, window: once, reward: [{points: xp, fixed: 5}]}
"#;

/// What an engine is started from.
type Parts = (
    EngineConfig,
    Versions,
    Arc<dyn EventLog>,
    Arc<dyn StateStore>,
    Vec<Arc<dyn EmissionSink>>,
);

/// What a server's clock shows.
pub(crate) const NOW: i64 = 1_700_000_000_000_000_000;
const SECOND: i64 = 1_000_000_000;

pub(crate) struct Bench {
    pub(crate) dice: Arc<Dice>,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) store: Arc<FaultyStore>,
    sink: Arc<FaultySink>,
    pub(crate) crash: Arc<Crash>,
    programmes: Programmes,
    pub(crate) logic: Logic,
    pub(crate) threads: Threads,
    pub(crate) retention: Option<Retention>,
    /// Between the recorded times of two records of a partition, in seconds.
    pub(crate) step: i64,
}

/// The snapshot as if another epoch had written it: the wrapper is a version byte, then the epoch.
pub(crate) fn of_epoch(snapshot: &Bytes, epoch: u64) -> Bytes {
    let mut bytes = snapshot.to_vec();
    bytes[1..9].copy_from_slice(&epoch.to_le_bytes());
    bytes.into()
}

impl Bench {
    pub(crate) fn new(programme: &str) -> Self {
        let dice = Arc::new(Dice::new(1));
        dice.set_calm(true);
        Self::over(programme, 3, dice)
    }

    /// A bench whose ports misbehave as the dice say.
    pub(crate) fn over(programme: &str, partitions: u16, dice: Arc<Dice>) -> Self {
        let crash = Arc::new(Crash::default());
        let mut bench = Self {
            crash: Arc::clone(&crash),
            log: Arc::new(MemoryLog::new(partitions, Arc::clone(&dice))),
            store: Arc::new(FaultyStore::new(Arc::clone(&dice), crash)),
            sink: Arc::new(FaultySink::new("all", |_| true, Arc::clone(&dice))),
            dice,
            programmes: Programmes::default(),
            logic: Logic::default(),
            threads: Threads::Own(2),
            retention: None,
            step: 0,
        };
        bench.set_programme(programme);
        bench
    }

    pub(crate) fn set_programme(&mut self, source: &str) {
        match programme::compile("bench.yaml", source) {
            Ok(programme) => self.programmes = [programme].into_iter().collect(),
            Err(diagnostics) => panic!("{diagnostics}"),
        }
    }

    pub(crate) async fn start(&self) -> Result<EngineHandle, EngineError> {
        let (config, versions, log, store, sinks) = self.parts(7);
        Engine::start(config, versions, log, store, sinks).await
    }

    /// An engine that owns nothing, as a process of its own.
    pub(crate) fn open(&self, owner: u128) -> (EngineHandle, mpsc::UnboundedReceiver<Turn>) {
        let (config, versions, log, store, sinks) = self.parts(owner);
        Engine::open(config, versions, log, store, sinks).unwrap()
    }

    /// An engine that owns nothing, over what is published.
    pub(crate) fn open_under(
        &self,
        owner: u128,
        versions: &Arc<Versions>,
    ) -> (EngineHandle, mpsc::UnboundedReceiver<Turn>) {
        let (config, _, log, store, sinks) = self.parts(owner);
        Engine::open(config, Arc::clone(versions), log, store, sinks).unwrap()
    }

    fn parts(&self, owner: u128) -> Parts {
        let now = || Timestamp::from_nanos(NOW).unwrap();
        let config = EngineConfig {
            threads: self.threads,
            retention: self.retention,
            pace: Pace {
                head_interval: Duration::from_millis(20),
                ..Pace::default()
            },
            ..EngineConfig::new(OwnerId(owner), Clock::Event, now)
        };
        let (log, store) = (Arc::clone(&self.log), Arc::clone(&self.store));
        let versions = Versions::fixed(self.programmes.clone(), self.logic.clone()).unwrap();
        (
            config,
            versions,
            log,
            store,
            vec![Arc::clone(&self.sink) as Arc<dyn EmissionSink>],
        )
    }

    pub(crate) fn entity(&self, player: &str) -> Entity {
        Entity {
            brand: "shop".parse().unwrap(),
            player: player.parse().unwrap(),
        }
    }

    /// Appends an order and says where it stands.
    pub(crate) async fn order(&self, player: &str, id: &str, amount: &str) -> Position {
        let entity = self.entity(player);
        let at: Timestamp = "2024-03-01T10:00:00Z".parse().unwrap();
        let event = Event {
            id: id.parse().unwrap(),
            source: "shop".parse().unwrap(),
            kind: "order".into(),
            player: entity.player.clone(),
            occurred_at: at,
            amount: Some(amount.parse().unwrap()),
            currency: Some("GBP".parse().unwrap()),
            refers_to: None,
            rate: None,
            attributes: Default::default(),
            sealed: None,
        };
        let body = events::record::encode(&entity.brand, at, &event, None);
        self.append(&entity, body).await
    }

    /// The partition's log says a logic version.
    pub(crate) fn say_logic(&self, partition: Partition, version: u32) {
        let entry = Entry {
            recorded_at: None,
            body: events::record::encode_logic(version),
        };
        self.log.put(partition, vec![entry]);
    }

    /// Appends bytes that are no record, where the player's records are.
    pub(crate) async fn poison(&self, player: &str) {
        let body = Bytes::from_static(b"\xffpoison");
        self.append(&self.entity(player), body).await;
    }

    /// Damages the player's snapshot, and gives back what it was and the stamp that puts it right.
    pub(crate) async fn break_snapshot(&self, player: &str) -> (Bytes, Stamp) {
        let good = self.snapshot(player).await;
        let stamp = self.next_stamp(player).await;
        self.write_snapshot(player, stamp, Bytes::from_static(b"damaged"))
            .await;
        (good, Stamp(stamp.0 + 1))
    }

    /// The player's line, and the ids of what it caused, as the oracle has them.
    pub(crate) fn oracle(&self, player: &str) -> (Value, BTreeSet<String>) {
        let entity = self.entity(player);
        let records = self.log.history(self.partition_of(&entity)).into_iter();
        let decode = |read: LogRecord| {
            events::record::decode(read.position, read.recorded_at, &read.body).ok()
        };
        let records: Vec<Record> = records.filter_map(decode).collect();
        let programme = self.programmes.get(&entity.brand).unwrap();
        let until = records.last().map(|record| record.recorded_at);
        let outcome = testkit::oracle::fold(programme, &entity.brand, &records, until);
        let is_of = |line: &Value| line["player"] == player;
        let line = outcome.players.into_iter().find(is_of).unwrap();
        let emissions = outcome.emissions.iter().filter(|line| is_of(line));
        let id = |line: &Value| line["id"].as_str().unwrap().to_owned();
        (line, emissions.map(id).collect())
    }

    /// The player's line as the engine answers it, and the ids that a gateway was sent.
    pub(crate) async fn seen(
        &self,
        engine: &EngineHandle,
        player: &str,
    ) -> (Value, BTreeSet<String>) {
        let found = engine.player(&self.entity(player)).await.unwrap().unwrap();
        let received = self.sink.received().into_iter();
        let ids = received
            .filter(|one| *one.outgoing.player == *player)
            .map(|one| one.outgoing.id.to_string());
        (
            serde_json::to_value(found.view.line()).unwrap(),
            ids.collect(),
        )
    }

    /// Puts the player's partition of the log back to its first so many messages.
    pub(crate) fn restore_log(&self, player: &str, messages: u64) {
        self.log
            .restore(self.partition_of(&self.entity(player)), messages);
    }

    /// Loses a message of the player's partition that others follow.
    pub(crate) fn lose_message(&self, player: &str, message: u64) {
        self.log
            .lose(self.partition_of(&self.entity(player)), message);
    }

    /// Another owner finds that the log is an older copy, and says so.
    pub(crate) async fn told_by_another(&self) {
        let stands = self.log.incarnation();
        self.log.begin_incarnation(stands).await.unwrap();
    }

    /// The incarnation at which the log stands.
    pub(crate) fn incarnation(&self) -> u64 {
        self.log.incarnation()
    }

    pub(crate) async fn damage_snapshot(&self, player: &str) {
        self.put_snapshot(player, Bytes::from_static(b"damaged"))
            .await;
    }

    pub(crate) async fn snapshot(&self, player: &str) -> Bytes {
        let entity = self.entity(player);
        let partition = self.partition_of(&entity);
        let rows = self.store.snapshots(partition, &[entity]).await.unwrap();
        rows[0].clone().unwrap()
    }

    /// Writes a snapshot over whatever is there.
    pub(crate) async fn put_snapshot(&self, player: &str, bytes: Bytes) {
        self.write_snapshot(player, Stamp(i64::MAX), bytes).await;
    }

    pub(crate) async fn write_snapshot(&self, player: &str, stamp: Stamp, bytes: Bytes) {
        let entity = self.entity(player);
        let partition = self.partition_of(&entity);
        let row = Row::Snapshot { entity, bytes };
        let written = self.store.write(partition, stamp, vec![row]);
        written.await.unwrap();
    }

    /// The row that lifts a player lands, of the owner before the last takeover.
    pub(crate) async fn lift_late(&self, player: &str) {
        let entity = self.entity(player);
        let partition = self.partition_of(&entity);
        let stamp = Stamp(self.head(partition).await.epoch_stamp.0 - 1);
        let bytes = Bytes::from_static(&[0]);
        let row = Row::Quarantine { entity, bytes };
        self.store.write(partition, stamp, vec![row]).await.unwrap();
    }

    /// The partition's head.
    pub(crate) async fn head(&self, partition: Partition) -> Head {
        self.store.head(partition).await.unwrap().unwrap()
    }

    /// The stamp after the last one used in the player's partition.
    pub(crate) async fn next_stamp(&self, player: &str) -> Stamp {
        let partition = self.partition_of(&self.entity(player));
        let head = self.store.head(partition).await.unwrap().unwrap();
        Stamp(head.last_stamp.0 + 1)
    }

    /// How often a gateway was sent anything.
    pub(crate) fn received(&self) -> usize {
        self.sink.received().len()
    }

    /// Bytes of snapshots and segments that the store has given out.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.store.bytes_read()
    }

    /// Waits until everything appended is folded and acknowledged.
    pub(crate) async fn drained(&self, engine: &EngineHandle) {
        self.try_drained(engine).await.unwrap();
    }

    pub(crate) async fn try_drained(&self, engine: &EngineHandle) -> Result<(), QueryError> {
        let mut ends = Vec::new();
        for partition in (0..self.log.partitions()).map(Partition) {
            ends.push((partition, self.log.end(partition).await.unwrap().0));
        }
        engine.drained(&ends).await
    }

    /// Waits until everything appended for the player is folded and acknowledged.
    pub(crate) async fn drained_of(&self, engine: &EngineHandle, player: &str) {
        let partition = self.partition_of(&self.entity(player));
        let (end, _) = self.log.end(partition).await.unwrap();
        engine.drained(&[(partition, end)]).await.unwrap();
    }

    /// A known id with another body would be an alarm at a gateway.
    pub(crate) fn assert_no_id_has_two_bodies(&self) {
        let mut bodies = BTreeMap::new();
        for one in self.sink.received() {
            let body = one.outgoing.body.clone();
            let before = bodies.entry(one.outgoing.id.to_string()).or_insert(body);
            assert_eq!(*before, one.outgoing.body, "{}", one.outgoing.id);
        }
    }

    async fn append(&self, entity: &Entity, body: Bytes) -> Position {
        let partition = self.partition_of(entity);
        let steps = self.log.records(partition).len() as i64;
        let at = 1_709_287_200 * SECOND + steps * self.step * SECOND;
        let entry = Entry {
            recorded_at: Timestamp::from_nanos(at),
            body,
        };
        self.log.put(partition, vec![entry]).first
    }

    pub(crate) fn partition_of(&self, entity: &Entity) -> Partition {
        events::partition_of(&entity.brand, &entity.player, self.log.partitions())
    }
}
