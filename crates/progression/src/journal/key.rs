//! Keys under which entries are found again.

use types::{EventId, SourceId};
use xxhash_rust::xxh3::xxh3_64;

use crate::period::Period;

/// Hash of what an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) u64);

const ROOM: usize = 1 + SourceId::BYTES_MAX + 1 + EventId::BYTES_MAX;

impl Key {
    /// An event, by its identity.
    pub(crate) fn event(source: &SourceId, id: &EventId) -> Self {
        Self::of(b'e', source.as_str(), id.as_str())
    }

    /// Whatever was returned of an event.
    pub(crate) fn returned(source: &SourceId, id: &EventId) -> Self {
        Self::of(b'r', source.as_str(), id.as_str())
    }

    /// What expired of a credit, by the points' name and the n of the movement that gave them.
    pub(crate) fn expired(points: &str, n: u64) -> Self {
        Self(xxh3_64(format!("x{points}\u{1f}{n}").as_bytes()))
    }

    /// An archived period of a mission, by the mission's name.
    pub(crate) fn mission(name: &str, period: Period) -> Self {
        Self(xxh3_64(format!("m{name}\u{1f}{period}").as_bytes()))
    }

    fn of(tag: u8, first: &str, second: &str) -> Self {
        let mut bytes = [0; ROOM];
        let middle = 1 + first.len();
        let end = middle + 1 + second.len();
        if end > ROOM {
            return Self(0);
        }
        bytes[0] = tag;
        bytes[1..middle].copy_from_slice(first.as_bytes());
        // Sources have no control characters, so the separator cannot stand in one.
        bytes[middle] = 0x1f;
        bytes[middle + 1..end].copy_from_slice(second.as_bytes());
        Self(xxh3_64(&bytes[..end]))
    }
}
