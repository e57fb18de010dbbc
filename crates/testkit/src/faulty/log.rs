//! A log in memory that is sometimes slow or unavailable, or does not say whether it appended, and never wrong.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{AppendError, Appended, Entry, EventLog, LogReader, LogRecord, ReadError};
use tokio::sync::{Notify, watch};
use types::{Partition, Position, Timestamp};

use super::{Crash, Dice};

/// Records by partition. A record without a time of its own gets its partition's last.
pub struct MemoryLog {
    partitions: Vec<Arc<Kept>>,
    incarnation: Arc<AtomicU64>,
    /// What its clock shows, where it has one.
    clock: Mutex<Option<Timestamp>>,
    dice: Arc<Dice>,
    crash: Option<Arc<Crash>>,
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
            clock: Mutex::default(),
            dice,
            crash: None,
        }
    }

    /// The same log, in which an append is a step at which the process under test may be stopped, before and after.
    #[must_use]
    pub fn with(mut self, crash: Arc<Crash>) -> Self {
        self.crash = Some(crash);
        self
    }

    async fn step(&self) {
        if let Some(crash) = &self.crash {
            crash.step().await;
        }
    }

    /// Appends without fail.
    pub fn put(&self, partition: Partition, entries: Vec<Entry>) -> Appended {
        let kept = &self.partitions[usize::from(partition.0)];
        let mut records = kept.records();
        let last = records
            .last()
            .map(|record| (record.position.sequence, record.recorded_at));
        let (sequence, mut clock) = last.unwrap_or((0, Timestamp::MIN));
        let first = Position {
            sequence: sequence + 1,
            index: 0,
        };
        for (index, entry) in (0..).zip(entries) {
            clock = entry.recorded_at.map_or(clock, |at| clock.max(at));
            records.push(LogRecord {
                position: Position { index, ..first },
                recorded_at: clock,
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

#[async_trait]
impl EventLog for MemoryLog {
    fn partitions(&self) -> u16 {
        u16::try_from(self.partitions.len()).unwrap_or(u16::MAX)
    }

    fn incarnation(&self) -> u64 {
        self.incarnation.load(Ordering::SeqCst)
    }

    async fn begin_incarnation(&self, ended: u64) -> Result<u64, ReadError> {
        self.dice.pause(5).await;
        if self.dice.fault(100) {
            return Err(ReadError::Unavailable("seeded".to_owned()));
        }
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
        self.step().await;
        self.dice.pause(20).await;
        if self.dice.fault(150) {
            return Err(AppendError::Unavailable("seeded".to_owned()));
        }
        let appended = self.put(partition, entries);
        self.step().await;
        self.dice.pause(20).await;
        match self.dice.fault(150) {
            true => Err(AppendError::Unknown("seeded".to_owned())),
            false => Ok(appended),
        }
    }

    async fn read(
        &self,
        partition: Partition,
        after: Position,
    ) -> Result<Box<dyn LogReader>, ReadError> {
        self.dice.pause(5).await;
        if self.dice.fault(100) {
            return Err(ReadError::Unavailable("seeded".to_owned()));
        }
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
            dice: Arc::clone(&self.dice),
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
        Ok(last.map_or((Position::START, Timestamp::MIN), |record| {
            (record.position, record.recorded_at)
        }))
    }
}

struct Reader {
    kept: Arc<Kept>,
    length: watch::Receiver<usize>,
    next: usize,
    /// The record before the next.
    last: Option<LogRecord>,
    dice: Arc<Dice>,
}

#[async_trait]
impl LogReader for Reader {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogRecord>, ReadError> {
        self.dice.pause(5).await;
        if self.dice.fault(30) {
            return Err(ReadError::Unavailable("seeded".to_owned()));
        }
        let next = self.next;
        let mut away = self.kept.away.subscribe();
        let away = async { away.wait_for(|away| *away).await.is_ok() };
        let more = async { self.length.wait_for(|length| *length != next).await.is_ok() };
        let (cut_off, more) = tokio::select! {
            biased;
            cut_off = away => (cut_off, false),
            more = more => (false, more),
        };
        if cut_off {
            self.kept.told.notify_one();
            return Err(ReadError::Unavailable("cut off".to_owned()));
        }
        if !more {
            return Err(ReadError::Unavailable("the log is gone".to_owned()));
        }
        let first = *self.kept.floor.borrow();
        if self
            .last
            .as_ref()
            .map_or(Position::START, |last| last.position)
            < first
        {
            return Err(ReadError::Truncated { first });
        }
        let records = self.kept.records();
        let before = next.checked_sub(1).and_then(|at| records.get(at));
        if records.len() < next || before != self.last.as_ref() {
            return Err(ReadError::OtherIncarnation);
        }
        let most = if self.dice.is_calm() {
            limit
        } else {
            limit.min(1 + usize::try_from(self.dice.below(20)).unwrap_or(0))
        };
        let end = records.len().min(self.next + most);
        let mut at = before.map_or(Position::START, |before| before.position);
        let mut read = Vec::new();
        for record in &records[self.next..end] {
            if record.position.sequence > at.sequence + 1 {
                break;
            }
            at = record.position;
            read.push(record.clone());
        }
        if read.is_empty() {
            return Err(ReadError::Gap { after: at });
        }
        self.last = read.last().cloned();
        self.next += read.len();
        Ok(read)
    }
}
