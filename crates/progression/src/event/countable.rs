//! Events that rules and missions look at: bets, deposits, withdrawals, orders, sessions, registrations, declared types.
//!
//! Reversals may have come before an order: of the whole, and it causes nothing; of a part, and that part is taken back in the same
//! step.

use programme::model::{BuiltIn, Programme};
use types::Money;

use super::reversal::Returned;
use crate::fact::Fact;
use crate::journal::{Entry, Key, Reversal, Search};
use crate::mission::{self, Cold};
use crate::orders::{OpenOrder, Place};
use crate::state::State;
use crate::step::Step;
use crate::{derived, earn, tier};

pub(crate) struct Count<'e> {
    fact: Fact<'e>,
    /// The order's amount, where it is one.
    order: Option<Money>,
    /// What was returned before it came.
    returned: Returned,
    /// Archived periods that it counts for.
    cold: Vec<Cold>,
}

impl<'e> Count<'e> {
    pub(super) fn of(
        programme: &Programme,
        state: &State,
        search: &mut Search<'_>,
        fact: Fact<'e>,
    ) -> Self {
        let order = order(&fact);
        let returned = order.map_or(Returned::NOTHING, |order| tombstones(search, &fact, order));
        Self {
            cold: mission::archived_for(programme, state, search, &fact),
            fact,
            order,
            returned,
        }
    }

    pub(super) fn carry_out(mut self, step: &mut Step<'_>, entry: &mut Entry) {
        step.cold = std::mem::take(&mut self.cold);
        let fact = &self.fact;
        if fact.event.amount.is_some() && fact.event.currency.is_some() {
            entry.rate = Some(fact.rate);
        }
        if self.returned.whole {
            earn::pass_over(step, fact);
            mission::pass_over(step, fact);
        } else {
            let candidates = derived::candidates(step.programme, fact);
            earn::earn(step, fact, &candidates, self.returned);
            mission::count(step, fact, &candidates, self.returned);
            mission::complete(step, fact);
            tier::judge(step);
        }
        if let Some(order) = self.order {
            self.open(step, entry, order);
        }
    }

    fn open(&self, step: &mut Step<'_>, entry: &mut Entry, order: Money) {
        let returned = self.returned;
        if returned != Returned::NOTHING {
            entry.reversals.push(Reversal {
                source: entry.source.clone(),
                id: entry.id.clone(),
                taken: returned.minor,
                returned: returned.minor,
                whole: returned.whole,
            });
        }
        if !returned.whole {
            step.state.orders.open(OpenOrder {
                place: Place {
                    occurred_at: self.fact.occurred_at,
                    entry: entry.number,
                },
                source: entry.source.clone(),
                amount: order.minor,
                left: order.minor - returned.minor,
                currency: order.currency,
            });
        }
    }
}

fn order(fact: &Fact<'_>) -> Option<Money> {
    if fact.built_in != Some(BuiltIn::Order) {
        return None;
    }
    Money::from_decimal(fact.event.amount?, fact.event.currency?).ok()
}

/// What reversals that came first have returned of it.
fn tombstones(search: &mut Search<'_>, fact: &Fact<'_>, order: Money) -> Returned {
    let (source, id) = (&fact.event.source, &fact.event.id);
    let waiting = search.all(Key::returned(source, id), |entry| {
        let waits = entry.tombstone.as_ref();
        waits.is_some_and(|waits| waits.id == *id) && entry.source == *source
    });
    let mut returned = Returned::of(order.minor);
    for entry in waiting {
        let currency = entry.tombstone.and_then(|waits| waits.currency);
        if currency.is_some_and(|currency| currency != order.currency) {
            continue;
        }
        match entry.amount {
            None => returned.take_all(),
            Some((amount, _)) => {
                if let Ok(money) = Money::from_decimal(amount, order.currency) {
                    returned.take(money.minor);
                }
            }
        }
    }
    returned
}
