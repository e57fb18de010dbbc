//! What the writer and the readers share: the list of segments, their indexes, the recent tail, and where every partition ends.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;
use types::{Partition, Position};

use super::segment::{self, End, Index};

/// Indexes of sealed segments kept in memory: readers that catch up stand close to each other.
const INDEXES_MAX: usize = 8;

/// Shared by the writer thread and all readers.
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) partitions: u16,
    /// What the frames' checksums start from.
    pub(crate) seed: u32,
    pub(crate) ends: Vec<watch::Receiver<End>>,
    pub(crate) tail: Tail,
    segments: Mutex<Segments>,
    sealed: Mutex<VecDeque<(u64, Arc<Index>)>>,
    /// Held while an index is made, so that the writer never waits for that.
    making: Mutex<()>,
}

struct Segments {
    /// Number of the first segment kept.
    first: u64,
    /// For each segment, where every partition stood before it.
    bases: VecDeque<Arc<[End]>>,
    /// The last segment's index.
    active: Index,
}

/// A stretch of a segment file that holds the next frames of a partition.
pub(crate) struct Stretch {
    pub(crate) file: PathBuf,
    /// Offset and bytes of each frame, rising.
    pub(crate) frames: Vec<(u32, u32)>,
}

/// Where a partition's frame is.
pub(crate) enum Located {
    /// Here.
    Stretch(Stretch),
    /// In this sealed segment, whose index is not in memory; the partition's frames before it; its number.
    Sealed { number: u64, nth: u64 },
    /// Before the first segment kept.
    Before,
}

impl Shared {
    pub(crate) fn new(
        folder: PathBuf,
        seed: u32,
        first: u64,
        bases: Vec<Arc<[End]>>,
        active: Index,
        ends: Vec<watch::Receiver<End>>,
        tail_bytes: usize,
    ) -> Self {
        Self {
            folder,
            seed,
            partitions: ends.len() as u16,
            tail: Tail::new(ends.len(), tail_bytes),
            ends,
            segments: Mutex::new(Segments {
                first,
                bases: bases.into(),
                active,
            }),
            sealed: Mutex::default(),
            making: Mutex::default(),
        }
    }

    /// The partition's last position before the first segment kept.
    pub(crate) fn kept_after(&self, partition: Partition) -> Position {
        let segments = lock(&self.segments);
        let first = segments.bases.front();
        first.map_or(Position::START, |ends| {
            ends[usize::from(partition.0)].position
        })
    }

    /// The number of the first segment, where another follows and `goes` says so of where every partition stood before and after it.
    pub(crate) fn first_if(&self, goes: impl Fn(&[End], &[End]) -> bool) -> Option<u64> {
        let segments = lock(&self.segments);
        let (from, to) = (segments.bases.front()?, segments.bases.get(1)?);
        goes(from, to).then_some(segments.first)
    }

    /// The first segment is gone.
    pub(crate) fn forget_first(&self) {
        let mut segments = lock(&self.segments);
        let gone = segments.first;
        if segments.bases.pop_front().is_some() {
            segments.first += 1;
        }
        drop(segments);
        lock(&self.sealed).retain(|(number, _)| *number != gone);
    }

    /// The segments kept, and how many bytes of the last one are whole, durable frames.
    pub(crate) fn extent(&self) -> (RangeInclusive<u64>, u64) {
        let segments = lock(&self.segments);
        let last = segments.first + segments.bases.len().saturating_sub(1) as u64;
        let header = segment::header_bytes(usize::from(self.partitions)) as u64;
        let bytes = segments.active.end().unwrap_or(header);
        (segments.first..=last, bytes)
    }

    /// Starts a new last segment.
    pub(crate) fn roll(&self, number: u64, bases: Arc<[End]>) {
        let mut segments = lock(&self.segments);
        let partitions = bases.len();
        segments.bases.push_back(bases);
        let full = std::mem::replace(&mut segments.active, Index::new(partitions));
        drop(segments);
        self.keep(number - 1, Arc::new(full));
    }

    /// Enters durable frames of the last segment.
    pub(crate) fn enter(&self, frames: impl Iterator<Item = (Partition, u64, usize)>) {
        let mut segments = lock(&self.segments);
        for (partition, offset, bytes) in frames {
            segments.active.push(partition, offset, bytes);
        }
    }

