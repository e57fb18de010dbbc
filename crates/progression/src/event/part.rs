//! What is taken back of one event: the share of everything it caused, by how much of it was returned.

use std::ops::Range;
use std::sync::Arc;

use crate::arithmetic::share;
use crate::effect::{Because, Effect};
use crate::journal::{Entry, Gain, Search, Settled};
use crate::mission;
use crate::state::Moves;
use crate::step::{Origin, Step};

/// How much of an event was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The event's amount, in minor units.
    pub(super) amount: i64,
    /// Returned so far.
    pub(crate) minor: i64,
    /// Nothing is left. An event of amount 0 is returned by the first return there is.
    pub(crate) whole: bool,
}

impl Returned {
    pub(crate) const NOTHING: Self = Self::of(0);

    pub(crate) const fn of(amount: i64) -> Self {
        Self {
            amount,
            minor: 0,
            whole: false,
        }
    }

    /// Whether nothing was returned.
    pub(crate) const fn is_nothing(self) -> bool {
        self.minor == 0 && !self.whole
    }

    pub(crate) const fn left(self) -> i64 {
        self.amount - self.minor
    }

    pub(crate) fn take_all(&mut self) {
        (self.minor, self.whole) = (self.amount, true);
    }

    /// Takes at most what is left; how much that was.
    pub(crate) fn take(&mut self, minor: i64) -> i64 {
        let taken = minor.min(self.left());
        self.minor += taken;
        self.whole = self.minor == self.amount;
        taken
    }

    /// What of a granted amount is taken back by now.
    pub(crate) fn of_granted(self, granted: i128) -> i128 {
        match (self.whole, self.minor) {
            (true, _) => granted,
            (false, 0) => 0,
            (false, minor) => share(granted, minor, self.amount),
        }
    }

    /// What of a mission's gain is left by now: money less its share, all else whole until nothing is left.
    pub(crate) fn left_of(self, gain: Gain) -> Option<Gain> {
        if self.whole {
            return None;
        }
        Some(match gain.shrinks() {
            true => gain.with(gain.micro() - self.of_granted(gain.micro())),
            false => gain,
        })
    }
}

impl Settled {
    /// From which effect and which contribution on they are the settlement's.
    fn from(&self) -> (usize, usize) {
        (self.effects_from as usize, self.counted_from as usize)
    }
}

/// What is taken back of one event.
pub(super) struct Part {
    pub(super) original: Entry,
    pub(super) before: Returned,
    pub(super) after: Returned,
    /// Which of the entry's effects are meant, and
    effects: Range<usize>,
    /// which of what missions counted.
    counted: Range<usize>,
    /// What has expired of what it gave, by the place of the effect: that is not taken back again.
    expired: Vec<(usize, i128)>,
}

impl Part {
    /// All that an entry's own event has caused. A bet's entry may hold, behind that, what its settlement has.
    pub(super) fn of(original: Entry, before: Returned, after: Returned) -> Self {
        let settled = original.bet.as_ref().and_then(|bet| bet.settled.as_ref());
        let settled = settled.filter(|settled| settled.bet == original.id);
        let all = (original.effects.len(), original.counted.len());
        let (effects, counted) = settled.map_or(all, Settled::from);
        Self {
            effects: 0..effects.min(all.0),
            counted: 0..counted.min(all.1),
            original,
            before,
            after,
            expired: Vec::new(),
        }
    }

    /// All that a settlement has caused, wherever it stands.
    pub(super) fn of_settlement(original: Entry, settled: &Settled) -> Self {
        let (effects, counted) = settled.from();
        let mut after = Returned::of(0);
        after.take_all();
        Self {
            effects: effects..original.effects.len(),
            counted: counted..original.counted.len(),
            original,
            before: Returned::NOTHING,
            after,
            expired: Vec::new(),
        }
    }

    /// Finds what has expired of the points that it gave.
    pub(super) fn look_up(&mut self, search: &mut Search<'_>) {
        for at in self.effects.clone() {
            let Some(Effect::Earned(movement)) = self.original.effects.get(at) else {
                continue;
            };
            let name = self.original.names.first_points(movement.points);
            let expired = search.expired(name, movement.n).0;
            if expired > 0 {
                self.expired.push((at, expired));
            }
        }
    }

    /// What comes back leaves the qualification period that it was in.
    pub(super) fn take_back(&self, step: &mut Step<'_>) {
        let origin = Origin {
            occurred_at: self.original.occurred_at,
            recorded_at: self.original.recorded_at,
        };
        step.as_of(origin, |step| self.take_back_all(step));
    }

    fn take_back_all(&self, step: &mut Step<'_>) {
        let (original, before, after) = (&self.original, self.before, self.after);
        let moves = (!Arc::ptr_eq(&original.names, &step.state.names)
            && original.names != step.state.names)
            .then(|| Moves::between(&original.names, &step.state.names));
        let booked = step.programme.of_version(original.names.version());
        let booked = booked.unwrap_or(step.programme);
        for at in self.effects.clone() {
            if let Some(Effect::Earned(movement)) = original.effects.get(at)
                && let Because::Rule(_) = movement.because
            {
                let granted = movement.amount.0;
                let expired = self.expired.iter().find(|(of, _)| *of == at);
                let most = granted - expired.map_or(0, |(_, expired)| *expired);
                let by = |returned: Returned| returned.of_granted(granted).min(most);
                step.take_back(booked, movement, by(after) - by(before), moves.as_ref());
            }
        }
        for contribution in original
            .counted
            .get(self.counted.clone())
            .unwrap_or_default()
        {
            let mut contribution = *contribution;
            let mission = match &moves {
                None => Some(contribution.mission),
                Some(moves) => moves.mission(contribution.mission),
            };
            let Some(mission) = mission else {
                continue;
            };
            contribution.mission = mission;
            let gain = contribution.gain;
            let (was, is) = (before.left_of(gain), after.left_of(gain));
            if let Some(was) = was
                && is != Some(was)
            {
                mission::take_off(step, original.number, &contribution, was, is);
            }
        }
        step.state
            .orders
            .returned(original.number, after.left(), after.whole);
    }
}
