//! The partition's fold state at the cursor, as the head carries it.
//!
//! A version byte, then fields of (tag, length, bytes). A reader that meets a tag it does not know refuses the head: it was written
//! by a newer version, and dropping the field would lose state.

use std::collections::BTreeMap;

use bytes::Bytes;
use types::{BrandId, Position, Timestamp};

use crate::codec::{Fields, Put};
use crate::timeline::Timeline;

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
    /// Which publications are known, and which took effect where.
    pub(crate) timeline: Timeline,
    /// For each brand the newest publication that every player of the partition has met.
    pub(crate) settled: BTreeMap<BrandId, u64>,
    /// The newest logic version that every player of the partition has met; 0 where that is the first.
    pub(crate) settled_logic: u32,
    /// The next outbox row's number.
    pub(crate) to: u64,
    /// For each sink the first row that it has not acknowledged.
    pub(crate) from: BTreeMap<Box<str>, u64>,
    /// Older cursors with the checksum of the record there, by which a log restored older is told from the one folded.
    pub(crate) ladder: Vec<Rung>,
    /// The last time that the log was found to be an older one.
    pub(crate) restored: Option<Restored>,
}

/// The log was found restored to an older copy than what was folded: the fold went on from an older rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Restored {
    /// How often that has happened: positions stored before mean the log of that time.
    pub(crate) times: u32,
    /// Up to here the log is the one that was folded.
    pub(crate) kept: Position,
    /// Up to here it had been folded.
    pub(crate) folded: Position,
    /// When that was found.
    pub(crate) at: Timestamp,
    /// Not every player's state has been put right yet.
    pub(crate) pending: bool,
}

/// A cursor, and by what it is known again in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) cursor: Position,
    /// CRC-32C of the record's bytes at it.
    pub(crate) checksum: u32,
    /// What stands before it; `None` where a release of before wrote the head, or there is nothing to compare.
    pub(crate) stretch: Option<Stretch>,
}

/// The records that a tenure folded, up to a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// They stand behind this position.
    pub(crate) from: Position,
    /// CRC-32C over their checksums, in order.
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
    pub(super) const RESTORED: u8 = 8;
    pub(super) const KNOWN: u8 = 9;
    pub(super) const ACTIVATED: u8 = 10;
    pub(super) const SETTLED: u8 = 11;
    pub(super) const LOGIC: u8 = 12;
    pub(super) const SETTLED_LOGIC: u8 = 13;
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

    /// The rung at a cursor; a new one where there is none, with nothing to compare.
    pub(crate) fn rung(&self, cursor: Position) -> Rung {
        let mut rungs = self.ladder.iter();
        let there = rungs.find(|rung| rung.cursor == cursor).copied();
        there.unwrap_or(Rung {
            cursor,
            checksum: 0,
            stretch: None,
        })
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
        for (active, bytes) in self.timeline.fields() {
            let tag = if active { tag::ACTIVATED } else { tag::KNOWN };
            field(tag, &|body| body.extend_from_slice(&bytes));
        }
        for bytes in self.timeline.logic.fields() {
            field(tag::LOGIC, &|body| body.extend_from_slice(&bytes));
        }
        if self.settled_logic > 0 {
            field(tag::SETTLED_LOGIC, &|body| body.put_u32(self.settled_logic));
        }
        for (brand, number) in &self.settled {
            field(tag::SETTLED, &|body| {
                body.put_bytes(brand.as_str().as_bytes());
                body.put_u64(*number);
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
                put_position(body, rung.cursor);
                body.put_u32(rung.checksum);
                if let Some(Stretch { from, checksum }) = rung.stretch {
                    put_position(body, from);
                    body.put_u32(checksum);
                }
            });
        }
        if let Some(restored) = &self.restored {
            field(tag::RESTORED, &|body| {
                body.put_u32(restored.times);
                for position in [restored.kept, restored.folded] {
                    put_position(body, position);
                }
                body.put_i64(restored.at.nanos());
                body.push(u8::from(restored.pending));
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
                tag::KNOWN => fold.timeline.read(false, &mut body)?,
                tag::ACTIVATED => fold.timeline.read(true, &mut body)?,
                tag::SETTLED => {
                    let brand = BrandId::new(body.text()?).ok()?;
                    fold.settled.insert(brand, body.u64()?);
                }
                tag::LOGIC => fold.timeline.logic.read(&mut body)?,
                tag::SETTLED_LOGIC => fold.settled_logic = body.u32()?,
                tag::OUTBOX_TO => fold.to = body.u64()?,
                tag::OUTBOX_FROM => {
                    let sink = body.text()?.into();
                    fold.from.insert(sink, body.u64()?);
                }
                tag::RUNG => fold.ladder.push(Rung {
                    cursor: position(&mut body)?,
                    checksum: body.u32()?,
                    stretch: stretch(&mut body),
                }),
                tag::RESTORED => {
                    fold.restored = Some(Restored {
                        times: body.u32()?,
                        kept: position(&mut body)?,
                        folded: position(&mut body)?,
                        at: Timestamp::from_nanos(body.i64()?)?,
                        pending: body.u8()? == 1,
                    });
                }
                _ => return None,
            }
        }
        Some(fold)
    }
}

fn put_position(body: &mut Vec<u8>, position: Position) {
    body.put_u64(position.sequence);
    body.put_u32(position.index);
}

fn position(body: &mut Fields<'_>) -> Option<Position> {
    Some(Position {
        sequence: body.u64()?,
        index: body.u32()?,
    })
}

fn stretch(body: &mut Fields<'_>) -> Option<Stretch> {
    Some(Stretch {
        from: position(body)?,
        checksum: body.u32()?,
    })
}

#[cfg(test)]
mod tests {
    use types::{BrandId, Change, Position, Stage, Timestamp};

    use super::{Fold, RUNGS, Restored, Rung, Stretch};

    fn fold() -> Fold {
        let mut fold = Fold {
            incarnation: 7,
            clock: Timestamp::from_nanos(99).unwrap(),
            swept: Timestamp::from_nanos(98).unwrap(),
            to: 12,
            restored: Some(Restored {
                times: 2,
                kept: Position::START,
                folded: Position {
                    sequence: 40,
                    index: 3,
                },
                at: Timestamp::from_nanos(97).unwrap(),
                pending: true,
            }),
            ..Fold::default()
        };
        let brand = BrandId::new("shop").unwrap();
        for (number, stage) in [(2, Stage::Active), (3, Stage::Active), (4, Stage::Known)] {
            let change = Change {
                brand: brand.clone(),
                number,
                version: "cafe".into(),
                stage,
            };
            let position = Position {
                sequence: number,
                index: 1,
            };
            fold.timeline.hear(&change, position, fold.clock);
        }
        let moved = Position {
            sequence: 3,
            index: 2,
        };
        fold.timeline.logic.hear(2, moved, fold.clock);
        fold.settled_logic = 2;
        fold.settled.insert(brand.clone(), 2);
        fold.active.insert(brand, "cafe".into());
        fold.from.insert("bonus-engine".into(), 3);
        for sequence in 1..100 {
            fold.climb(Rung {
                cursor: Position { sequence, index: 0 },
                checksum: 5,
                // A head of a release before and one of this, folded on.
                stretch: (sequence > 90).then_some(Stretch {
                    from: Position::START,
                    checksum: 7,
                }),
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
