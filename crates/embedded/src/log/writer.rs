//! The one thread that writes the log: takes what is queued, writes it in one go, syncs once, then answers.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use ports::{AppendError, Appended, Entry};
use tokio::sync::{mpsc, oneshot, watch};
use types::{Partition, Position, Timestamp};

use super::disk::{Disk, no_room};
use super::frame::{self, Place};
use super::recover::Active;
use super::segment::{self, End, SegmentHeader};
use super::shared::Shared;
use crate::folder::Now;
use crate::meta::ClockMode;
use crate::metrics;

/// A group takes no further batch once it has so many bytes: bounds memory and the wait for the sync.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// A batch to append, and who waits for it.
pub(crate) struct Request {
    pub(crate) partition: Partition,
    pub(crate) entries: Vec<Entry>,
    pub(crate) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Request {
    /// Bytes of its payload.
    pub(crate) fn payload_bytes(entries: &[Entry]) -> usize {
        entries
            .iter()
            .map(|entry| entry.body.len() + frame::RECORD_OVERHEAD)
            .sum()
    }
}

/// The thread's state.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) active: Active,
    pub(crate) ends: Vec<watch::Sender<End>>,
    pub(crate) clock: ClockMode,
    pub(crate) now: Now,
    pub(crate) incarnation: u64,
    /// A segment that reaches this is closed.
    pub(crate) segment_bytes: u64,
    /// Set when it is not known any more what is on the disk: then nothing is written again.
    pub(crate) broken: Option<String>,
}

/// A frame of the group that is being written.
struct Staged {
    place: Place,
    offset: usize,
    bytes: usize,
    end: End,
}

