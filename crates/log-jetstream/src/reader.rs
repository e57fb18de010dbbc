//! Reads one partition: feed after feed, checked at every seam.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use ports::{LogReader, LogRecord, ReadError};
use tokio::time::{Instant, sleep_until};
use types::{Partition, Position, Timestamp};

use crate::chain::Chains;
use crate::feed::{Delivered, Event, Feed, Lost, Start};
use crate::shared::{Shared, unavailable};
use crate::{floor, frame, metrics};

/// How long a reader looks for a working consumer before it says so.
const DARK_MAX: Duration = Duration::from_secs(10);
/// The pause before a consumer is made when the one before never worked; doubled each time.
const PAUSE_FIRST: Duration = Duration::from_millis(25);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_millis(400);

pub(crate) struct Reader {
    shared: Arc<Shared>,
    partition: Partition,
    /// What the position came from.
    incarnation: u64,
    /// The last record given or skipped.
    after: Position,
    /// The message that holds `after` must be the first that comes, and hold it.
    anchored: bool,
    /// Sequence and checksum of the last message read.
    seen: Option<(u64, u32)>,
    /// The running maximum of the times read.
    clock: Timestamp,
    chains: Chains,
    /// Read, not given yet.
    ready: VecDeque<LogRecord>,
    feed: Option<Feed>,
    dark: Dark,
}

/// Since when, and how often, there was no consumer that worked.
#[derive(Debug, Default)]
struct Dark {
    since: Option<Instant>,
    misses: u32,
    /// Why the last one is not used any more.
    why: Option<Lost>,
}

/// Why a message is not taken.
enum Refusal {
    Damaged,
    /// Another message stands where the cursor's should.
    Other,
    /// The cursor's message, or one that an acknowledged batch was in, is not there.
    Hole,
}

impl Reader {
    /// A reader of what follows `after`, which must be a place of this log.
    pub(crate) async fn open(
        shared: Arc<Shared>,
        partition: Partition,
        after: Position,
    ) -> Result<Self, ReadError> {
        let incarnation = shared.incarnation.load(Ordering::Acquire);
        let mut reader = Self {
            shared,
            partition,
            incarnation,
            after,
            anchored: false,
            seen: None,
            clock: Timestamp::MIN,
            // At the start and nothing removed, or else it is refused.
            chains: Chains::new(after == Position::START),
            ready: VecDeque::new(),
            feed: None,
            dark: Dark::default(),
        };
        while reader.feed.is_none() || reader.anchored {
            reader.guarded_step().await?;
        }
        Ok(reader)
    }

    /// One message nearer, or one consumer.
    async fn guarded_step(&mut self) -> Result<(), ReadError> {
        let stepped = self.step().await;
        if let Err(error) = &stepped {
            self.feed = None;
            metrics::read_failed(error);
        }
        stepped
    }

    async fn step(&mut self) -> Result<(), ReadError> {
        let Some(feed) = &mut self.feed else {
            return self.resume().await;
        };
        match feed.next().await {
            Event::Message(delivered) => {
                self.dark = Dark::default();
                match self.adopt(&delivered) {
                    Ok(()) => Ok(()),
                    Err(refusal) => Err(self.explained(refusal, delivered.sequence).await),
                }
            }
            Event::Lost(lost) => {
                tracing::debug!(partition = %self.partition, ?lost, after = %self.after, "a consumer is replaced");
                self.lose(lost);
                Ok(())
            }
        }
    }

    fn lose(&mut self, lost: Lost) {
        let proved = self.feed.take().is_some_and(|feed| feed.proved);
        self.dark.why = Some(lost);
        self.missed(proved);
    }

    /// There is no consumer, or not yet.
    fn missed(&mut self, proved: bool) {
        if proved {
            self.dark.since = None;
            self.dark.misses = 0;
        }
        self.dark.since.get_or_insert_with(Instant::now);
        self.dark.misses += 1;
    }

