//! Points that move otherwise than by rules and rewards: spent, held, released, moved by hand, expired.

use programme::model::{Duration, PeriodKind, PointsIx, PointsKind};
use types::{MicroPoints, Timestamp};

use super::Step;
use crate::account::{Account, Lot};
use crate::effect::Effect;
use crate::tier;

impl Step<'_> {
    /// When points that are given now can be spent; `None` where that is at once and for ever.
    pub(super) fn lot(&self, points: PointsIx, amount: MicroPoints) -> Option<Lot> {
        let kind = self.programme.points.get(usize::from(points.0))?.kind;
        let PointsKind::Spendable { pending, expires } = kind else {
            return None;
        };
        if pending.is_none() && expires.is_none() {
            return None;
        }
        let lot = Lot {
            n: 0,
            from: pending.map_or(self.now, |by| self.later(by)),
            until: expires.map_or(Timestamp::MAX, |by| self.later(by)),
            left: amount,
        };
        (lot.from > self.now || lot.until < Timestamp::MAX).then_some(lot)
    }

    /// The instant so much later than now; months by the calendar of the player's zone.
    pub(crate) fn later(&self, by: Duration) -> Timestamp {
        let zones = &self.state.zones;
        zones.later(self.programme, PeriodKind::Month, self.now, by)
    }

    fn account(&mut self, points: PointsIx) -> Option<&mut Account> {
        self.state.points.get_mut(usize::from(points.0))
    }

    /// Takes points that the player spends, out of a hold where one is named; what qualified stays.
    pub(crate) fn spend(&mut self, points: PointsIx, amount: MicroPoints, hold: Option<&str>) {
        let now = self.now;
        let Some(account) = self.account(points) else {
            return;
        };
        match hold {
            None => account.spend(amount, now),
            Some(id) => {
                account.commit(id, amount);
            }
        }
        self.effects.push(Effect::Spent {
            points,
            amount,
            hold: hold.map(Into::into),
        });
        if hold.is_some() {
            self.expire(points);
        }
    }

    /// Sets points aside.
    pub(crate) fn hold(
        &mut self,
        points: PointsIx,
        amount: MicroPoints,
        hold: &str,
        until: Timestamp,
    ) {
        let now = self.now;
        if let Some(account) = self.account(points) {
            account.set_aside(hold, amount, until, now);
            self.effects.push(Effect::Held {
                points,
                amount,
                hold: hold.into(),
                until,
            });
        }
    }

    /// Ends a hold; what is past its time by now expires.
    pub(crate) fn release(&mut self, points: PointsIx, hold: &str) {
        self.end_hold(points, hold, false);
        self.expire(points);
    }

    fn end_hold(&mut self, points: PointsIx, hold: &str, lapsed: bool) {
        let released = self
            .account(points)
            .and_then(|account| account.release(hold));
        if let Some(released) = released {
            self.effects.push(Effect::Released {
                points,
                amount: released.amount(),
                hold: released.id,
                lapsed,
            });
        }
    }

    /// Gives or takes points by hand.
    pub(crate) fn adjust(&mut self, points: PointsIx, amount: MicroPoints) {
        let lot = self.lot(points, amount);
        let Some(account) = self.account(points) else {
            return;
        };
        account.credits += amount;
        match amount > MicroPoints::ZERO {
            true => account.give(amount, lot),
            false => account.take(-amount, None),
        }
        tier::credit(self, points, amount);
    }

    /// Ends the holds whose time is over, and takes away what is past its time then: all of one instant in one.
    pub(crate) fn lapse(&mut self, points: PointsIx) {
        let now = self.now;
        let holds = self.account(points).map(|account| account.lapsed(now));
        for hold in holds.unwrap_or_default() {
            self.end_hold(points, &hold, true);
        }
        self.expire(points);
    }

    /// Takes away what is past its time.
    fn expire(&mut self, points: PointsIx) {
        let now = self.now;
        let Some(account) = self.account(points) else {
            return;
        };
        let lots = account.expire(now);
        if lots.is_empty() {
            return;
        }
        account.expired_n += 1;
        let n = account.expired_n;
        let amount = lots.iter().map(|(_, amount)| *amount);
        self.effects.push(Effect::Expired {
            points,
            amount: amount.fold(MicroPoints::ZERO, |sum, amount| sum + amount),
            n,
            lots,
        });
    }
}
