//! Removes segments that nobody will read again, from the first on, whole ones only.
//!
//! A segment goes when each partition has let go of everything that it holds there: a partition that was not asked for yet keeps what it
//! has. What was let go of is not written down: after a restart it is said again, and the first segment's header says where each
//! partition begins.

use std::fs::{self, File};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::{Partition, Position, Timestamp};

use super::segment::{self, End};
use super::shared::Shared;
use crate::metrics;

/// How far a partition lets go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    /// Up to here,
    cursor: Position,
    /// and what is older than this.
    before: Timestamp,
}

impl Reach {
    pub(crate) fn new(cursor: Position, before: Timestamp) -> Self {
        Self { cursor, before }
    }

    /// Whether it covers what a partition has between two segments' beginnings.
    fn covers(self, from: End, to: End) -> bool {
        let nothing = from.position == to.position;
        nothing || (to.position <= self.cursor && to.time < self.before)
    }
}

/// How far each partition lets go. Held while segments are removed.
pub(crate) struct Reaches(Mutex<Vec<Reach>>);

impl Reaches {
    pub(crate) fn new(partitions: usize) -> Self {
        Self(Mutex::new(vec![Reach::default(); partitions]))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reach>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes how far the partition lets go, and removes what all let go of. Waits for the disk.
pub(crate) fn cut(
    shared: &Shared,
    reaches: &Reaches,
    partition: Partition,
    reach: Reach,
) -> io::Result<()> {
    let mut reaches = reaches.lock();
    reaches[usize::from(partition.0)] = reach;
    let goes = |from: &[End], to: &[End]| {
        let ends = from.iter().zip(to);
        reaches
            .iter()
            .zip(ends)
            .all(|(reach, (from, to))| reach.covers(*from, *to))
    };
    let mut removed = 0;
    while let Some(number) = shared.first_if(goes) {
        let file = segment::path(&shared.folder, number);
        fs::remove_file(&file)?;
        // Names go in order: a power cut must not leave a later one out.
        File::open(&shared.folder)?.sync_all()?;
        shared.forget_first();
        metrics::removed();
        removed += 1;
    }
    if removed > 0 {
        tracing::info!(segments = removed, "the log was truncated");
    }
    Ok(())
}
