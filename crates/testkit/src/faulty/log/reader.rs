//! Reading the log in memory on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{LogReader, LogRecord, ReadError};
use tokio::sync::watch;
use types::{Partition, Position, Timestamp};

use super::super::{Dice, Fault, Link, Service};
use super::Kept;

pub(super) struct Reader {
    pub(super) kept: Arc<Kept>,
    pub(super) length: watch::Receiver<usize>,
    pub(super) next: usize,
    /// The record before the next.
    pub(super) last: Option<LogRecord>,
    /// Of the records given so far: it does not run back.
    pub(super) clock: Timestamp,
    pub(super) partition: Partition,
    pub(super) dice: Arc<Dice>,
    pub(super) link: Arc<Link>,
}

#[async_trait]
impl LogReader for Reader {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogRecord>, ReadError> {
        self.dice.pause(5).await;
        let reached = self.link.reach(Service::Log).await;
        reached.map_err(ReadError::Unavailable)?;
        if self.dice.strikes(Fault::ReaderBroken) {
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
        if !self.link.is_open(Service::Log) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Err(ReadError::Unavailable("out of reach".to_owned()));
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
            self.clock = self.clock.max(record.recorded_at);
            read.push(LogRecord {
                recorded_at: self.clock,
                ..record.clone()
            });
        }
        if read.is_empty() {
            return Err(ReadError::Gap { after: at });
        }
        self.next += read.len();
        self.last = records.get(self.next - 1).cloned();
        self.link
            .note(|| format!("reads {} up to {at} of {}", read.len(), self.partition));
        Ok(read)
    }
}