impl Writer {
    /// Serves until every sender is gone.
    pub(crate) fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some(first) = requests.blocking_recv() {
            let mut bytes = Request::payload_bytes(&first.entries);
            let mut group = vec![first];
            while bytes < GROUP_BYTES_MAX
                && let Ok(next) = requests.try_recv()
            {
                bytes += Request::payload_bytes(&next.entries);
                group.push(next);
            }
            self.commit(group, bytes);
        }
    }

    fn commit(&mut self, group: Vec<Request>, payload: usize) {
        if let Some(why) = &self.broken {
            let why = why.clone();
            return refuse(group, || AppendError::Unavailable(why.clone()));
        }
        let started = Instant::now();
        if let Err(error) = self.roll_if_full() {
            return self.failed(group, &error);
        }
        let (bytes, staged) = self.stage(&group, payload);
        if let Err(error) = self
            .disk
            .write(&self.active.file, &bytes, self.active.offset)
        {
            self.cut_back();
            return self.failed(group, &error);
        }
        if let Err(error) = self.disk.sync(&self.active.file) {
            // What a failed sync left on the disk is not known, and a second one may succeed without having written it.
            self.cut_back();
            let why = format!("syncing the log failed ({error}): restart after the disk is sound");
            tracing::error!(%error, "the log stops: a sync failed");
            self.broken = Some(why.clone());
            return refuse(group, || AppendError::Unknown(why.clone()));
        }
        let records = group.iter().map(|request| request.entries.len()).sum();
        metrics::group(started.elapsed(), records, bytes.len());
        self.publish(bytes.freeze(), &staged);
        for (request, staged) in group.into_iter().zip(&staged) {
            let first = Position {
                sequence: staged.place.sequence,
                index: 0,
            };
            // Who does not wait any more does not need the answer.
            drop(request.answer.send(Ok(Appended { first })));
        }
    }

    /// Encodes the group behind the last frame.
    fn stage(&self, group: &[Request], payload: usize) -> (BytesMut, Vec<Staged>) {
        let mut ends: Vec<End> = self.ends.iter().map(|end| *end.borrow()).collect();
        let mut bytes = BytesMut::with_capacity(payload + group.len() * frame::HEADER);
        let now = (self.now)();
        let staged = group
            .iter()
            .zip(self.active.next_frame..)
            .map(|(request, number)| {
                let end = &mut ends[usize::from(request.partition.0)];
                let place = Place {
                    partition: request.partition,
                    sequence: end.position.sequence + 1,
                    number,
                };
                let offset = bytes.len();
                let mut time = end.time;
                let times = |entry: &Entry| {
                    time = time.max(self.time_of(entry, now).unwrap_or(time));
                    time
                };
                let times: Vec<Timestamp> = request.entries.iter().map(times).collect();
                let bodies = request.entries.iter().map(|entry| &entry.body);
                frame::encode(
                    &mut bytes,
                    self.shared.seed,
                    place,
                    times.into_iter().zip(bodies),
                );
                *end = End {
                    position: Position {
                        sequence: place.sequence,
                        index: (request.entries.len() as u32).saturating_sub(1),
                    },
                    time,
                };
                Staged {
                    place,
                    offset,
                    bytes: bytes.len() - offset,
                    end: *end,
                }
            })
            .collect();
        (bytes, staged)
    }

    fn time_of(&self, entry: &Entry, now: Timestamp) -> Option<Timestamp> {
        match self.clock {
            ClockMode::Log => Some(now),
            ClockMode::Event => entry.recorded_at,
        }
    }

    /// Shows a durable group to the readers: first the frames, then the ends that lead to them.
    fn publish(&mut self, bytes: Bytes, staged: &[Staged]) {
        let offset = self.active.offset;
        self.shared.enter(staged.iter().map(|frame| {
            (
                frame.place.partition,
                offset + frame.offset as u64,
                frame.bytes,
            )
        }));
        for frame in staged {
            let slice = bytes.slice(frame.offset..frame.offset + frame.bytes);
            let Place {
                partition,
                sequence,
                ..
            } = frame.place;
            self.shared.tail.push(partition, sequence, slice);
        }
        for frame in staged {
            self.ends[usize::from(frame.place.partition.0)].send_replace(frame.end);
        }
        self.active.offset += bytes.len() as u64;
        self.active.next_frame += staged.len() as u64;
    }

    fn roll_if_full(&mut self) -> std::io::Result<()> {
        if self.active.offset < self.segment_bytes {
            return Ok(());
        }
        let bases: Vec<End> = self.ends.iter().map(|end| *end.borrow()).collect();
        let header = SegmentHeader {
            incarnation: self.incarnation,
            number: self.active.number + 1,
            first_frame: self.active.next_frame,
            previous_bytes: self.active.offset,
            bases,
        };
        self.active.file = segment::create(self.disk.as_mut(), &self.shared.folder, &header)?;
        self.active.number = header.number;
        self.active.offset = segment::header_bytes(header.bases.len()) as u64;
        self.shared.roll(header.number, header.bases.into());
        Ok(())
    }

    /// Takes a write that did not succeed back, so that it cannot come to light after a restart.
    fn cut_back(&mut self) {
        let cut = self
            .disk
            .truncate(&self.active.file, self.active.offset)
            .and_then(|()| self.disk.sync(&self.active.file));
        if let Err(error) = cut {
            tracing::error!(%error, "the log stops: a failed write could not be taken back");
            self.broken = Some(format!(
                "a failed write could not be taken back ({error}): restart after the disk is sound"
            ));
        }
    }

    /// Answers a group whose writing failed.
    fn failed(&self, group: Vec<Request>, error: &std::io::Error) {
        tracing::warn!(%error, batches = group.len(), "the log could not write");
        if let Some(why) = &self.broken {
            refuse(group, || AppendError::Unknown(why.clone()));
        } else if no_room(error) {
            metrics::full();
            refuse(group, || AppendError::Full);
        } else {
            refuse(group, || AppendError::Unavailable(error.to_string()));
        }
    }
}

fn refuse(group: Vec<Request>, error: impl Fn() -> AppendError) {
    for request in group {
        // Who does not wait any more does not need the answer.
        drop(request.answer.send(Err(error())));
    }
}
