//! A log in memory that can be told to fail or to wait, and answers about players taken from it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use ingest_service::preview::Preview;
use ingest_service::{
    Applied, Draft, JournalAnswer, OutcomeAnswer, PlayerAnswer, PreviewAnswer, Queries, QueryError,
};
use ports::{AppendError, Appended, Entity, Entry, EventLog, LogReader, LogRecord, ReadError};
use serde_json::value::RawValue;
use tokio::sync::watch;
use types::{Body, BrandId, Event, EventId, Partition, PlayerId, Position, SourceId, Timestamp};

/// Makes the error of an append.
pub(crate) type Failure = fn() -> AppendError;

pub(crate) struct FakeLog {
    partitions: Vec<Mutex<Vec<Vec<Entry>>>>,
    /// How appends to each partition end: `None` is well.
    failing: Mutex<Vec<Option<Failure>>>,
    /// Appends wait while this is true.
    held: watch::Sender<bool>,
    /// What stood up to here is gone, in every partition.
    pub(crate) cut: Mutex<Position>,
    /// Appends that began.
    pub(crate) began: watch::Sender<usize>,
}

impl FakeLog {
    pub(crate) fn new(partitions: usize) -> Self {
        Self {
            partitions: (0..partitions).map(|_| Mutex::default()).collect(),
            failing: Mutex::new(vec![None; partitions]),
            held: watch::Sender::new(false),
            cut: Mutex::new(Position::START),
            began: watch::Sender::new(0),
        }
    }

    pub(crate) fn fail(&self, partition: Partition, how: Option<Failure>) {
        self.failing.lock().unwrap()[usize::from(partition.0)] = how;
    }

    pub(crate) fn fail_all(&self, how: Option<Failure>) {
        self.failing.lock().unwrap().fill(how);
    }

    pub(crate) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Messages of a partition: the entries of each.
    pub(crate) fn messages(&self, partition: Partition) -> Vec<Vec<Entry>> {
        self.partitions[usize::from(partition.0)]
            .lock()
            .unwrap()
            .clone()
    }

    /// What a reader of a partition gets.
    fn records(&self, partition: Partition) -> Vec<LogRecord> {
        let numbered = (1..).zip(self.messages(partition));
        let records = numbered.flat_map(|(sequence, entries)| {
            (0..).zip(entries).map(move |(index, entry)| LogRecord {
                position: Position { sequence, index },
                recorded_at: Timestamp::MIN,
                body: entry.body,
            })
        });
        records.collect()
    }

    /// Every event, partition by partition, with its brand and trace context.
    pub(crate) fn events(&self) -> Vec<(BrandId, Event, Option<Box<str>>)> {
        let mut events = Vec::new();
        for partition in 0..self.partitions.len() {
            for entry in self.messages(Partition(partition as u16)).concat() {
                let record =
                    events::record::decode(Position::START, Timestamp::MIN, &entry.body).unwrap();
                if let Body::Event {
                    brand,
                    event,
                    traceparent,
                    ..
                } = record.body
                {
                    events.push((brand, *event, traceparent));
                }
            }
        }
        events
    }
}

#[async_trait]
impl EventLog for FakeLog {
    fn partitions(&self) -> u16 {
        self.partitions.len() as u16
    }

    fn incarnation(&self) -> u64 {
        1
    }

    async fn begin_incarnation(&self, ended: u64) -> Result<u64, ReadError> {
        Ok(ended)
    }

    async fn append(
        &self,
        partition: Partition,
        entries: Vec<Entry>,
    ) -> Result<Appended, AppendError> {
        self.began.send_modify(|began| *began += 1);
        self.held.subscribe().wait_for(|held| !held).await.unwrap();
        if let Some(error) = self.failing.lock().unwrap()[usize::from(partition.0)] {
            return Err(error());
        }
        assert!(!entries.is_empty());
        let mut messages = self.partitions[usize::from(partition.0)].lock().unwrap();
        messages.push(entries);
        let first = Position {
            sequence: messages.len() as u64,
            index: 0,
        };
        Ok(Appended { first })
    }

    async fn read(
        &self,
        partition: Partition,
        after: Position,
    ) -> Result<Box<dyn LogReader>, ReadError> {
        let first = *self.cut.lock().unwrap();
        if after < first {
            return Err(ReadError::Truncated { first });
        }
        let records = self.records(partition).into_iter();
        let records = records.filter(|record| record.position > after).collect();
        Ok(Box::new(FakeReader(records)))
    }

    async fn end(&self, partition: Partition) -> Result<(Position, Timestamp), ReadError> {
        let last = self.records(partition).pop();
        let last = last.map(|last| (last.position, last.recorded_at));
        Ok(last.unwrap_or((Position::START, Timestamp::MIN)))
    }
}

/// Gives what was there when it was made, then waits for ever.
struct FakeReader(Vec<LogRecord>);

