//! One step of the fold: the state being changed, and what is decided on the way.

mod ledger;

use std::sync::Arc;

use programme::model::{MissionIx, PointsIx, Programme};
use smallvec::SmallVec;
use types::{Event, EventId, MicroPoints, SourceId, Timestamp};

use crate::account::Lot;
use crate::cap;
use crate::effect::{Because, Effect, GrantStatus, Granted, Movement, RevokeReason, Working};
use crate::fact::Fact;
use crate::journal::{Archived, Contribution, Entry, Key, Verdicts};
use crate::mission::{Cold, ExpiredReward};
use crate::period::Period;
use crate::state::{GRANTS_SHOWN, GrantState, Moves, State};
use crate::stock::{Deliver, Tell, Told};
use crate::tier;
use crate::waiting::Occasion;
use crate::zone::Zones;

/// When what is being counted, or taken back, happened: it decides the qualification period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) occurred_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
}

/// Effects that most events come to.
const ROOM: usize = 4;

pub(crate) struct Step<'a> {
    pub(crate) programme: &'a Programme,
    pub(crate) state: &'a mut State,
    /// The record's time, or the timer's.
    pub(crate) now: Timestamp,
    /// The event's own; while something is taken back, that of what had given it.
    pub(crate) origin: Origin,
    pub(crate) effects: Vec<Effect>,
    pub(crate) judged: Verdicts,
    pub(crate) counted: Vec<Contribution>,
    pub(crate) archived: Vec<Archived>,
    /// Periods that lie in the archive and are needed by this step.
    pub(crate) cold: Vec<Cold>,
    /// What has expired of rewards that may be taken back.
    pub(crate) expired: Vec<ExpiredReward>,
    /// Missions and periods from which something was taken off.
    pub(crate) fell: SmallVec<[(MissionIx, Period); 4]>,
    /// Missions and periods that are due to complete by what was added, in file order.
    pub(crate) grew: SmallVec<[(MissionIx, Period); 4]>,
    /// The record's event; none where time alone does it.
    pub(crate) event: Option<&'a Event>,
    /// What is done is the doing of an earlier event, whose question was answered.
    pub(crate) by: Option<(SourceId, EventId)>,
    /// What is told once more and decides nothing.
    pub(crate) again: Vec<Told>,
    /// Where tells are delivered at once.
    pub(crate) deliver: Option<&'a mut Deliver<'a>>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(programme: &'a Programme, state: &'a mut State) -> Self {
        let now = state.clock;
        Self {
            programme,
            state,
            now,
            origin: Origin {
                occurred_at: now,
                recorded_at: now,
            },
            effects: Vec::with_capacity(ROOM),
            judged: Verdicts::default(),
            counted: Vec::new(),
            archived: Vec::new(),
            cold: Vec::new(),
            expired: Vec::new(),
            fell: SmallVec::new(),
            grew: SmallVec::new(),
            event: None,
            by: None,
            again: Vec::new(),
            deliver: None,
        }
    }

    /// Does something with the player's zones beside the rest of the state.
    pub(crate) fn beside_zones<T>(&mut self, what: impl FnOnce(&mut Self, &Zones) -> T) -> T {
        let zones = std::mem::take(&mut self.state.zones);
        let result = what(self, &zones);
        self.state.zones = zones;
        result
    }

    /// Tells another entity; its answer, where it is there at once.
    pub(crate) fn tell(&mut self, told: Told) -> Option<bool> {
        self.effects.push(Effect::Told(told.clone()));
        let deliver = self.deliver.as_mut()?;
        deliver(Tell {
            names: Arc::clone(&self.state.names),
            at: self.now,
            told,
        })
    }

    /// The event whose doing this is, where it is one's that occurred then.
    pub(crate) fn occasion(&self, occurred_at: Timestamp) -> Option<Occasion> {
        let own = || {
            self.event
                .map(|event| (event.source.clone(), event.id.clone()))
        };
        let (source, id) = self.by.clone().or_else(own)?;
        Some(Occasion {
            source,
            id,
            occurred_at,
        })
    }

    /// Whether the player was restricted when the event occurred, or is now that it is recorded.
    pub(crate) fn restricts(&self, fact: &Fact<'_>) -> bool {
        let restrictions = &self.state.restrictions;
        restrictions.hold(fact.occurred_at) || restrictions.hold(self.now)
    }

    /// Hands what was decided to the entry.
    pub(crate) fn finish(mut self, entry: &mut Entry) {
        let touched = self.cold.drain(..).filter(|cold| cold.touched);
        self.archived.extend(touched.map(|cold| Archived {
            mission: cold.mission,
            slot: cold.slot,
        }));
        entry.effects = self.effects;
        entry.judged = self.judged;
        entry.counted = self.counted;
        entry.archived = self.archived;
    }

    /// Gives points; by which n-th credit of them, where what it gave is known apart from the rest, else 0.
    pub(crate) fn give(
        &mut self,
        points: PointsIx,
        amount: MicroPoints,
        because: Because,
        working: Option<Working>,
    ) -> Option<u64> {
        let lot = self.lot(points, amount);
        let account = self.state.points.get_mut(usize::from(points.0))?;
        account.earned_n += 1;
        account.credits += amount;
        account.unlock(self.now);
        let n = account.earned_n;
        let apart = if lot.is_some() { n } else { 0 };
        account.give(amount, lot.map(|lot| Lot { n, ..lot }));
        self.effects.push(Effect::Earned(Movement {
            points,
            amount,
            because,
            n,
            working,
        }));
        tier::credit(self, points, amount);
        Some(apart)
    }

    /// Takes points back, of the credit whose n is `own` first.
    pub(crate) fn take_of(
        &mut self,
        points: PointsIx,
        amount: MicroPoints,
        because: Because,
        own: u64,
    ) {
        let Some(account) = self.state.points.get_mut(usize::from(points.0)) else {
            return;
        };
        account.take(amount, Some(own));
        account.credits -= amount;
        account.reversed_n += 1;
        self.effects.push(Effect::Reversed(Movement {
            points,
            amount,
            because,
            n: account.reversed_n,
            working: None,
        }));
        tier::credit(self, points, -amount);
    }

    /// Does something as of another time; how it was before is back afterwards.
    pub(crate) fn as_of<T>(&mut self, origin: Origin, what: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.origin, origin);
        let result = what(self);
        self.origin = own;
        result
    }

    /// Takes back some of what a rule gave, the cap's room comes back with it; below zero, gives some of it again.
    pub(crate) fn take_back(
        &mut self,
        booked: &Programme,
        movement: &Movement,
        amount: i128,
        moves: Option<&Moves>,
    ) {
        if amount == 0 {
            return;
        }
        let amount = MicroPoints(amount);
        let (points, because) = match moves {
            None => (Some(movement.points), Some(movement.because)),
            Some(moves) => (
                moves.points(movement.points),
                moves.because(movement.because),
            ),
        };
        // Points that the programme has no more have no balance to take from.
        let Some(points) = points else {
            return;
        };
        // A rule that is gone has no index among those that there are: it is not named, rather than wrongly.
        let named = because.unwrap_or(Because::NO_RULE);
        cap::give_back(
            self.state,
            (booked, movement),
            (Some(points), because),
            amount,
        );
        if amount < MicroPoints::ZERO {
            self.give(points, -amount, named, movement.working.clone());
        } else {
            self.take_of(points, amount, named, movement.n);
        }
    }

    /// Asks for a grant, or offers it.
    pub(crate) fn grant(&mut self, grant: Granted, status: GrantStatus) {
        self.effects.push(Effect::Offered { grant, status });
        let grants = &mut self.state.grants;
        if grants.len() >= GRANTS_SHOWN {
            grants.remove(0);
        }
        grants.push(GrantState {
            reward: grant.reward,
            because: grant.because,
            number: grant.number,
            status: Some(status),
            report: None,
            at: self.now,
        });
    }

    /// Takes a grant back.
    pub(crate) fn revoke(&mut self, grant: Granted, reason: RevokeReason) {
        self.effects.push(Effect::Revoked { grant, reason });
        self.show(grant, None);
    }

    /// A grant's status, for readers.
    pub(crate) fn show(&mut self, grant: Granted, status: Option<GrantStatus>) {
        let shown = self.state.grants.iter_mut().rfind(|it| {
            (it.reward, it.because, it.number) == (grant.reward, grant.because, grant.number)
        });
        if let Some(shown) = shown {
            (shown.status, shown.report, shown.at) = (status, None, self.now);
        }
    }
}

