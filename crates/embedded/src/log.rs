//! The log: segment files written by one thread, read by anybody.

mod cut;
mod disk;
pub(crate) mod frame;
mod reader;
mod recover;
pub(crate) mod segment;
mod shared;
mod writer;

#[cfg(test)]
mod tests;

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use ports::{AppendError, Appended, Entry, EventLog, LogReader, ReadError};
use tokio::sync::{mpsc, oneshot, watch};
use types::{Partition, Position, Timestamp};

use crate::error::OpenError;
use crate::folder::{FolderLock, Now};
use crate::meta::Meta;
use cut::{Reach, Reaches};
use disk::{Disk, Os};
use reader::Reader;
use recover::Recovered;
use segment::{End, SegmentHeader};
use shared::Shared;
use writer::{Request, Writer};

/// The folder's name in the data folder.
pub(crate) const FOLDER: &str = "log";
/// A segment that reaches this many bytes is closed.
pub(crate) const SEGMENT_BYTES: u64 = 64 << 20;
/// Bytes of the newest frames that stay in memory for readers.
const TAIL_BYTES: usize = 16 << 20;
/// Batches that wait for the writer; then `append` waits before queueing.
const QUEUE_BATCHES: usize = 1024;
/// The largest body of one entry.
const BODY_MAX: usize = 128 << 10;

/// The log on local disk.
///
/// One process reads it, so it keeps its incarnation for ever. A position past the partition's end is answered with [`ReadError::OtherIncarnation`]: this log never gave it. After a failed
/// sync the log refuses appends until it is opened again; without room it refuses each append by trying. Dropping it waits for what
/// is queued.
pub struct SegmentLog {
    incarnation: u64,
    shared: Arc<Shared>,
    reaches: Arc<Reaches>,
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    _lock: Arc<FolderLock>,
}

/// How the log is run.
pub(crate) struct Setup {
    pub(crate) now: Now,
    pub(crate) segment_bytes: u64,
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) tail_bytes: usize,
}

impl Setup {
    /// On the operating system's files.
    pub(crate) fn new(now: Now, segment_bytes: u64) -> Self {
        Self {
            now,
            segment_bytes,
            disk: Box::new(Os),
            tail_bytes: TAIL_BYTES,
        }
    }
}

impl SegmentLog {
    /// Makes the first segment of a new log.
    pub(crate) fn create(folder: &Path, meta: &Meta) -> Result<(), OpenError> {
        fs::create_dir_all(folder).map_err(OpenError::io(folder))?;
        let header = SegmentHeader {
            incarnation: meta.incarnation,
            number: 1,
            first_frame: 1,
            previous_bytes: 0,
            bases: vec![End::EMPTY; usize::from(meta.partitions)],
        };
        segment::create(&mut Os, folder, &header)
            .map(drop)
            .map_err(OpenError::io(folder))
    }

    /// Opens the log that stands in `folder` and starts its writer.
    pub(crate) fn open(
        folder: &Path,
        meta: &Meta,
        setup: Setup,
        lock: Arc<FolderLock>,
    ) -> Result<Self, OpenError> {
        let found = match fs::metadata(folder) {
            Ok(_) => recover::recover(folder, meta.partitions, meta.incarnation)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(OpenError::io(folder)(error)),
        };
        let Recovered {
            first,
            bases,
            mut active,
            ends,
        } = found.ok_or_else(|| OpenError::Damaged {
            file: segment::path(folder, 1),
            offset: 0,
            problem: "meta.json names a log, but there is no segment of it".to_owned(),
        })?;
        let (senders, receivers) = ends.into_iter().map(watch::channel).unzip();
        let partitions = usize::from(meta.partitions);
        let index = std::mem::replace(&mut active.index, segment::Index::new(partitions));
        let shared = Arc::new(Shared::new(
            folder.to_owned(),
            frame::seed(meta.incarnation),
            first,
            bases,
            index,
            receivers,
            setup.tail_bytes,
        ));
        let writer = Writer {
            shared: Arc::clone(&shared),
            disk: setup.disk,
            active,
            ends: senders,
            clock: meta.clock,
            now: setup.now,
            incarnation: meta.incarnation,
            segment_bytes: setup.segment_bytes,
            broken: None,
        };
        let (requests, queue) = mpsc::channel(QUEUE_BATCHES);
        let thread = thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(OpenError::io(folder))?;
        Ok(Self {
            incarnation: meta.incarnation,
            shared,
            reaches: Arc::new(Reaches::new(partitions)),
            requests: Some(requests),
            thread: Some(thread),
            _lock: lock,
        })
    }

