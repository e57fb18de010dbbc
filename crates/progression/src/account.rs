//! A player's account in one kind of points.
//!
//! The balance is the sum of all movements. Of points that are locked for a while or expire, what is left of each credit is kept as a
//! lot; what is in no lot and held by no hold is the rest, spendable for ever. A rest below zero is a debt: lots pay it, those first
//! that expire first, so there is never both.

mod hold;

use types::{MicroPoints, Timestamp};

use crate::codec::{DecodeError, Reader, Writer};

pub(crate) use hold::{HOLDS_MAX, Hold};

/// The player's account in one kind of points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: MicroPoints,
    /// Earned minus reversed: what qualifies for tiers. Spending does not lower it.
    pub(crate) credits: MicroPoints,
    pub(crate) earned_n: u64,
    pub(crate) reversed_n: u64,
    pub(crate) expired_n: u64,
    /// By when they expire, then as they came.
    pub(crate) lots: Vec<Lot>,
    /// By id.
    pub(crate) holds: Vec<Hold>,
}

/// What is left of a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lot {
    /// The n of the movement that gave it; 0: by hand.
    pub(crate) n: u64,
    /// From when it can be spent.
    pub(crate) from: Timestamp,
    /// When it expires; the last instant for never.
    pub(crate) until: Timestamp,
    pub(crate) left: MicroPoints,
}

impl Account {
    /// What can be spent or held now.
    pub(crate) fn available(&self, now: Timestamp) -> MicroPoints {
        self.rest() + sum(self.lots.iter().filter(|lot| lot.from <= now))
    }

    /// What is locked still.
    pub(crate) fn pending(&self, now: Timestamp) -> MicroPoints {
        sum(self.lots.iter().filter(|lot| lot.from > now))
    }

    /// What is held.
    pub(crate) fn held(&self) -> MicroPoints {
        let holds = self.holds.iter().map(Hold::amount);
        holds.fold(MicroPoints::ZERO, |sum, held| sum + held)
    }

    /// What is in no lot and no hold; below zero, a debt.
    fn rest(&self) -> MicroPoints {
        self.balance - sum(self.lots.iter()) - self.held()
    }

    /// Gives points; `lot` says when they are spendable, where that is not always.
    pub(crate) fn give(&mut self, amount: MicroPoints, lot: Option<Lot>) {
        self.balance += amount;
        if let Some(lot) = lot {
            self.put(lot);
        }
        self.settle();
    }

    /// Takes points, from the lot of their own credit first; the balance may fall below zero.
    pub(crate) fn take(&mut self, amount: MicroPoints, own: Option<u64>) {
        self.balance -= amount;
        let own = own.and_then(|n| self.lots.iter_mut().find(|lot| lot.n == n));
        if let Some(own) = own {
            own.left -= amount.min(own.left);
        }
        self.settle();
    }

    /// Sets points that can be spent aside: what expires first, first. No more than is available is asked for.
    fn draw(&mut self, amount: MicroPoints, now: Timestamp) -> (Vec<Lot>, MicroPoints) {
        let mut rest = amount;
        let mut drawn = Vec::new();
        for lot in self.lots.iter_mut().filter(|lot| lot.from <= now) {
            let left = rest.min(lot.left);
            if left > MicroPoints::ZERO {
                lot.left -= left;
                rest -= left;
                drawn.push(Lot { left, ..*lot });
            }
        }
        self.lots.retain(|lot| lot.left > MicroPoints::ZERO);
        (drawn, rest)
    }

    /// Spends points that are available.
    pub(crate) fn spend(&mut self, amount: MicroPoints, now: Timestamp) {
        self.draw(amount, now);
        self.balance -= amount;
    }

