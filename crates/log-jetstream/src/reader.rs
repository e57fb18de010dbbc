//! Reads one partition: feed after feed, checked at every seam.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use ports::{LogReader, LogRecord, ReadError};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use types::{Partition, Position, Timestamp};

use crate::chain::Chains;
use crate::dark::Dark;
use crate::feed::{Delivered, Event, Feed, Lost};
use crate::seam::Seam;
use crate::shared::Shared;
use crate::{frame, metrics};

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
    /// The feed that is being made.
    beginning: Option<JoinHandle<Result<Feed, ReadError>>>,
    dark: Dark,
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
            beginning: None,
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
                self.dark.why = Some(lost);
                self.dark.miss(feed.proved);
                self.feed = None;
                Ok(())
            }
        }
    }

    /// Makes a consumer behind the cursor. What is begun goes on though nobody waits for it: a caller that comes and goes gets one too.
    async fn resume(&mut self) -> Result<(), ReadError> {
        let beginning = match &mut self.beginning {
            Some(beginning) => beginning,
            None => {
                let pause = self.dark.pause(self.partition)?;
                let (shared, seam) = (Arc::clone(&self.shared), self.seam());
                self.beginning.insert(tokio::spawn(async move {
                    if let Some(pause) = pause {
                        sleep(pause).await;
                    }
                    seam.consumer(&shared).await
                }))
            }
        };
        let begun = beginning.await;
        self.beginning = None;
        match begun {
            Ok(Ok(feed)) => {
                metrics::consumer(self.dark.why.map_or("none", Lost::label));
                self.anchored = self.seam().is_anchored();
                self.feed = Some(feed);
                Ok(())
            }
            Ok(Err(ReadError::Unavailable(why))) => {
                tracing::debug!(partition = %self.partition, why, "no consumer yet");
                self.dark.miss(false);
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(ended) => Err(ReadError::Unavailable(ended.to_string())),
        }
    }

    fn seam(&self) -> Seam {
        Seam {
            partition: self.partition,
            incarnation: self.incarnation,
            after: self.after,
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
        for (index, record) in (0..).zip(frame.records) {
            self.clock = self.shared.at(self.clock, delivered.time, &record);
            let position = Position {
                sequence: delivered.sequence,
                index,
            };
            if position > self.after {
                self.ready.push_back(LogRecord {
                    position,
                    recorded_at: self.clock,
                    body: record.body,
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
        if changed || self.after.index as usize >= frame.records.len() {
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
            Refusal::Hole => match self.seam().check_floor(&self.shared).await {
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