    /// The segments kept, and how many bytes of the last one are whole, durable frames.
    pub(crate) fn extent(&self) -> (RangeInclusive<u64>, u64) {
        self.shared.extent()
    }

    fn checked(&self, partition: Partition) -> Result<End, String> {
        let end = self.shared.ends.get(usize::from(partition.0));
        end.map(|end| *end.borrow()).ok_or_else(|| {
            format!(
                "partition {partition} of a log with {}",
                self.shared.partitions
            )
        })
    }
}

#[async_trait]
impl EventLog for SegmentLog {
    fn partitions(&self) -> u16 {
        self.shared.partitions
    }

    fn incarnation(&self) -> u64 {
        self.incarnation
    }

    async fn begin_incarnation(&self, ended: u64) -> Result<u64, ReadError> {
        match ended == self.incarnation {
            true => Ok(ended),
            false => Err(ReadError::OtherIncarnation),
        }
    }

    async fn append(
        &self,
        partition: Partition,
        entries: Vec<Entry>,
    ) -> Result<Appended, AppendError> {
        self.checked(partition).map_err(AppendError::Unavailable)?;
        let oversized = entries.is_empty()
            || entries.iter().any(|entry| entry.body.len() > BODY_MAX)
            || Request::payload_bytes(&entries) > frame::PAYLOAD_MAX;
        if oversized {
            return Err(AppendError::Unavailable(format!(
                "a batch is 1 or more entries of at most {BODY_MAX} bytes, together at most {} bytes",
                frame::PAYLOAD_MAX
            )));
        }
        let (answer, answered) = oneshot::channel();
        let request = Request {
            partition,
            entries,
            answer,
        };
        let closed = || AppendError::Unavailable("the log is closed".to_owned());
        let requests = self.requests.as_ref().ok_or_else(closed)?;
        requests.send(request).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| {
            Err(AppendError::Unknown(
                "the log closed while writing".to_owned(),
            ))
        })
    }

    async fn read(
        &self,
        partition: Partition,
        after: Position,
    ) -> Result<Box<dyn LogReader>, ReadError> {
        let end = self.checked(partition).map_err(ReadError::Unavailable)?;
        if after > end.position {
            return Err(ReadError::OtherIncarnation);
        }
        let first = self.shared.kept_after(partition);
        if after < first {
            return Err(ReadError::Truncated { first });
        }
        Ok(Box::new(Reader::new(
            Arc::clone(&self.shared),
            partition,
            after,
        )))
    }

    /// Only whole segments go, once every partition has let go of what it has there.
    async fn truncate(
        &self,
        partition: Partition,
        cursor: Position,
        recorded_before: Timestamp,
    ) -> Result<Position, ReadError> {
        let end = self.checked(partition).map_err(ReadError::Unavailable)?;
        if cursor > end.position {
            return Err(ReadError::OtherIncarnation);
        }
        let (shared, reaches) = (Arc::clone(&self.shared), Arc::clone(&self.reaches));
        let reach = Reach::new(cursor, recorded_before);
        let cut = move || cut::cut(&shared, &reaches, partition, reach);
        tokio::task::spawn_blocking(cut)
            .await
            .map_err(|error| ReadError::Unavailable(error.to_string()))?
            .map_err(|error| ReadError::Unavailable(format!("a segment stays: {error}")))?;
        Ok(self.shared.kept_after(partition))
    }

    async fn end(&self, partition: Partition) -> Result<(Position, Timestamp), ReadError> {
        let end = self.checked(partition).map_err(ReadError::Unavailable)?;
        Ok((end.position, end.time))
    }
}

impl Drop for SegmentLog {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's writer ended by a panic");
        }
    }
}

/// Whether anything like a frame stands in a segment.
pub(crate) fn has_frames(segment: &[u8]) -> bool {
    frame::begins_anywhere(segment)
}
