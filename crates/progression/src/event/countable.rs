//! Events that rules and missions look at: bets, deposits, withdrawals, orders, sessions, registrations, declared types.
//!
//! Reversals may have come before an order or a bet: of the whole, and it causes nothing; of a part, and that part is taken back in the
//! same step. A settlement that came before its bet counts with it.

use programme::model::{BuiltIn, Programme};
use types::{Attributes, Money};

use super::bet::{self, Early, SETTLED};
use super::part::Returned;
use crate::fact::Fact;
use crate::journal::{Bet, Entry, Reason, Reversal, Search, Settled};
use crate::mission::{self, Cold};
use crate::orders::{OpenOrder, Place};
use crate::state::State;
use crate::step::Step;
use crate::{earn, tier};

pub(crate) struct Count<'e> {
    fact: Fact<'e>,
    /// The amount of an order or a bet.
    money: Option<Money>,
    /// What came before it did.
    early: Early,
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
        let money = money(&fact);
        let early = money.map_or(Early::NOTHING, |money| {
            Early::of(programme, search, &fact, money)
        });
        let mut cold = mission::archived_for(programme, state, search, &fact);
        if let Some(settlement) = &early.settlement {
            let (event, rate, _) = &**settlement;
            let fact = Fact::at(programme, event, SETTLED, *rate, fact.recorded_at);
            cold.extend(mission::archived_for(programme, state, search, &fact));
        }
        Self {
            fact,
            money,
            early,
            cold,
        }
    }

    /// Whether it was reversed as a whole before it came.
    pub(super) fn is_gone(&self) -> bool {
        self.early.returned.whole
    }

    pub(super) fn carry_out(&mut self, step: &mut Step<'_>, entry: &mut Entry) {
        step.cold = std::mem::take(&mut self.cold);
        let fact = &self.fact;
        if fact.event.amount.is_some() && fact.event.currency.is_some() {
            entry.rate = Some(fact.rate);
        }
        let mut settled = None;
        if self.early.returned.whole {
            earn::pass_over(step, fact.kind, &Reason::Returned);
            mission::pass_over(step, fact.kind, &Reason::Returned);
        } else {
            settled = self.count(step);
            mission::complete(step, fact.occurred_at);
            tier::judge(step);
        }
        if let Some(money) = self.money {
            self.write_down(step, entry, money, settled);
        }
    }

    /// Points and progress, of the settlement too that came before its bet; where what the settlement caused begins.
    fn count(&self, step: &mut Step<'_>) -> Option<Settled> {
        let (fact, returned) = (&self.fact, self.early.returned);
        let candidates = fact.candidates(step.programme);
        let Some(settlement) = &self.early.settlement else {
            earn::earn(step, fact, &candidates, returned);
            mission::count(step, fact, &candidates, returned);
            return None;
        };
        let (event, rate, settled) = &**settlement;
        let of_settlement = Fact::at(step.programme, event, SETTLED, *rate, step.now);
        let settling = of_settlement.candidates(step.programme);
        earn::earn(step, fact, &candidates, returned);
        let effects_from = step.effects.len() as u32;
        earn::earn(step, &of_settlement, &settling, Returned::NOTHING);
        mission::count(step, fact, &candidates, returned);
        let counted_from = step.counted.len() as u32;
        mission::count(step, &of_settlement, &settling, Returned::NOTHING);
        step.grew.sort_unstable();
        Some(Settled {
            stands: true,
            effects_from,
            counted_from,
            ..settled.clone()
        })
    }

    /// What others that refer to it will ask for.
    fn write_down(
        &self,
        step: &mut Step<'_>,
        entry: &mut Entry,
        money: Money,
        settled: Option<Settled>,
    ) {
        self.returned(entry);
        if self.fact.built_in == Some(BuiltIn::Order) {
            return self.open(step, entry, money);
        }
        let settles = bet::settlements_count(step.programme);
        let kept = Bet {
            attributes: match settles {
                true => self.fact.event.attributes.clone(),
                false => Attributes::new(),
            },
            voided: self.early.voided,
            settled,
        };
        if kept != Bet::default() {
            entry.bet = Some(Box::new(kept));
        }
    }

    fn returned(&self, entry: &mut Entry) {
        let returned = self.early.returned;
        if returned.minor > 0 || returned.whole {
            entry.reversals.push(Reversal {
                source: entry.source.clone(),
                id: entry.id.clone(),
                taken: returned.minor,
                returned: returned.minor,
                whole: returned.whole,
            });
        }
    }

    fn open(&self, step: &mut Step<'_>, entry: &Entry, order: Money) {
        let returned = self.early.returned;
        if !returned.whole {
            step.state.orders.open(OpenOrder {
                place: Place {
                    occurred_at: self.fact.occurred_at,
                    entry: entry.number,
                },
                source: entry.source.clone(),
                amount: order.minor,
                left: returned.left(),
                currency: order.currency,
            });
        }
    }
}

/// The amount of what can be returned.
fn money(fact: &Fact<'_>) -> Option<Money> {
    if !matches!(fact.built_in, Some(BuiltIn::Order | BuiltIn::BetPlaced)) {
        return None;
    }
    Money::from_decimal(fact.event.amount?, fact.event.currency?).ok()
}
