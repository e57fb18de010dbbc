//! The log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ports::{AppendError, Appended, Entry, EventLog, LogReader, ReadError};
use tokio::sync::{Mutex, watch};
use types::{Partition, Position, Timestamp};

use crate::append::Publish;
use crate::chain::Numbering;
use crate::error::OpenError;
use crate::open::{self, Opened};
use crate::reader::Reader;
use crate::settings::{Clock, Settings};
use crate::shared::Shared;
use crate::{frame, identity, metrics, retention, streams};

/// The largest body of one entry.
const BODY_MAX: usize = 128 << 10;

/// The log on NATS JetStream. What it guarantees beyond the port, and where its words mean something of its own: see the crate.
pub struct JetStreamLog {
    shared: Arc<Shared>,
    up: watch::Receiver<bool>,
    append_timeout: Duration,
    /// One batch is on its way in each partition: a repeat cannot overtake.
    lanes: Vec<Mutex<Numbering>>,
}

impl JetStreamLog {
    /// Opens the log, or makes it where nothing of it is there. Nothing is changed in a log that is not as the settings say.
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        let Opened {
            api,
            connection,
            layout,
            record,
        } = open::open(settings).await?;
        let lanes = (0..layout.partitions).map(|_| Mutex::new(Numbering::new()));
        Ok(Self {
            lanes: lanes.collect(),
            up: connection.up,
            append_timeout: settings.append_timeout,
            shared: Arc::new(Shared {
                api,
                layout,
                clock: settings.clock,
                log: record.log,
                incarnation: AtomicU64::new(record.incarnation),
            }),
        })
    }
}

#[async_trait]
impl EventLog for JetStreamLog {
    fn partitions(&self) -> u16 {
        self.shared.layout.partitions
    }

    /// As the record in the log said it when it was last read: at the opening, and whenever a reader was opened or had to begin anew.
    fn incarnation(&self) -> u64 {
        self.shared.incarnation.load(Ordering::Acquire)
    }

    async fn begin_incarnation(&self, ended: u64) -> Result<u64, ReadError> {
        let Shared { api, layout, .. } = &*self.shared;
        let next = ended.wrapping_add(1);
        let standing = identity::read(api, layout)
            .await
            .map_err(|trouble| ReadError::Unavailable(trouble.into_text()))?
            .ok_or(ReadError::OtherIncarnation)?;
        if standing.record.incarnation == ended {
            // Lost to another node: looked at below.
            identity::replace(api, layout, Some(&standing), &standing.record.next())
                .await
                .map_err(|error| ReadError::Unavailable(error.to_string()))?;
        }
        match self.shared.refresh().await? {
            now if now == next => Ok(next),
            _ => Err(ReadError::OtherIncarnation),
        }
    }

    async fn append(
        &self,
        partition: Partition,
        entries: Vec<Entry>,
    ) -> Result<Appended, AppendError> {
        self.shared
            .checked(partition)
            .map_err(AppendError::Unavailable)?;
        let oversized = entries.is_empty()
            || entries.iter().any(|entry| entry.body.len() > BODY_MAX)
            || frame::bytes(&entries) > frame::BYTES_MAX;
        if oversized {
            return Err(AppendError::Unavailable(format!(
                "a batch is 1 or more entries of at most {BODY_MAX} bytes, together at most {} bytes",
                frame::BYTES_MAX
            )));
        }
        let mut numbering = self.lanes[usize::from(partition.0)].lock().await;
        let started = Instant::now();
        let link = numbering.open();
        let publish = Publish {
            api: &self.shared.api,
            up: self.up.clone(),
            stream: self.shared.layout.stream_of(partition),
            subject: self.shared.layout.subject(partition),
            frame: frame::encode(self.shared.seed(partition), link, &entries),
            timeout: self.append_timeout,
        };
        let outcome = publish.run().await;
        match &outcome {
            Ok(_) => numbering.settle(true),
            Err(AppendError::Full | AppendError::Unavailable(_)) => numbering.settle(false),
            Err(AppendError::Unknown(_)) => {}
        }
        metrics::published(&outcome, entries.len(), started.elapsed());
        outcome
    }

    async fn read(
        &self,
        partition: Partition,
        after: Position,
    ) -> Result<Box<dyn LogReader>, ReadError> {
        self.shared
            .checked(partition)
            .map_err(ReadError::Unavailable)?;
        let reader = Reader::open(Arc::clone(&self.shared), partition, after).await?;
        Ok(Box::new(reader))
    }

    /// Keeps the message of `cursor`, so that a takeover can compare it, and of the message at `recorded_before` all.
    async fn truncate(
        &self,
        partition: Partition,
        cursor: Position,
        recorded_before: Timestamp,
    ) -> Result<Position, ReadError> {
        self.shared
            .checked(partition)
            .map_err(ReadError::Unavailable)?;
        retention::truncate(&self.shared, partition, cursor, recorded_before).await
    }

    async fn clock(&self) -> Result<Option<Timestamp>, ReadError> {
        let Shared { api, layout, .. } = &*self.shared;
        match self.shared.clock {
            Clock::Server => {
                let now = streams::clock(api, &layout.control_stream()).await;
                now.map(Some)
                    .map_err(|error| ReadError::Unavailable(error.to_string()))
            }
            Clock::Event => Ok(None),
        }
    }

    async fn end(&self, partition: Partition) -> Result<(Position, Timestamp), ReadError> {
        self.shared
            .checked(partition)
            .map_err(ReadError::Unavailable)?;
        let last = self.shared.last(partition).await?;
        Ok(last.map_or((Position::START, Timestamp::MIN), |last| {
            (last.position, last.time)
        }))
    }
}
