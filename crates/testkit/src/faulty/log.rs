//! A log in memory that is sometimes slow or unavailable, does not say whether it appended, steps its clock back, and loses its tail when
//! it is told to.

mod reader;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{AppendError, Appended, Entry, EventLog, LogReader, LogRecord, ReadError};
use reader::Reader;
use tokio::sync::{Notify, watch};
use types::{Partition, Position, Timestamp};

use super::{Crash, Dice, Fault, Link, Service};

/// Records by partition. A record without a time of its own gets its partition's last.
pub struct MemoryLog {
    partitions: Vec<Arc<Kept>>,
    incarnation: Arc<AtomicU64>,
    /// What its clock shows, where it has one.
    clock: Arc<Mutex<Option<Timestamp>>>,
    dice: Arc<Dice>,
    link: Arc<Link>,
}

struct Kept {
    records: Mutex<Vec<LogRecord>>,
    /// Everything that was ever appended, in order.
    history: Mutex<Vec<LogRecord>>,
    /// Everything after it is kept.
    floor: watch::Sender<Position>,
    /// Nobody can read it.
    away: watch::Sender<bool>,
    /// A reader was told so.
    told: Notify,
    length: watch::Sender<usize>,
}

impl Kept {
    fn history(&self) -> MutexGuard<'_, Vec<LogRecord>> {
        self.history
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn records(&self) -> MutexGuard<'_, Vec<LogRecord>> {
        self.records
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl MemoryLog {
    /// An empty log.
    pub fn new(partitions: u16, dice: Arc<Dice>) -> Self {
        let kept = || {
            Arc::new(Kept {
                records: Mutex::default(),
                history: Mutex::default(),
                floor: watch::Sender::new(Position::START),
                away: watch::Sender::new(false),
                told: Notify::new(),
                length: watch::Sender::new(0),
            })
        };
        Self {
            partitions: (0..partitions).map(|_| kept()).collect(),
            incarnation: Arc::new(AtomicU64::new(1)),
            clock: Arc::default(),
            link: Link::only(Arc::clone(&dice), Arc::default()),
            dice,
        }
    }

    /// The same log, in which an append is a step at which the process under test may be stopped, before and after.
    #[must_use]
    pub fn with(mut self, crash: Arc<Crash>) -> Self {
        self.link = Link::only(Arc::clone(&self.dice), crash);
        self
    }

    /// The same log, reached by another process.
    #[must_use]
    pub fn by(&self, link: &Arc<Link>) -> Self {
        Self {
            partitions: self.partitions.clone(),
            incarnation: Arc::clone(&self.incarnation),
            clock: Arc::clone(&self.clock),
            dice: Arc::clone(&self.dice),
            link: Arc::clone(link),
        }
    }

    /// Appends without fail.
    pub fn put(&self, partition: Partition, entries: Vec<Entry>) -> Appended {
        let kept = &self.partitions[usize::from(partition.0)];
        let mut records = kept.records();
        let sequence = records.last().map_or(0, |last| last.position.sequence);
        let mut clock = clock(&records);
        // Another leader, whose clock is behind.
        let behind = match self.dice.strikes(Fault::ClockStep) {
            true => i64::try_from(self.dice.below(7_200)).unwrap_or(0) * 1_000_000_000,
            false => 0,
        };
        let first = Position {
            sequence: sequence + 1,
            index: 0,
        };
        for (index, entry) in (0..).zip(entries) {
            clock = entry.recorded_at.map_or(clock, |at| clock.max(at));
            records.push(LogRecord {
                position: Position { index, ..first },
                recorded_at: Timestamp::from_nanos(clock.nanos().saturating_sub(behind))
                    .unwrap_or(clock),
                body: entry.body,
            });
        }
        let new = records.iter().rev();
        let mut new: Vec<_> = new
            .take_while(|record| record.position.sequence == first.sequence)
            .cloned()
            .collect();
        new.reverse();
        kept.history().append(&mut new);
        kept.length.send_replace(records.len());
        Appended { first }
    }

    /// Gives the log a clock, which stands.
    pub fn set_clock(&self, shows: Timestamp) {
        *self
            .clock
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(shows);
    }

    /// Keeps a partition from being read, and returns when a reader has found that.
    pub async fn cut_off(&self, partition: Partition) {
        let kept = &self.partitions[usize::from(partition.0)];
        kept.away.send_replace(true);
        kept.told.notified().await;
    }

    /// Lets the partition be read again.
    pub fn mend(&self, partition: Partition) {
        self.partitions[usize::from(partition.0)]
            .away
            .send_replace(false);
    }

    /// Waits until a partition is truncated up to a position, or further; gives how far.
    pub async fn truncated(&self, partition: Partition, to: Position) -> Position {
        let mut floor = self.partitions[usize::from(partition.0)].floor.subscribe();
        // The sender lives as long as this.
        floor
            .wait_for(|floor| *floor >= to)
            .await
            .map_or(to, |floor| *floor)
    }

    /// The log is another one from now on, which has the same records.
    pub fn set_incarnation(&self, incarnation: u64) {
        self.incarnation.store(incarnation, Ordering::SeqCst);
    }

    /// Everything in a partition, in order; what was truncated included.
    pub fn records(&self, partition: Partition) -> Vec<LogRecord> {
        self.partitions[usize::from(partition.0)].records().clone()
    }

    /// Everything that was ever appended to a partition, in order; what a restore lost included.
    pub fn history(&self, partition: Partition) -> Vec<LogRecord> {
        self.partitions[usize::from(partition.0)].history().clone()
    }

    /// What was ever appended to a partition after the first so many records, in order.
    pub fn history_after(&self, partition: Partition, seen: usize) -> Vec<LogRecord> {
        let kept = self.partitions[usize::from(partition.0)].history();
        kept.get(seen..)
            .map_or_else(Vec::new, <[LogRecord]>::to_vec)
    }

    /// Loses a message that others follow: its readers say that there is a gap.
    pub fn lose(&self, partition: Partition, message: u64) {
        let kept = &self.partitions[usize::from(partition.0)];
        let mut there = kept.records();
        there.retain(|record| record.position.sequence != message);
        kept.length.send_replace(there.len());
    }

    /// Puts a partition back to an older copy, which had so many messages. A reader past them, or woken when another record stands
    /// where it was, says that it is another log.
    pub fn restore(&self, partition: Partition, messages: u64) {
        let kept = &self.partitions[usize::from(partition.0)];
        let mut there = kept.records();
        there.retain(|record| record.position.sequence <= messages);
        kept.length.send_replace(there.len());
    }
}

impl MemoryLog {
    async fn enter(&self) -> Result<(), ReadError> {
        self.dice.pause(5).await;
        let reached = self.link.reach(Service::Log).await;
        reached.map_err(ReadError::Unavailable)?;
        if self.dice.strikes(Fault::LogRefused) {
            return Err(ReadError::Unavailable("seeded".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    fn partitions(&self) -> u16 {
        u16::try_from(self.partitions.len()).unwrap_or(u16::MAX)
    }

    fn incarnation(&self) -> u64 {
        self.incarnation.load(Ordering::SeqCst)
    }

    async fn begin_incarnation(&self, ended: u64) -> Result<u64, ReadError> {
        self.enter().await?;
        let next = ended + 1;
        let swapped =
            self.incarnation
                .compare_exchange(ended, next, Ordering::SeqCst, Ordering::SeqCst);
        match swapped {
            Ok(_) => Ok(next),
            Err(now) if now == next => Ok(next),
            Err(_) => Err(ReadError::OtherIncarnation),
        }
    }

    async fn append(
        &self,
        partition: Partition,
        entries: Vec<Entry>,
    ) -> Result<Appended, AppendError> {
        self.link.crash().step().await;
        self.dice.pause(20).await;
        let reached = self.link.reach(Service::Log).await;
        reached.map_err(AppendError::Unavailable)?;
        if self.dice.strikes(Fault::AppendRefused) {
            return Err(AppendError::Unavailable("seeded".to_owned()));
        }
        let count = entries.len();
        let appended = self.put(partition, entries);
        self.link.crash().step().await;
        self.dice.pause(20).await;
        self.link.disk(Service::Log).await;
        let unknown = !self.link.is_open(Service::Log) || self.dice.strikes(Fault::AppendUnknown);
        self.link.note(|| {
            let outcome = if unknown { ", and is not told" } else { "" };
            format!(
                "appends {count} at {} of {partition}{outcome}",
                appended.first
            )
        });
        match unknown {
            true => Err(AppendError::Unknown("seeded".to_owned())),
            false => Ok(appended),
        }
    }

    async fn read(
        &self,
        partition: Partition,
        after: Position,
    ) -> Result<Box<dyn LogReader>, ReadError> {
        self.enter().await?;
        let kept = Arc::clone(&self.partitions[usize::from(partition.0)]);
        if *kept.away.borrow() {
            return Err(ReadError::Unavailable("cut off".to_owned()));
        }
        let first = *kept.floor.borrow();
        if after < first {
            return Err(ReadError::Truncated { first });
        }
        let next = kept
            .records()
            .partition_point(|record| record.position <= after);
        let last = next.checked_sub(1).map(|at| kept.records()[at].clone());
        let at = last.as_ref().map_or(Position::START, |last| last.position);
        let given = match after.index {
            // A place between two messages.
            u32::MAX => at.sequence == after.sequence,
            _ => at == after,
        };
        if !given {
            return Err(ReadError::OtherIncarnation);
        }
        Ok(Box::new(Reader {
            length: kept.length.subscribe(),
            kept,
            next,
            last,
            clock: Timestamp::MIN,
            partition,
            dice: Arc::clone(&self.dice),
            link: Arc::clone(&self.link),
        }))
    }

    /// Sometimes keeps more than it would have to.
    async fn truncate(
        &self,
        partition: Partition,
        cursor: Position,
        recorded_before: Timestamp,
    ) -> Result<Position, ReadError> {
        self.dice.pause(5).await;
        if self.dice.fault(100) {
            return Err(ReadError::Unavailable("seeded".to_owned()));
        }
        let kept = &self.partitions[usize::from(partition.0)];
        let records = kept.records();
        let given = |record: &LogRecord| record.position.sequence == cursor.sequence;
        if cursor != Position::START && !records.iter().any(given) {
            return Err(ReadError::OtherIncarnation);
        }
        let goes =
            |record: &&LogRecord| record.position <= cursor && record.recorded_at < recorded_before;
        let mut gone: Vec<Position> = records
            .iter()
            .take_while(goes)
            .map(|record| record.position)
            .collect();
        if self.dice.fault(300) {
            gone.pop();
        }
        let reached = gone.pop().unwrap_or(Position::START);
        kept.floor.send_modify(|floor| *floor = reached.max(*floor));
        Ok(*kept.floor.borrow())
    }

    async fn clock(&self) -> Result<Option<Timestamp>, ReadError> {
        let clock = self.clock.lock();
        Ok(*clock.unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    async fn end(&self, partition: Partition) -> Result<(Position, Timestamp), ReadError> {
        let records = self.partitions[usize::from(partition.0)].records();
        let last = records.last();
        let position = last.map_or(Position::START, |record| record.position);
        Ok((position, clock(&records)))
    }
}

/// The time that the log has come to.
fn clock(records: &[LogRecord]) -> Timestamp {
    let times = records.iter().map(|record| record.recorded_at);
    times.max().unwrap_or(Timestamp::MIN)
}