#[async_trait]
impl LogReader for FakeReader {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogRecord>, ReadError> {
        if self.0.is_empty() {
            std::future::pending::<()>().await;
        }
        let count = limit.min(self.0.len());
        Ok(self.0.drain(..count).collect())
    }
}

/// Knows the players it was told of, as if each had had one order.
#[derive(Default)]
pub(crate) struct FakePlayers {
    pub(crate) known: Mutex<BTreeSet<Entity>>,
    pub(crate) failing: Mutex<Option<QueryError>>,
    pub(crate) drained: Mutex<Vec<(Partition, Position)>>,
}

impl FakePlayers {
    pub(crate) fn add(&self, brand: &str, player: &str) {
        let entity = Entity {
            brand: brand.parse().unwrap(),
            player: player.parse().unwrap(),
        };
        self.known.lock().unwrap().insert(entity);
    }

    fn knows(&self, entity: &Entity) -> Result<bool, QueryError> {
        match *self.failing.lock().unwrap() {
            Some(error) => Err(error),
            None => Ok(self.known.lock().unwrap().contains(entity)),
        }
    }
}

fn json(value: serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn line(entity: &Entity) -> serde_json::Value {
    serde_json::json!({"player": entity.player, "balances": {"xp": "10"}, "tiers": {"loyalty": "silver"},
        "missions": {"m": {"completed": 1, "progress": "2", "period": null}}, "applied": 1})
}

#[async_trait]
impl Queries for FakePlayers {
    async fn player(&self, entity: &Entity) -> Result<Option<PlayerAnswer>, QueryError> {
        let mut view = line(entity);
        view["as_of"] = "0/1.0".into();
        let answer = PlayerAnswer {
            line: json(line(entity)),
            view: json(view),
            profile: json(serde_json::json!({"attributes": {"name": "Ann"}, "segments": []})),
            as_of: Position::START,
        };
        Ok(self.knows(entity)?.then_some(answer))
    }

    async fn journal(
        &self,
        entity: &Entity,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Option<JournalAnswer>, QueryError> {
        let newest = before.unwrap_or(5);
        let numbers = (0..newest).rev().take(limit);
        let entries: Vec<_> = numbers
            .clone()
            .map(|number| json(serde_json::json!({"number": number})))
            .collect();
        let next_before = numbers.last().filter(|oldest| *oldest > 0);
        Ok(self.knows(entity)?.then_some(JournalAnswer {
            entries,
            next_before,
            player: before.is_none().then(|| json(line(entity))),
        }))
    }

    async fn explain(
        &self,
        entity: &Entity,
        source: &SourceId,
        event: &EventId,
    ) -> Result<Option<Box<RawValue>>, QueryError> {
        let explanation = json(serde_json::json!({"source": source, "event": event}));
        Ok((self.knows(entity)? && event.as_str() != "none").then_some(explanation))
    }

    async fn outcome(
        &self,
        entity: &Entity,
        position: Position,
    ) -> Result<OutcomeAnswer, QueryError> {
        let new = !self.knows(entity)?;
        let emission = serde_json::json!({"type": "points_earned", "sequence": position.sequence});
        Ok(OutcomeAnswer {
            status: if new {
                Applied::Applied
            } else {
                Applied::Refused
            },
            code: if new { "".into() } else { "unmatched".into() },
            emissions: if new {
                vec![json(emission)]
            } else {
                Vec::new()
            },
        })
    }

    async fn players(
        &self,
        partition: Partition,
        brand: &BrandId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<Vec<PlayerId>, QueryError> {
        let known = self.known.lock().unwrap();
        let of_brand = known.iter().filter(|entity| entity.brand == *brand);
        let of_partition =
            of_brand.filter(|entity| events::partition_of(brand, &entity.player, 4) == partition);
        let players = of_partition
            .map(|entity| entity.player.clone())
            .filter(|player| after.is_none_or(|after| player > after));
        Ok(players.take(limit).collect())
    }

    async fn preview(
        &self,
        partition: Partition,
        draft: Draft<'_>,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<PreviewAnswer, QueryError> {
        let mut sums = Preview::default();
        let found = self.players(partition, draft.brand, after, limit).await?;
        (sums.players, sums.affected) = (found.len() as u64, found.len() as u64);
        let tier = sums.tiers.entry("loyalty".to_owned()).or_default();
        for player in &found {
            tier.moved("silver", "gold").count(player.to_string());
        }
        let next = found.last().filter(|_| found.len() == limit).cloned();
        Ok(PreviewAnswer { sums, next })
    }

    async fn drained(&self, positions: &[(Partition, Position)]) -> Result<(), QueryError> {
        self.drained.lock().unwrap().extend(positions);
        Ok(())
    }

    fn ready(&self) -> bool {
        self.failing.lock().unwrap().is_none()
    }
}