impl Entry {
    /// Whether its identity is the event's: conflicts have none.
    pub(crate) fn is_first(&self) -> bool {
        self.outcome != crate::decision::Outcome::Conflict
    }

    /// Under which keys it is found; its own is known.
    pub(crate) fn keys(&self, own: Key) -> SmallVec<[Key; 4]> {
        let mut keys = SmallVec::new();
        keys.push(own);
        if self.has_other_keys() {
            self.other_keys(&mut keys);
        }
        keys
    }

    /// Whether it is found under anything but its own key: few are.
    fn has_other_keys(&self) -> bool {
        let expires = |effect: &Effect| matches!(effect, Effect::Expired { .. });
        !self.reversals.is_empty()
            || self.tombstone.is_some()
            || self.bet.is_some()
            || !self.archived.is_empty()
            || self.effects.iter().any(expires)
    }

    fn other_keys(&self, keys: &mut SmallVec<[Key; 4]>) {
        let settled = self.bet.as_ref().and_then(|bet| bet.settled.as_ref());
        let returns = self.reversals.iter();
        keys.extend(returns.map(|it| Key::returned(&it.source, &it.id)));
        let waits = self.tombstone.iter();
        keys.extend(waits.map(|it| Key::returned(&self.source, &it.id)));
        let alone = self.reversals.is_empty() && self.tombstone.is_none();
        let settles = settled.filter(|settled| alone && settled.bet != self.id);
        keys.extend(settles.map(|settled| Key::returned(&self.source, &settled.bet)));
        for effect in &self.effects {
            if let Effect::Expired { points, lots, .. } = effect {
                let name = self.names.first_points(*points);
                keys.extend(lots.iter().map(|(n, _)| Key::expired(name, *n)));
            }
        }
        let archived = self.archived.iter();
        keys.extend(
            archived.map(|it| Key::mission(self.names.first_mission(it.mission), it.slot.period)),
        );
    }
}