    /// Makes a consumer behind the cursor and looks whether the log is still the one that the cursor came from.
    async fn resume(&mut self) -> Result<(), ReadError> {
        if let Some(since) = self.dark.since
            && let Some(pause) = pause(self.dark.misses)
        {
            if since.elapsed() > DARK_MAX {
                self.dark.since = None;
                return Err(ReadError::Unavailable(format!(
                    "no consumer of partition {} for {} s",
                    self.partition,
                    DARK_MAX.as_secs()
                )));
            }
            sleep_until(Instant::now() + pause).await;
        }
        match self.consumer().await {
            Ok(feed) => {
                metrics::consumer(self.dark.why.map_or("none", Lost::label));
                self.feed = Some(feed);
                Ok(())
            }
            Err(ReadError::Unavailable(why)) => {
                tracing::debug!(partition = %self.partition, why, "no consumer yet");
                self.missed(false);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn consumer(&mut self) -> Result<Feed, ReadError> {
        let Shared { api, layout, .. } = &*self.shared;
        let anchored = self.after != Position::START && self.after.index != u32::MAX;
        let from = self.after.sequence + u64::from(!anchored);
        // First of all: a server that is cut off from the others cannot make one, so that what follows is not its old word.
        let feed = Feed::open(api, layout, self.partition, Start::Sequence(from))
            .await
            .map_err(|error| unavailable(&error))?;
        if self.shared.refresh().await? != self.incarnation {
            return Err(ReadError::OtherIncarnation);
        }
        self.check_floor().await?;
        if self.after != Position::START {
            let last = self.shared.last(self.partition).await?;
            if last.is_none_or(|last| last.position.sequence < self.after.sequence) {
                return Err(ReadError::OtherIncarnation);
            }
        }
        self.anchored = anchored;
        Ok(feed)
    }

    async fn check_floor(&self) -> Result<(), ReadError> {
        let Shared { api, layout, .. } = &*self.shared;
        let first = floor::read(api, layout, self.partition)
            .await
            .map_err(|error| unavailable(&error))?
            .kept_after();
        match self.after < first {
            true => Err(ReadError::Truncated { first }),
            false => Ok(()),
        }
    }

    /// Takes a message's records that follow the cursor.
    fn adopt(&mut self, delivered: &Delivered) -> Result<(), Refusal> {
        let seed = self.shared.seed(self.partition);
        let frame = frame::decode(seed, &delivered.body).ok_or(Refusal::Damaged)?;
        if self.anchored {
            self.check_anchor(delivered.sequence, &frame)?;
            self.anchored = false;
        }
        if !self.chains.follows(frame.link, delivered.sequence) {
            return Err(Refusal::Hole);
        }
        self.seen = Some((delivered.sequence, frame.checksum));
        self.clock = self.clock.max(delivered.time);
        for (index, body) in (0..).zip(frame.bodies) {
            let position = Position {
                sequence: delivered.sequence,
                index,
            };
            if position > self.after {
                self.ready.push_back(LogRecord {
                    position,
                    recorded_at: self.clock,
                    body,
                });
            }
        }
        Ok(())
    }

    /// The cursor's message is there, is the one that was read, and holds the cursor's record.
    fn check_anchor(&self, sequence: u64, frame: &frame::Frame) -> Result<(), Refusal> {
        if sequence != self.after.sequence {
            return Err(Refusal::Hole);
        }
        let changed = self
            .seen
            .is_some_and(|(at, checksum)| at == sequence && checksum != frame.checksum);
        if changed || self.after.index as usize >= frame.bodies.len() {
            return Err(Refusal::Other);
        }
        Ok(())
    }

    async fn explained(&self, refusal: Refusal, sequence: u64) -> ReadError {
        match refusal {
            Refusal::Damaged => {
                tracing::error!(partition = %self.partition, sequence, "a message of the log is no batch of it");
                ReadError::Gap { after: self.after }
            }
            Refusal::Other => ReadError::OtherIncarnation,
            // Another reader's retention may have gone past this one.
            Refusal::Hole => match self.check_floor().await {
                Err(error) => error,
                Ok(()) if self.anchored => ReadError::OtherIncarnation,
                Ok(()) => {
                    tracing::error!(partition = %self.partition, sequence, "an acknowledged batch is missing before this message");
                    ReadError::Gap { after: self.after }
                }
            },
        }
    }
}

/// How long to wait before the next consumer: not at all after one that worked.
fn pause(misses: u32) -> Option<Duration> {
    let doublings = misses.checked_sub(2)?.min(8);
    Some((PAUSE_FIRST * 2u32.pow(doublings)).min(PAUSE_MAX))
}

#[async_trait]
impl LogReader for Reader {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogRecord>, ReadError> {
        while self.ready.is_empty() {
            self.guarded_step().await?;
        }
        let count = limit.clamp(1, self.ready.len());
        let records: Vec<LogRecord> = self.ready.drain(..count).collect();
        if let Some(last) = records.last() {
            self.after = last.position;
        }
        Ok(records)
    }
}
