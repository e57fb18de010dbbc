//! Where stored history comes from.

use embedded::{Batch, LogFiles};
use types::Timestamp;

use super::server::ServerHistory;
use crate::exit::Failure;

/// Stored history.
pub(crate) enum History {
    /// The files of a data folder, whether or not a server runs on it.
    Folder(LogFiles),
    /// A server's log.
    Server(ServerHistory),
}

impl History {
    pub(super) fn partitions(&self) -> u16 {
        match self {
            Self::Folder(files) => files.partitions(),
            Self::Server(server) => server.partitions(),
        }
    }

    /// What progress is shown of, and how much of it there is; 0 where that is not known.
    pub(super) fn length(&self) -> (&'static str, u64) {
        match self {
            Self::Folder(files) => ("folding bytes of history", files.bytes()),
            Self::Server(_) => ("folding bytes of history", 0),
        }
    }

    /// Whether it begins with the first record that was ever appended.
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Folder(files) => files.cut().is_none(),
            Self::Server(server) => server.is_complete(),
        }
    }

    /// Gives every message: those of a partition in order, those of several as they were written, as far as their times tell. Ends
    /// early where `take` says so.
    pub(super) fn read(&mut self, take: &mut dyn FnMut(Batch) -> bool) -> Result<(), Failure> {
        match self {
            Self::Folder(files) => {
                for batch in files.batches() {
                    if !take(batch.map_err(Failure::failed)?) {
                        break;
                    }
                }
                Ok(())
            }
            Self::Server(server) => server.read(take),
        }
    }
}

/// The first and the last recorded time of what was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

impl Times {
    /// Takes a message in.
    pub(super) fn see(seen: &mut Option<Self>, batch: &Batch) {
        for record in &batch.records {
            let at = record.recorded_at;
            let times = seen.get_or_insert(Self {
                first: at,
                last: at,
            });
            times.first = times.first.min(at);
            times.last = times.last.max(at);
        }
    }
}
