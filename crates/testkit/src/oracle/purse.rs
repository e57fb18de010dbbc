//! What of a player's points can be spent, is locked, is held or expires: gone through from the first movement on.

use programme::model::{Duration, PeriodKind, PointsKind};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Life, Move, Rooms, Why};

/// Points of one kind, as they lie.
#[derive(Default)]
pub(super) struct Purse {
    /// What is left of credits that are locked or expire.
    lots: Vec<Lot>,
    pub(super) holds: Vec<Held>,
    /// All the others; below zero, a debt.
    rest: i128,
    /// What has expired of which movement.
    expired: Vec<(usize, i128)>,
}

#[derive(Clone)]
struct Lot {
    /// The movement that gave them: its index.
    of: usize,
    by_hand: bool,
    from: Timestamp,
    until: Timestamp,
    micro: i128,
}

/// A hold.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) until: Timestamp,
    pieces: Vec<Lot>,
    rest: i128,
}

impl Held {
    pub(super) fn amount(&self) -> i128 {
        self.pieces.iter().map(|piece| piece.micro).sum::<i128>() + self.rest
    }
}

impl Purse {
    /// What can be spent at an instant.
    pub(super) fn spendable(&self, at: Timestamp) -> i128 {
        let free = self.lots.iter().filter(|lot| lot.from <= at);
        self.rest + free.map(|lot| lot.micro).sum::<i128>()
    }

    /// When a lot expires next.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        let ends = self.lots.iter().map(|lot| lot.until);
        ends.filter(|until| *until < Timestamp::MAX).min()
    }

    /// What expires by then.
    pub(super) fn due(&self, at: Timestamp) -> i128 {
        let over = self.lots.iter().filter(|lot| lot.until <= at);
        over.map(|lot| lot.micro).sum()
    }

    pub(super) fn expired_of(&self, of: usize) -> i128 {
        let parts = self.expired.iter().filter(|(it, _)| *it == of);
        parts.map(|(_, micro)| micro).sum()
    }

    // What expires first lies first.
    fn tidy(&mut self) {
        self.lots
            .sort_by_key(|lot| (lot.until, !lot.by_hand, lot.of));
        for lot in &mut self.lots {
            let paid = lot.micro.min((-self.rest).max(0));
            lot.micro -= paid;
            self.rest += paid;
        }
        self.lots.retain(|lot| lot.micro > 0);
    }

    fn draw(&mut self, mut micro: i128, at: Timestamp) -> (Vec<Lot>, i128) {
        let mut pieces = Vec::new();
        for lot in self.lots.iter_mut().filter(|lot| lot.from <= at) {
            let part = micro.min(lot.micro);
            lot.micro -= part;
            micro -= part;
            pieces.push(Lot {
                micro: part,
                ..lot.clone()
            });
        }
        self.rest -= micro;
        self.tidy();
        (pieces, micro)
    }

    fn end(&mut self, id: &str, mut spent: i128) {
        let at = self.holds.iter().position(|held| held.id == id);
        let held = self.holds.remove(at.expect("an open hold"));
        for piece in held.pieces {
            let part = spent.min(piece.micro);
            spent -= part;
            self.lots.push(Lot {
                micro: piece.micro - part,
                ..piece
            });
        }
        self.rest += held.rest - spent;
        self.tidy();
    }
}

impl Life<'_> {
    /// How these points lie after every movement so far.
    pub(super) fn purse(&self, points: usize) -> Purse {
        let mut purse = Purse::default();
        let here = self.moves.iter().enumerate();
        for (ix, step) in here.filter(|(_, step)| step.points == points) {
            match &step.why {
                Why::Held { id, until, micro } => {
                    let (pieces, rest) = purse.draw(*micro, step.at);
                    purse.holds.push(Held {
                        id: id.clone(),
                        until: *until,
                        pieces,
                        rest,
                    });
                }
                Why::Released(id) => purse.end(id, 0),
                Why::Spent(Some(id)) => purse.end(id, -step.micro),
                Why::Spent(None) => {
                    purse.draw(-step.micro, step.at);
                }
                Why::Expired => {
                    let over = |lot: &Lot| lot.until <= step.at;
                    let gone = purse.lots.iter().filter(|lot| over(lot));
                    let gone: Vec<_> = gone.map(|lot| (lot.of, lot.micro)).collect();
                    purse.expired.extend(gone);
                    purse.lots.retain(|lot| !over(lot));
                }
                _ if step.micro > 0 => self.credit(&mut purse, ix, step),
                _ => self.debit(&mut purse, step),
            }
        }
        purse
    }

    fn credit(&self, purse: &mut Purse, ix: usize, step: &Move) {
        let later = |by: Option<Duration>, otherwise| {
            by.map_or(otherwise, |by| {
                self.zones.later(PeriodKind::Month, step.at, by)
            })
        };
        let lot = match step.kind {
            PointsKind::Status => None,
            PointsKind::Spendable { pending, expires } => Some(Lot {
                of: ix,
                by_hand: step.why == Why::Adjusted,
                from: later(pending, step.at),
                until: later(expires, Timestamp::MAX),
                micro: step.micro,
            }),
        };
        match lot.filter(|lot| lot.from > step.at || lot.until < Timestamp::MAX) {
            Some(lot) => purse.lots.push(lot),
            None => purse.rest += step.micro,
        }
        purse.tidy();
    }

    // From the credit that is taken back first.
    fn debit(&self, purse: &mut Purse, step: &Move) {
        let mut micro = -step.micro;
        let own = match step.why {
            Why::Rule(_) => self.granted(step.deed, &step.why),
            _ => step.takes_back,
        };
        if own.is_some() {
            // What came back from a hold is a lot of its own.
            for lot in purse.lots.iter_mut().filter(|lot| Some(lot.of) == own) {
                let part = micro.min(lot.micro);
                lot.micro -= part;
                micro -= part;
            }
        }
        purse.rest -= micro;
        purse.tidy();
    }

    // The movement by which an event's entry began.
    fn granted(&self, deed: usize, why: &Why) -> Option<usize> {
        let mut all = self.moves.iter();
        all.position(|step| step.deed == deed && step.why == *why)
    }

    /// What has expired of what a rule gave for an event.
    pub(super) fn expired_of(&self, deed: usize, why: &Why) -> i128 {
        let Some(granted) = self.granted(deed, why) else {
            return 0;
        };
        self.purse(self.moves[granted].points).expired_of(granted)
    }

    /// Takes away what is past its time.
    pub(super) fn expire(&mut self, points: usize, at: Timestamp, cause: Cause<'_>) {
        let micro = self.purse(points).due(at);
        if micro > 0 {
            self.note(points, -micro, Why::Expired, at);
            self.say_expired(points, micro, cause);
        }
    }

    /// Writes a movement down that no rule made.
    pub(super) fn note(&mut self, points: usize, micro: i128, why: Why, at: Timestamp) {
        let deed = self.deeds.len() - 1;
        self.moves.push(Move {
            points,
            micro,
            why,
            deed,
            caused_by: deed,
            at,
            kind: self.programme.points[points].kind,
            rooms: Rooms::default(),
            takes_back: None,
        });
    }
}
