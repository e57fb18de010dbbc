//! Keys under which entries are found again.

use types::{EventId, SourceId};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::codec::{DecodeError, Reader, Writer};
use crate::period::Period;

/// What an entry is about, as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    hash: u64,
    kind: Kind,
}

/// What keys are of. A journal that has no key of a kind need not be looked through for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Event = 1,
    Returned = 2,
    Expired = 4,
    Mission = 8,
}

/// The kinds of keys that a journal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    const ALL: u8 = 15;

    pub(crate) fn add(&mut self, key: Key) {
        self.0 |= key.kind as u8;
    }

    pub(crate) fn has(self, key: Key) -> bool {
        self.0 & key.kind as u8 != 0
    }

    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        writer.byte(self.0);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.byte()? {
            kinds if kinds <= Self::ALL => Ok(Self(kinds)),
            _ => Err(DecodeError::Invalid("kinds of keys")),
        }
    }
}

impl Key {
    /// The first bits of it.
    pub(crate) const fn first(self, bits: u32) -> u32 {
        (self.hash >> (u64::BITS - bits)) as u32
    }

    /// An event, by its identity.
    pub(crate) fn event(source: &SourceId, id: &EventId) -> Self {
        Self::of(Kind::Event, source.as_str(), id.as_str().as_bytes())
    }

    /// Whatever was returned of an event.
    pub(crate) fn returned(source: &SourceId, id: &EventId) -> Self {
        Self::of(Kind::Returned, source.as_str(), id.as_str().as_bytes())
    }

    /// What expired of a credit, by the points' first name and the n of the movement that gave them.
    pub(crate) fn expired(points: &str, n: u64) -> Self {
        Self::of(Kind::Expired, points, &n.to_le_bytes())
    }

    /// An archived period of a mission, by the mission's first name.
    pub(crate) fn mission(name: &str, period: Period) -> Self {
        let mut said = Vec::new();
        period.encode(&mut Writer(&mut said));
        Self::of(Kind::Mission, name, &said)
    }

    /// The hash of the second over that of the first, so that nothing has to be put together.
    fn of(kind: Kind, first: &str, second: &[u8]) -> Self {
        let first = xxh3_64_with_seed(first.as_bytes(), kind as u64);
        let hash = xxh3_64_with_seed(second, first);
        Self { hash, kind }
    }
}
