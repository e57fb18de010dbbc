//! The partition's fold state at the cursor, as the head carries it.
//!
//! A version byte, then fields of (tag, length, bytes). A reader that meets a tag it does not know refuses the head: it was written
//! by a newer version, and dropping the field would lose state.

use std::collections::BTreeMap;

use bytes::Bytes;
use types::{BrandId, Position, Timestamp};

use crate::codec::{Fields, Put};

const VERSION: u8 = 1;
/// Older cursors kept, newest last.
const RUNGS: usize = 16;

/// The partition's own state: everything a successor needs beside the players' rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fold {
    /// The log whose positions these are.
    pub(crate) incarnation: u64,
    /// Running maximum of recorded time.
    pub(crate) clock: Timestamp,
    /// Every timer due by then has fired.
    pub(crate) swept: Timestamp,
    /// The programme version each brand is folded under.
    pub(crate) active: BTreeMap<BrandId, Box<str>>,
    /// The next outbox row's number.
    pub(crate) to: u64,
    /// For each sink the first row that it has not acknowledged.
    pub(crate) from: BTreeMap<Box<str>, u64>,
    /// Older cursors with the checksum of the record there, by which a log restored older is told from the one folded.
    pub(crate) ladder: Vec<Rung>,
}

/// A cursor and the CRC-32C of the record's bytes at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) cursor: Position,
    pub(crate) checksum: u32,
}

mod tag {
    pub(super) const INCARNATION: u8 = 1;
    pub(super) const CLOCK: u8 = 2;
    pub(super) const ACTIVE: u8 = 3;
    pub(super) const OUTBOX_TO: u8 = 4;
    pub(super) const OUTBOX_FROM: u8 = 5;
    pub(super) const RUNG: u8 = 6;
    pub(super) const SWEPT: u8 = 7;
}

impl Fold {
    /// Adds the newest cursor; the ladder thins out the older half rather than forgetting its oldest rung.
    pub(crate) fn climb(&mut self, rung: Rung) {
        // Before the first record there is nothing to compare with.
        let highest = self
            .ladder
            .last()
            .map_or(Position::START, |last| last.cursor);
        if rung.cursor <= highest {
            return;
        }
        if self.ladder.len() >= RUNGS {
            // Every second of the older rungs goes, so that what is kept reaches back ever further.
            let mut index = 0;
            self.ladder.retain(|_| {
                index += 1;
                index > RUNGS / 2 || index % 2 == 1
            });
        }
        self.ladder.push(rung);
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        let mut field = |tag: u8, put: &dyn Fn(&mut Vec<u8>)| {
            let mut body = Vec::new();
            put(&mut body);
            out.push(tag);
            out.put_bytes(&body);
        };
        field(tag::INCARNATION, &|body| body.put_u64(self.incarnation));
        field(tag::CLOCK, &|body| body.put_i64(self.clock.nanos()));
        field(tag::SWEPT, &|body| body.put_i64(self.swept.nanos()));
        for (brand, version) in &self.active {
            field(tag::ACTIVE, &|body| {
                body.put_bytes(brand.as_str().as_bytes());
                body.put_bytes(version.as_bytes());
            });
        }
        field(tag::OUTBOX_TO, &|body| body.put_u64(self.to));
        for (sink, from) in &self.from {
            field(tag::OUTBOX_FROM, &|body| {
                body.put_bytes(sink.as_bytes());
                body.put_u64(*from);
            });
        }
        for rung in &self.ladder {
            field(tag::RUNG, &|body| {
                body.put_u64(rung.cursor.sequence);
                body.put_u32(rung.cursor.index);
                body.put_u32(rung.checksum);
            });
        }
        out.into()
    }

    /// `None` for what this version did not write.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.u8()? != VERSION {
            return None;
        }
        let mut fold = Self::default();
        while !fields.is_empty() {
            let tag = fields.u8()?;
            let mut body = Fields(fields.bytes()?);
            match tag {
                tag::INCARNATION => fold.incarnation = body.u64()?,
                tag::CLOCK => fold.clock = Timestamp::from_nanos(body.i64()?)?,
                tag::SWEPT => fold.swept = Timestamp::from_nanos(body.i64()?)?,
                tag::ACTIVE => {
                    let brand = BrandId::new(body.text()?).ok()?;
                    fold.active.insert(brand, body.text()?.into());
                }
                tag::OUTBOX_TO => fold.to = body.u64()?,
                tag::OUTBOX_FROM => {
                    let sink = body.text()?.into();
                    fold.from.insert(sink, body.u64()?);
                }
                tag::RUNG => fold.ladder.push(Rung {
                    cursor: Position {
                        sequence: body.u64()?,
                        index: body.u32()?,
                    },
                    checksum: body.u32()?,
                }),
                _ => return None,
            }
        }
        Some(fold)
    }
}

#[cfg(test)]
mod tests {
    use types::{BrandId, Position, Timestamp};

    use super::{Fold, RUNGS, Rung};

    fn fold() -> Fold {
        let mut fold = Fold {
            incarnation: 7,
            clock: Timestamp::from_nanos(99).unwrap(),
            swept: Timestamp::from_nanos(98).unwrap(),
            to: 12,
            ..Fold::default()
        };
        let brand = BrandId::new("shop").unwrap();
        fold.active.insert(brand, "cafe".into());
        fold.from.insert("bonus-engine".into(), 3);
        for sequence in 1..100 {
            fold.climb(Rung {
                cursor: Position { sequence, index: 0 },
                checksum: 5,
            });
        }
        fold
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(Fold::decode(&fold().encode()), Some(fold()));
    }

    #[test]
    fn the_ladder_is_bounded_rises_and_keeps_its_newest() {
        let ladder = fold().ladder;
        assert!(ladder.len() <= RUNGS);
        assert!(ladder.is_sorted_by(|a, b| a.cursor < b.cursor));
        assert_eq!(ladder.last().unwrap().cursor.sequence, 99);
    }

    #[test]
    fn cut_and_unknown_bytes_are_refused() {
        let bytes = fold().encode();
        for length in 1..bytes.len() {
            if let Some(fewer) = Fold::decode(&bytes[..length]) {
                assert_ne!(fewer, fold(), "{length}");
            }
        }
        let mut newer = bytes.to_vec();
        newer.extend_from_slice(&[200, 0, 0, 0, 0]);
        assert_eq!(Fold::decode(&newer), None);
        assert_eq!(Fold::decode(&[9]), None);
        assert_eq!(Fold::decode(&[]), None);
    }
}