    /// Where the partition's frame of this sequence is. It must not lie past the partition's end.
    pub(crate) fn locate(&self, partition: Partition, sequence: u64, span: u32) -> Located {
        let segments = lock(&self.segments);
        let base = |ends: &Arc<[End]>| ends[usize::from(partition.0)];
        let after = segments
            .bases
            .partition_point(|ends| base(ends).position.sequence < sequence);
        let Some(at) = after.checked_sub(1) else {
            return Located::Before;
        };
        let number = segments.first + at as u64;
        let nth = sequence - 1 - base(&segments.bases[at]).position.sequence;
        if after < segments.bases.len() {
            return Located::Sealed { number, nth };
        }
        Located::Stretch(Stretch {
            file: segment::path(&self.folder, number),
            frames: segments.active.run(partition, nth, span).to_vec(),
        })
    }

    /// The index of a sealed segment, made by `make` where it is not in memory. One is made at a time, so that readers side by
    /// side read a segment once.
    pub(crate) fn sealed_index<E>(
        &self,
        number: u64,
        make: impl FnOnce() -> Result<Index, E>,
    ) -> Result<Arc<Index>, E> {
        let _one_at_a_time = lock(&self.making);
        if let Some(index) = self.kept(number) {
            return Ok(index);
        }
        let index = Arc::new(make()?);
        self.keep(number, Arc::clone(&index));
        Ok(index)
    }

    fn kept(&self, number: u64) -> Option<Arc<Index>> {
        let sealed = lock(&self.sealed);
        let mut kept = sealed.iter().filter(|(kept, _)| *kept == number);
        kept.next().map(|(_, index)| Arc::clone(index))
    }

    fn keep(&self, number: u64, index: Arc<Index>) {
        let mut sealed = lock(&self.sealed);
        if sealed.len() == INDEXES_MAX {
            sealed.pop_front();
        }
        sealed.push_back((number, index));
    }
}

/// The newest frames, so that a reader that keeps up never touches the disk. Bounded in bytes over all partitions.
pub(crate) struct Tail {
    bytes_max: usize,
    partitions: Vec<Mutex<Recent>>,
    order: Mutex<Order>,
}

/// Newest frames of one partition, without a gap.
#[derive(Default)]
struct Recent {
    /// Sequence of the first.
    first: u64,
    frames: VecDeque<Bytes>,
}

/// In which order the frames came, oldest first.
#[derive(Default)]
struct Order {
    bytes: usize,
    frames: VecDeque<(Partition, usize)>,
}

impl Tail {
    fn new(partitions: usize, bytes_max: usize) -> Self {
        Self {
            bytes_max,
            partitions: (0..partitions).map(|_| Mutex::default()).collect(),
            order: Mutex::default(),
        }
    }

    /// Adds the partition's next frame and drops what is too much.
    pub(crate) fn push(&self, partition: Partition, sequence: u64, frame: Bytes) {
        let mut order = lock(&self.order);
        order.bytes += frame.len();
        order.frames.push_back((partition, frame.len()));
        {
            let mut recent = lock(&self.partitions[usize::from(partition.0)]);
            if recent.frames.is_empty() {
                recent.first = sequence;
            }
            recent.frames.push_back(frame);
        }
        while order.bytes > self.bytes_max {
            let Some((oldest, bytes)) = order.frames.pop_front() else {
                break;
            };
            order.bytes -= bytes;
            let mut recent = lock(&self.partitions[usize::from(oldest.0)]);
            recent.frames.pop_front();
            recent.first += 1;
        }
    }

    /// Frames of the partition from this sequence on, up to `count`; `None` where that one is not held any more (or not yet).
    pub(crate) fn take(
        &self,
        partition: Partition,
        sequence: u64,
        count: usize,
    ) -> Option<Vec<Bytes>> {
        let recent = lock(&self.partitions[usize::from(partition.0)]);
        let from = usize::try_from(sequence.checked_sub(recent.first)?).ok()?;
        (from < recent.frames.len())
            .then(|| recent.frames.range(from..).take(count).cloned().collect())
    }
}

/// Locks, also after a panic elsewhere: everything under these locks is changed in steps that leave it whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
