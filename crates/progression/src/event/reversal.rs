//! `order_refunded`, `order_cancelled`: taking back what orders caused.
//!
//! What is undone are recorded entries; no rule is asked again. How much of an entry is reversed by now is a function of how much of
//! its event was returned, so partial returns never drift and a full one clears to exactly zero.

use std::collections::BTreeMap;
use std::sync::Arc;

use programme::model::Programme;
use types::{Currency, Decimal, Event, EventId, Money, SourceId, Timestamp};

use crate::arithmetic::share;
use crate::decision::Refusal;
use crate::effect::{Because, Effect};
use crate::journal::{ENTRIES_PER_SEGMENT, Entry, Gain, Key, Reversal, Search, Tombstone};
use crate::mission::{self, Cold};
use crate::orders::Place;
use crate::state::{Moves, State};
use crate::step::Step;
use crate::tier;

/// How much of an event was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The event's amount, in minor units.
    amount: i64,
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

    pub(crate) fn take_all(&mut self) {
        (self.minor, self.whole) = (self.amount, true);
    }

    /// Takes at most what is left; how much that was.
    pub(crate) fn take(&mut self, minor: i64) -> i64 {
        let taken = minor.min(self.amount - self.minor);
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

/// A reversal with everything that it takes back.
pub(crate) struct Reverse {
    parts: Vec<Part>,
    unmatched: Option<Decimal>,
    /// The original has not come yet.
    waits: Option<EventId>,
    cold: Vec<Cold>,
}

/// What is taken back of one order.
struct Part {
    original: Entry,
    before: Returned,
    after: Returned,
}

impl Reverse {
    pub(super) fn of(
        programme: &Programme,
        state: &State,
        search: &mut Search<'_>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let mut reverse = match &event.refers_to {
            Some(id) => Self::of_named(search, event, id),
            None => Self::of_newest(state, search, event, now)?,
        };
        let originals = reverse.parts.iter().map(|part| &part.original);
        reverse.cold = mission::archived_of(programme, state, search, originals);
        Ok(reverse)
    }

    fn nothing(event: &Event) -> Self {
        Self {
            parts: Vec::new(),
            unmatched: event.amount,
            waits: None,
            cold: Vec::new(),
        }
    }

    fn of_named(search: &mut Search<'_>, event: &Event, id: &EventId) -> Self {
        let source = &event.source;
        let named = search.all(Key::event(source, id), |entry| {
            entry.is(source, id) && entry.is_first()
        });
        let Some(original) = named.into_iter().next() else {
            return Self {
                waits: Some(id.clone()),
                unmatched: None,
                ..Self::nothing(event)
            };
        };
        let before = returned_of(search, &original);
        Self::part(event, original, before).unwrap_or_else(|| Self::nothing(event))
    }

    /// `None` where nothing can be taken: another kind, another currency, nothing left.
    fn part(event: &Event, original: Entry, before: Returned) -> Option<Self> {
        let money = original.original()?;
        let other = |currency: Currency| currency != money.currency;
        if before.whole || event.currency.is_some_and(other) {
            return None;
        }
        let mut after = before;
        let mut unmatched = None;
        match event.amount {
            None => after.take_all(),
            Some(amount) => {
                let asked = Money::from_decimal(amount, money.currency).ok()?.minor;
                let taken = after.take(asked);
                if taken < asked {
                    unmatched = Some(major(asked - taken, money.currency));
                }
            }
        }
        let part = Part {
            original,
            before,
            after,
        };
        Some(Self {
            parts: vec![part],
            unmatched,
            ..Self::nothing(event)
        })
    }

    /// The newest order of which exactly this amount is left; if none, newest first, each as far as it goes.
    fn of_newest(
        state: &State,
        search: &mut Search<'_>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (Some(amount), Some(currency)) = (event.amount, event.currency) else {
            return Err(Refusal::MissingAmount);
        };
        let asked = Money::from_decimal(amount, currency).map_err(|_| Refusal::BadAmount)?;
        let until = event.occurred_at.min(now);
        let fits = |open: &&Open| {
            open.source == event.source
                && open.currency == currency
                && open.place.occurred_at <= until
        };
        let mut all: Vec<Open> = kept(state).filter(|open| fits(&open)).collect();
        if !all.iter().any(|open| open.left() == asked.minor) {
            all.extend(dropped(state, search).filter(|open| fits(&open)));
        }
        all.sort_by_key(|open| std::cmp::Reverse(open.place));
        let exact = all.iter().position(|open| open.left() == asked.minor);
        if let Some(exact) = exact {
            all = vec![all.swap_remove(exact)];
        }
        let mut rest = asked.minor;
        let mut parts = Vec::new();
        for open in all {
            if rest == 0 && exact.is_none() {
                break;
            }
            let mut after = open.returned;
            let taken = after.take(rest);
            // An entry that is not there yet is among the missing.
            if let Some(original) = search.entry(open.place.entry) {
                rest -= taken;
                parts.push(Part {
                    original,
                    before: open.returned,
                    after,
                });
            }
        }
        Ok(Self {
            parts,
            unmatched: (rest > 0).then(|| major(rest, currency)),
            ..Self::nothing(event)
        })
    }

    pub(super) fn carry_out(self, step: &mut Step<'_>, event: &Event, entry: &mut Entry) {
        step.cold = self.cold;
        for part in &self.parts {
            part.take_back(step);
            entry.reversals.push(Reversal {
                source: part.original.source.clone(),
                id: part.original.id.clone(),
                taken: part.after.minor - part.before.minor,
                returned: part.after.minor,
                whole: part.after.whole,
            });
        }
        mission::reopen(step);
        tier::judge(step);
        entry.unmatched = self.unmatched;
        entry.tombstone = self.waits.map(|id| Tombstone {
            id,
            currency: event.currency,
        });
        debug_assert!(entry.tombstone.is_none() || event.refers_to.is_some());
    }
}

