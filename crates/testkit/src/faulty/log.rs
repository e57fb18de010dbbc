//! A log in memory that is sometimes slow or unavailable, or does not say whether it appended, and never wrong.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{AppendError, Appended, Entry, EventLog, LogReader, LogRecord, ReadError};
use tokio::sync::watch;
use types::{Partition, Position, Timestamp};

use super::{Crash, Dice};

/// Records by partition. A record without a time of its own gets its partition's last.
pub struct MemoryLog {
    partitions: Vec<Arc<Kept>>,
    dice: Arc<Dice>,
    crash: Option<Arc<Crash>>,
}

struct Kept {
    records: Mutex<Vec<LogRecord>>,
    /// Everything that was ever appended, in order.
    history: Mutex<Vec<LogRecord>>,
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
                length: watch::Sender::new(0),
            })
        };
        Self {
            partitions: (0..partitions).map(|_| kept()).collect(),
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

    /// Everything in a partition, in order.
    pub fn records(&self, partition: Partition) -> Vec<LogRecord> {
        self.partitions[usize::from(partition.0)].records().clone()
    }

    /// Everything that was ever appended to a partition, in order; what a restore lost included.
    pub fn history(&self, partition: Partition) -> Vec<LogRecord> {
        self.partitions[usize::from(partition.0)].history().clone()
    }

    /// Puts a partition back to an older copy, which had so many messages; nobody may be reading it.
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
        1
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
        let next = kept
            .records()
            .partition_point(|record| record.position <= after);
        Ok(Box::new(Reader {
            length: kept.length.subscribe(),
            kept,
            next,
            dice: Arc::clone(&self.dice),
        }))
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
        if self.length.wait_for(|length| *length > next).await.is_err() {
            return Err(ReadError::Unavailable("the log is gone".to_owned()));
        }
        let records = self.kept.records();
        let most = if self.dice.is_calm() {
            limit
        } else {
            limit.min(1 + usize::try_from(self.dice.below(20)).unwrap_or(0))
        };
        let end = records.len().min(self.next + most);
        let read = records[self.next..end].to_vec();
        self.next = end;
        Ok(read)
    }
}
