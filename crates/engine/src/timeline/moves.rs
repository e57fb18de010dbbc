//! Where in a partition's log logic versions took effect.

use types::{Position, Timestamp};

use crate::codec::{Fields, Put};
use crate::logic::FIRST;

/// Those behind the first, which has no record. Versions rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves(Vec<Move>);

/// A logic version took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) version: u32,
    /// The recorded time: what is due by then is decided by the version before.
    pub(super) at: Timestamp,
    pub(super) position: Position,
}

impl Moves {
    /// The version in effect.
    pub(crate) fn now(&self) -> u32 {
        self.0.last().map_or(FIRST, |newest| newest.version)
    }

    /// Takes in what a record says; whether it is news.
    pub(crate) fn hear(&mut self, version: u32, position: Position, at: Timestamp) -> bool {
        let news = version > self.now();
        if news {
            self.0.push(Move {
                version,
                at,
                position,
            });
        }
        news
    }

    /// What took effect behind one version, up to another, in order.
    pub(super) fn between(&self, from: u32, to: u32) -> impl Iterator<Item = Move> {
        let behind = self.0.iter().copied();
        behind.filter(move |it| it.version > from && it.version <= to)
    }

    /// The log is another behind this position: what was heard there stays heard.
    pub(super) fn keep(&mut self, kept: Position) {
        for it in &mut self.0 {
            it.position = it.position.min(kept);
        }
    }

    /// Only what stood up to a position.
    pub(super) fn cut(&mut self, position: Position) {
        self.0.retain(|it| it.position <= position);
    }

    /// A field for each.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Vec<u8>> {
        self.0.iter().map(|it| {
            let mut body = Vec::new();
            body.put_u32(it.version);
            body.put_u64(it.position.sequence);
            body.put_u32(it.position.index);
            body.put_i64(it.at.nanos());
            body
        })
    }

    /// Takes in such a field; `None` for what this version did not write.
    pub(crate) fn read(&mut self, body: &mut Fields<'_>) -> Option<()> {
        let version = body.u32()?;
        let position = Position {
            sequence: body.u64()?,
            index: body.u32()?,
        };
        let at = Timestamp::from_nanos(body.i64()?)?;
        self.hear(version, position, at).then_some(())
    }
}