impl Part {
    fn take_back(&self, step: &mut Step<'_>) {
        let (original, before, after) = (&self.original, self.before, self.after);
        let moves = (!Arc::ptr_eq(&original.names, &step.state.names)
            && original.names != step.state.names)
            .then(|| Moves::between(&original.names, &step.state.names));
        for effect in &original.effects {
            if let Effect::Earned(movement) = effect
                && let Because::Rule(_) = movement.because
            {
                let granted = movement.amount.0;
                let amount = after.of_granted(granted) - before.of_granted(granted);
                step.take_back(movement, amount, moves.as_ref());
            }
        }
        for contribution in &original.counted {
            let mut contribution = *contribution;
            let mission = match &moves {
                None => Some(contribution.mission),
                Some(moves) => moves.mission(contribution.mission),
            };
            let Some(mission) = mission else {
                continue;
            };
            contribution.mission = mission;
            let (was, is) = (
                before.left_of(contribution.gain),
                after.left_of(contribution.gain),
            );
            if let Some(was) = was
                && is != Some(was)
            {
                mission::take_off(step, original.number, &contribution, was, is);
            }
        }
        let left = after.amount - after.minor;
        step.state
            .orders
            .returned(original.number, left, after.whole);
    }
}

/// How much of the event the newest return found in the journal has returned.
fn returned_of(search: &mut Search<'_>, original: &Entry) -> Returned {
    let (source, id) = (&original.source, &original.id);
    let about = |reversal: &&Reversal| reversal.source == *source && reversal.id == *id;
    let key = Key::returned(source, id);
    let returns = search.all(key, |entry| entry.reversals.iter().any(|it| about(&it)));
    let newest = returns
        .last()
        .and_then(|entry| entry.reversals.iter().rfind(about));
    let amount = original.original().map_or(0, |money| money.minor);
    match newest {
        None => Returned::of(amount),
        Some(reversal) => Returned {
            amount,
            minor: reversal.returned,
            whole: reversal.whole,
        },
    }
}

fn major(minor: i64, currency: Currency) -> Decimal {
    Money { minor, currency }.to_decimal()
}

/// An order of which something is left.
struct Open {
    place: Place,
    source: SourceId,
    currency: Currency,
    returned: Returned,
}

impl Open {
    const fn left(&self) -> i64 {
        self.returned.amount - self.returned.minor
    }
}

/// Those that the state keeps.
fn kept(state: &State) -> impl Iterator<Item = Open> {
    state.orders.kept.iter().map(|order| Open {
        place: order.place,
        source: order.source.clone(),
        currency: order.currency,
        returned: Returned {
            amount: order.amount,
            minor: order.amount - order.left,
            whole: false,
        },
    })
}

/// Those that are in the journal only.
fn dropped(state: &State, search: &mut Search<'_>) -> impl Iterator<Item = Open> {
    let mut open: BTreeMap<(SourceId, EventId), Open> = BTreeMap::new();
    if let Some(dropped) = state.orders.dropped {
        let first = u32::try_from(dropped.oldest_entry / ENTRIES_PER_SEGMENT);
        for entry in search.since(first.unwrap_or(u32::MAX)) {
            let place = Place {
                occurred_at: entry.occurred_at,
                entry: entry.number,
            };
            if let Some(money) = entry.original()
                && place <= dropped.newest
            {
                let order = Open {
                    place,
                    source: entry.source.clone(),
                    currency: money.currency,
                    returned: Returned::of(money.minor),
                };
                open.insert((entry.source.clone(), entry.id.clone()), order);
            }
            for reversal in entry.reversals {
                let of = (reversal.source, reversal.id);
                if let Some(order) = open.get_mut(&of) {
                    order.returned.minor = reversal.returned;
                    order.returned.whole = reversal.whole;
                }
            }
        }
    }
    open.into_values().filter(|order| !order.returned.whole)
}
