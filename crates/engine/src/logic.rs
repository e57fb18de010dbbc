//! Logic versions: what a binary makes of programmes and records, which every record is folded under the same for ever.
//!
//! Every partition's log begins under the first; a record of the log says where another one takes effect. A process that meets a version
//! that it does not have lets the partition go, and writes nothing of what stands behind.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use programme::{Diagnostics, Programme};

/// What every log begins under.
pub(crate) const FIRST: u32 = 1;
/// What this binary has, back to the oldest that a cursor of a cluster may stand under.
const OWN: RangeInclusive<u32> = FIRST..=1;

/// Reads a programme as a logic version has it: its name, its YAML.
pub type Read = fn(u32, &str, &str) -> Result<Programme, Diagnostics>;

/// The logic versions that a process has.
#[derive(Clone, Debug)]
pub struct Logic {
    /// Which; not empty.
    pub versions: RangeInclusive<u32>,
    /// How each reads a programme. What a programme is folded as follows from it alone, so this is where versions differ. Under every
    /// version a source has the same hash and the same names.
    pub read: Read,
}

impl Default for Logic {
    /// Those of this binary.
    fn default() -> Self {
        Self {
            versions: OWN,
            read: |_, name, source| programme::compile(name, source),
        }
    }
}

impl Logic {
    /// Whether the process has the version.
    pub(crate) fn has(&self, version: u32) -> bool {
        self.versions.contains(&version)
    }
}

/// What a record is folded under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Of the publication; 0 before there is anything to fold.
    pub(crate) number: u64,
    /// The logic version.
    pub(crate) logic: u32,
}

impl Rules {
    /// The newer of each.
    pub(crate) fn or_newer(self, other: Self) -> Self {
        Self {
            number: self.number.max(other.number),
            logic: self.logic.max(other.logic),
        }
    }

    /// Whether there is anything to fold.
    pub(crate) fn is_any(self) -> bool {
        self.number > 0
    }
}

/// Where the partitions of a process are with logic versions.
#[derive(Debug, Default)]
pub(crate) struct Moving {
    /// Their logs are to say this one, where they have not come to it.
    wanted: AtomicU32,
    /// The newest that one of them has come to; 0: nothing was here yet.
    met: AtomicU32,
}

impl Moving {
    pub(crate) fn want(&self, version: u32) {
        self.wanted.store(version, Ordering::Relaxed);
    }

    pub(crate) fn wanted(&self) -> u32 {
        self.wanted.load(Ordering::Relaxed)
    }

    pub(crate) fn meet(&self, version: u32) {
        self.met.fetch_max(version, Ordering::Relaxed);
    }

    pub(crate) fn met(&self) -> Option<u32> {
        Some(self.met.load(Ordering::Relaxed)).filter(|version| *version > 0)
    }
}
