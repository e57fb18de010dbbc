//! Reads one partition: from the tail in memory where it keeps up, else in large stretches of the segment files.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ports::{LogReader, LogRecord, ReadError};
use tokio::sync::watch;
use types::{Partition, Position};

use super::frame;
use super::recover;
use super::segment::{self, End};
use super::shared::{Located, Shared, Stretch};

/// Bytes of a segment file read at once; a single larger frame is read whole.
const STRETCH_BYTES: u32 = 512 << 10;
/// Frames taken from the tail at once.
const TAIL_FRAMES: usize = 64;

pub(crate) struct Reader {
    shared: Arc<Shared>,
    partition: Partition,
    end: watch::Receiver<End>,
    /// The last record given or skipped.
    after: Position,
    /// The frame to fetch next.
    sequence: u64,
    /// Fetched, not given yet.
    ready: VecDeque<LogRecord>,
}

impl Reader {
    /// A reader of the records after a position, which must not lie past the end.
    pub(crate) fn new(shared: Arc<Shared>, partition: Partition, after: Position) -> Self {
        let end = shared.ends[usize::from(partition.0)].clone();
        // The frame of `after` may hold more records behind it, unless it is the last one, or the last before the first kept.
        let passed = after == end.borrow().position || after == shared.kept_after(partition);
        Self {
            shared,
            partition,
            end,
            after,
            sequence: after.sequence + u64::from(passed),
            ready: VecDeque::new(),
        }
    }

    /// Frames from `self.sequence` on, which is durable.
    async fn fetch(&self) -> Result<Vec<Bytes>, ReadError> {
        let (partition, sequence) = (self.partition, self.sequence);
        if let Some(frames) = self.shared.tail.take(partition, sequence, TAIL_FRAMES) {
            return Ok(frames);
        }
        let shared = Arc::clone(&self.shared);
        let after = self.after;
        tokio::task::spawn_blocking(move || read_disk(&shared, partition, sequence, after))
            .await
            .map_err(|error| ReadError::Unavailable(error.to_string()))?
    }

    /// Checks fetched frames and adds their records.
    fn adopt(&mut self, frames: &[Bytes]) -> Result<(), ReadError> {
        for bytes in frames {
            let header = frame::whole(self.shared.seed, bytes).filter(|header| {
                header.partition == self.partition && header.sequence == self.sequence
            });
            let mut records = Vec::new();
            let read = header.and_then(|header| frame::records(bytes, &header, &mut records));
            if read.is_none() {
                tracing::error!(
                    partition = %self.partition, sequence = self.sequence,
                    "a frame of the log is damaged: restore its segment from a backup"
                );
                return Err(ReadError::Gap { after: self.after });
            }
            let after = self.after;
            let new = records.into_iter().filter(|record| record.position > after);
            self.ready.extend(new);
            self.sequence += 1;
        }
        Ok(())
    }
}

#[async_trait]
impl LogReader for Reader {
    async fn next(&mut self, limit: usize) -> Result<Vec<LogRecord>, ReadError> {
        while self.ready.is_empty() {
            let sequence = self.sequence;
            self.end
                .wait_for(|end| end.position.sequence >= sequence)
                .await
                .map_err(|_| ReadError::Unavailable("the log is closed".to_owned()))?;
            let frames = self.fetch().await?;
            self.adopt(&frames)?;
        }
        let count = limit.clamp(1, self.ready.len());
        let records: Vec<LogRecord> = self.ready.drain(..count).collect();
        if let Some(last) = records.last() {
            self.after = last.position;
        }
        Ok(records)
    }
}

fn read_disk(
    shared: &Shared,
    partition: Partition,
    sequence: u64,
    after: Position,
) -> Result<Vec<Bytes>, ReadError> {
    let stretch = match shared.locate(partition, sequence, STRETCH_BYTES) {
        Located::Stretch(stretch) => stretch,
        Located::Before => {
            let first = shared.kept_after(partition);
            return Err(ReadError::Truncated { first });
        }
        Located::Sealed { number, nth } => {
            let make = || recover::sealed_index(&shared.folder, number, shared.partitions);
            let index = shared
                .sealed_index(number, make)
                .map_err(|(file, problem)| {
                    tracing::error!(file = %file.display(), problem, "a segment of the log is damaged: restore it from a backup");
                    ReadError::Gap { after }
                })?;
            Stretch {
                file: segment::path(&shared.folder, number),
                frames: index.run(partition, nth, STRETCH_BYTES).to_vec(),
            }
        }
    };
    let (Some(&(start, _)), Some(&(last, bytes))) = (stretch.frames.first(), stretch.frames.last())
    else {
        return Err(ReadError::Gap { after });
    };
    let mut buffer = vec![0; (last + bytes - start) as usize];
    File::open(&stretch.file)
        .and_then(|file| file.read_exact_at(&mut buffer, u64::from(start)))
        .map_err(|error| ReadError::Unavailable(format!("{}: {error}", stretch.file.display())))?;
    let buffer = Bytes::from(buffer);
    let slice = |&(offset, bytes): &(u32, u32)| {
        let from = (offset - start) as usize;
        buffer.slice(from..from + bytes as usize)
    };
    Ok(stretch.frames.iter().map(slice).collect())
}
