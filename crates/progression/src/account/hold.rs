//! Holds: points set aside until they are spent, released, or the hold is over. Held points do not expire; what is past its time when
//! it comes back expires at once.

use types::{MicroPoints, Timestamp};

use super::{Account, Lot, decode_lots, encode_lots};
use crate::codec::{DecodeError, Reader, Writer};

/// Holds of one player and one kind of points at a time.
pub(crate) const HOLDS_MAX: usize = 100;

/// Points that are set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) id: Box<str>,
    /// When it is over.
    pub(crate) until: Timestamp,
    pieces: Vec<Lot>,
    /// Of what is in no lot.
    rest: MicroPoints,
}

impl Hold {
    pub(crate) fn amount(&self) -> MicroPoints {
        let held = self.pieces.iter();
        held.fold(self.rest, |sum, piece| sum + piece.left)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.pieces.capacity() * size_of::<Lot>()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(&self.id);
        writer.time(self.until);
        encode_lots(&self.pieces, writer);
        writer.wide(self.rest.0);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.text()?.into(),
            until: reader.time()?,
            pieces: decode_lots(reader)?,
            rest: MicroPoints(reader.wide()?),
        })
    }
}

impl Account {
    /// The hold whose time is over next, and when.
    pub(crate) fn lapses_at(&self) -> Option<(Timestamp, &str)> {
        let all = self.holds.iter().map(|hold| (hold.until, &*hold.id));
        all.min()
    }

    /// The holds whose time is over by now.
    pub(crate) fn lapsed(&self, now: Timestamp) -> Vec<Box<str>> {
        let over = self.holds.iter().filter(|hold| hold.until <= now);
        over.map(|hold| hold.id.clone()).collect()
    }

    pub(crate) fn hold(&self, id: &str) -> Option<&Hold> {
        self.holds.iter().find(|hold| *hold.id == *id)
    }

    /// Sets points aside that are available.
    pub(crate) fn set_aside(
        &mut self,
        id: &str,
        amount: MicroPoints,
        until: Timestamp,
        now: Timestamp,
    ) {
        let (pieces, rest) = self.draw(amount, now);
        let at = self.holds.partition_point(|hold| *hold.id < *id);
        self.holds.insert(
            at,
            Hold {
                id: id.into(),
                until,
                pieces,
                rest,
            },
        );
    }

    /// Ends a hold; what it held comes back.
    pub(crate) fn release(&mut self, id: &str) -> Option<Hold> {
        let at = self.holds.iter().position(|hold| *hold.id == *id)?;
        let hold = self.holds.remove(at);
        hold.pieces.iter().for_each(|piece| self.put(*piece));
        self.settle();
        Some(hold)
    }

    /// Spends so much of what a hold holds, what expires first first; the rest comes back.
    pub(crate) fn commit(&mut self, id: &str, amount: MicroPoints) -> Option<Hold> {
        let at = self.holds.iter().position(|hold| *hold.id == *id)?;
        let hold = self.holds.remove(at);
        self.balance -= amount;
        let mut spent = amount;
        for piece in &hold.pieces {
            let of_piece = spent.min(piece.left);
            spent -= of_piece;
            if of_piece < piece.left {
                self.put(Lot {
                    left: piece.left - of_piece,
                    ..*piece
                });
            }
        }
        self.settle();
        Some(hold)
    }
}