    /// When something is locked no more or expires, next.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        let first = self.lots.first()?.until;
        (first < Timestamp::MAX).then_some(first)
    }

    /// Takes away what is over by now, lot by lot.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<(u64, MicroPoints)> {
        let over = self.lots.partition_point(|lot| lot.until <= now);
        let gone: Vec<Lot> = self.lots.drain(..over).collect();
        self.balance -= sum(gone.iter());
        gone.iter().map(|lot| (lot.n, lot.left)).collect()
    }

    /// What was locked and is for ever now needs no lot.
    #[inline]
    pub(crate) fn unlock(&mut self, now: Timestamp) {
        if self.lots.is_empty() {
            return;
        }
        let locked = |lot: &Lot| lot.from > now || lot.until < Timestamp::MAX;
        self.lots.retain(locked);
    }

    /// Puts a lot where it belongs; what is left of the same credit goes together.
    fn put(&mut self, lot: Lot) {
        let same = |it: &&mut Lot| it.n == lot.n && it.until == lot.until && it.from == lot.from;
        if let Some(known) = self.lots.iter_mut().find(same) {
            known.left += lot.left;
            return;
        }
        let at = self
            .lots
            .partition_point(|it| (it.until, it.n) <= (lot.until, lot.n));
        self.lots.insert(at, lot);
    }

    /// Pays a debt from the lots.
    fn settle(&mut self) {
        if self.lots.is_empty() {
            return;
        }
        let mut debt = -self.rest();
        for lot in &mut self.lots {
            if debt <= MicroPoints::ZERO {
                break;
            }
            let paid = debt.min(lot.left);
            lot.left -= paid;
            debt -= paid;
        }
        self.lots.retain(|lot| lot.left > MicroPoints::ZERO);
    }

    pub(crate) fn bytes(&self) -> usize {
        let pieces: usize = self.holds.iter().map(Hold::bytes).sum();
        self.lots.capacity() * size_of::<Lot>() + pieces
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.wide(self.balance.0);
        writer.wide(self.credits.0);
        writer.number(self.earned_n);
        writer.number(self.reversed_n);
        let more = self.expired_n > 0 || !self.lots.is_empty() || !self.holds.is_empty();
        writer.flag(more);
        if more {
            writer.number(self.expired_n);
            encode_lots(&self.lots, writer);
            writer.length(self.holds.len());
            self.holds.iter().for_each(|hold| hold.encode(writer));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut account = Self {
            balance: MicroPoints(reader.wide()?),
            credits: MicroPoints(reader.wide()?),
            earned_n: reader.number()?,
            reversed_n: reader.number()?,
            ..Self::default()
        };
        if reader.flag()? {
            account.expired_n = reader.number()?;
            account.lots = decode_lots(reader)?;
            account.holds = (0..reader.length()?)
                .map(|_| Hold::decode(reader))
                .collect::<Result<_, _>>()?;
        }
        Ok(account)
    }
}

fn sum<'l>(lots: impl Iterator<Item = &'l Lot>) -> MicroPoints {
    lots.fold(MicroPoints::ZERO, |sum, lot| sum + lot.left)
}

/// Times as differences: lots are many, and lie close.
fn encode_lots(lots: &[Lot], writer: &mut Writer<'_>) {
    writer.length(lots.len());
    let (mut n, mut from, mut until) = (0, 0, 0);
    for lot in lots {
        writer.signed(lot.n.wrapping_sub(n) as i64);
        writer.signed(lot.from.nanos().wrapping_sub(from));
        writer.signed(lot.until.nanos().wrapping_sub(until));
        writer.wide(lot.left.0);
        (n, from, until) = (lot.n, lot.from.nanos(), lot.until.nanos());
    }
}

fn decode_lots(reader: &mut Reader<'_>) -> Result<Vec<Lot>, DecodeError> {
    let (mut n, mut from, mut until) = (0u64, 0i64, 0i64);
    let mut lots = Vec::new();
    for _ in 0..reader.length()? {
        n = n.wrapping_add(reader.signed()? as u64);
        from = from.wrapping_add(reader.signed()?);
        until = until.wrapping_add(reader.signed()?);
        let time =
            |nanos| Timestamp::from_nanos(nanos).ok_or(DecodeError::Invalid("a lot of points"));
        lots.push(Lot {
            n,
            from: time(from)?,
            until: time(until)?,
            left: MicroPoints(reader.wide()?),
        });
    }
    match lots.is_sorted_by_key(|lot| lot.until) {
        true => Ok(lots),
        false => Err(DecodeError::Invalid("a lot of points")),
    }
}
