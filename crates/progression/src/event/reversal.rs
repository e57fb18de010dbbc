//! `order_refunded`, `order_cancelled`, `bet_rolled_back`: taking back what orders and bets caused.
//!
//! What is undone are recorded entries; no rule is asked again. How much of an entry is reversed by now is a function of how much of
//! its event was returned, so partial returns never drift and a full one clears to exactly zero.

use std::collections::BTreeMap;

use programme::model::Programme;
use types::{Currency, Decimal, Event, EventId, Money, SourceId, Timestamp};

use super::part::{Part, Returned};
use super::settlement;
use crate::decision::Refusal;
use crate::journal::{ENTRIES_PER_SEGMENT, Entry, Key, Reversal, Search, Tombstone};
use crate::mission::{self, Cold};
use crate::orders::Place;
use crate::state::State;
use crate::step::Step;
use crate::tier;

/// A reversal with everything that it takes back.
pub(crate) struct Reverse {
    parts: Vec<Part>,
    /// The settlement that falls with its bet.
    settlement: Option<Part>,
    unmatched: Option<Decimal>,
    /// The original has not come yet.
    waits: Option<EventId>,
    cold: Vec<Cold>,
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
        reverse.look_up(programme, state, search);
        Ok(reverse)
    }

    /// A return of a bet by its settlement: of so much as `after` says.
    pub(super) fn of_bet(
        programme: &Programme,
        state: &State,
        search: &mut Search<'_>,
        event: &Event,
        part: Part,
    ) -> Self {
        let mut reverse = Self {
            unmatched: None,
            ..Self::nothing(event)
        };
        reverse.take(search, part);
        reverse.look_up(programme, state, search);
        reverse
    }

    /// Takes a part, and with the whole of a bet what its settlement caused.
    fn take(&mut self, search: &mut Search<'_>, part: Part) {
        if part.after.whole {
            self.settlement = settlement::standing(search, &part.original).map(|it| it.part);
        }
        self.parts.push(part);
    }

    /// Finds the archived periods for which what is taken back had counted.
    fn look_up(&mut self, programme: &Programme, state: &State, search: &mut Search<'_>) {
        let parts = self.parts.iter_mut().chain(&mut self.settlement);
        parts.for_each(|part| part.look_up(search));
        let parts = self.parts.iter().chain(&self.settlement);
        let originals = parts.map(|part| &part.original);
        self.cold = mission::archived_of(programme, state, search, originals);
    }

    fn nothing(event: &Event) -> Self {
        Self {
            parts: Vec::new(),
            settlement: None,
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
        let Some((part, unmatched)) = part(event, original, before) else {
            return Self::nothing(event);
        };
        let mut reverse = Self {
            unmatched,
            ..Self::nothing(event)
        };
        reverse.take(search, part);
        reverse
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
                parts.push(Part::of(original, open.returned, after));
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
        if let Some(settlement) = &self.settlement {
            settlement.take_back(step);
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

/// What is taken, and what of the amount finds nothing; `None` where nothing can be taken: another kind, another currency, nothing
/// left.
fn part(event: &Event, original: Entry, before: Returned) -> Option<(Part, Option<Decimal>)> {
    let money = original.original()?;
    let other = |currency: Currency| currency != money.currency;
    if before.whole || !undoes(&event.kind, &original.kind) || event.currency.is_some_and(other) {
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
    Some((Part::of(original, before, after), unmatched))
}

/// Whether events of the one type take back those of the other.
pub(super) fn undoes(reversal: &str, original: &str) -> bool {
    match original {
        "order" => matches!(reversal, "order_refunded" | "order_cancelled"),
        "bet_placed" => matches!(reversal, "bet_rolled_back" | "bet_settled"),
        _ => false,
    }
}

/// How much of the event the newest return found in the journal has returned.
pub(super) fn returned_of(search: &mut Search<'_>, original: &Entry) -> Returned {
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
            minor: reversal.returned,
            whole: reversal.whole,
            ..Returned::of(amount)
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
        self.returned.left()
    }
}

/// Those that the state keeps.
fn kept(state: &State) -> impl Iterator<Item = Open> {
    state.orders.iter().map(|order| Open {
        place: order.place,
        source: order.source,
        currency: order.currency,
        returned: Returned {
            minor: order.amount - order.left,
            ..Returned::of(order.amount)
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
                && &*entry.kind == "order"
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
