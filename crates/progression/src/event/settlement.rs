//! `bet_settled`: the result of a bet.
//!
//! A bet has at most one result that counts (won, lost, cash-out) and one partial void. The same again is nothing; another one takes
//! the place of the old, whose effects are undone, and missions and levels are judged once, at the end. A void undoes the bet and its
//! result, and what is settled later counts nothing. What comes before its bet waits for it.

use programme::model::Programme;
use types::{Decimal, Event, Money, Timestamp};

use super::bet::{self, SETTLED};
use super::part::{Part, Returned};
use super::reversal::{Reverse, returned_of, undoes};
use crate::decision::Refusal;
use crate::earn;
use crate::fact::Fact;
use crate::journal::{Bet, BetResult, Entry, Key, Reason, Search, Settled, Tombstone};
use crate::mission::{self, Cold, ExpiredReward};
use crate::state::State;
use crate::step::Step;
use crate::tier;

/// A settlement with all that it needs.
pub(crate) struct Settle {
    settled: Settled,
    what: What,
}

enum What {
    /// Rules and missions look at it, with what its bet said; what the earlier result caused is undone.
    Count {
        event: Box<Event>,
        rate: Decimal,
        undone: Option<Box<Part>>,
        cold: Vec<Cold>,
        expired: Vec<ExpiredReward>,
    },
    /// Some or all of the stake goes back.
    Return { reverse: Box<Reverse>, voided: i64 },
    /// Its bet has not come yet.
    Wait,
    /// It changes nothing.
    Nothing(Reason),
}

/// The result of a bet that counts, and all that it has caused.
pub(super) struct Standing {
    result: BetResult,
    payout: Decimal,
    pub(super) part: Part,
}

impl Settle {
    pub(super) fn of(
        programme: &Programme,
        state: &State,
        search: &mut Search<'_>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let bet = event.refers_to.as_ref().ok_or(Refusal::MissingField)?;
        let result = BetResult::of(&event.attributes).ok_or(Refusal::BadAttribute)?;
        let mut settle = Self {
            settled: Settled {
                bet: bet.clone(),
                result,
                payout: event.amount.unwrap_or(Decimal::ZERO),
                stands: false,
                effects_from: 0,
                counted_from: 0,
            },
            what: What::Wait,
        };
        let source = &event.source;
        let named = search.all(Key::event(source, bet), |entry| {
            entry.is(source, bet) && entry.is_first()
        });
        if let Some(bet) = named.into_iter().next() {
            settle.what = what(programme, state, search, event, &settle.settled, bet, now)?;
        }
        Ok(settle)
    }

    /// Whether it gives a stake back.
    pub(super) fn is_a_return(&self) -> bool {
        matches!(self.what, What::Return { .. })
    }

    pub(super) fn carry_out(self, step: &mut Step<'_>, event: &Event, entry: &mut Entry) {
        let mut bet = Bet::default();
        let mut settled = self.settled;
        match self.what {
            What::Count {
                event,
                rate,
                undone,
                cold,
                expired,
            } => {
                (step.cold, step.expired) = (cold, expired);
                entry.rate = Some(rate);
                if let Some(undone) = undone {
                    undone.take_back(step);
                }
                settled.stands = true;
                let fact = Fact::at(step.programme, &event, SETTLED, rate, step.now);
                let candidates = fact.candidates(step.programme);
                earn::earn(step, &fact, &candidates, Returned::NOTHING);
                mission::count(step, &fact, &candidates, Returned::NOTHING);
                mission::reopen(step);
                mission::complete(step, fact.occurred_at);
                tier::judge(step);
            }
            What::Return { reverse, voided } => {
                (bet.voided, settled.stands) = (voided, true);
                reverse.carry_out(step, event, entry);
            }
            What::Wait => {
                bet.attributes.clone_from(&event.attributes);
                entry.rate = event.rate;
                entry.tombstone = Some(Tombstone {
                    id: settled.bet.clone(),
                    currency: event.currency,
                });
                pass_over(step, &Reason::NoBet);
            }
            What::Nothing(reason) => {
                if reason != Reason::SettledBefore {
                    entry.unmatched = event.amount;
                }
                pass_over(step, &reason);
            }
        }
        bet.settled = Some(settled);
        entry.bet = Some(Box::new(bet));
    }
}

fn pass_over(step: &mut Step<'_>, reason: &Reason) {
    earn::pass_over(step, SETTLED, reason);
    mission::pass_over(step, SETTLED, reason);
}

fn what(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    event: &Event,
    settled: &Settled,
    bet: Entry,
    now: Timestamp,
) -> Result<What, Refusal> {
    let money = bet.original().filter(|_| undoes(&event.kind, &bet.kind));
    let Some(money) = money else {
        return Ok(What::Nothing(Reason::NoBet));
    };
    if event.currency.is_some_and(|other| other != money.currency) {
        return Ok(What::Nothing(Reason::NoBet));
    }
    let before = returned_of(search, &bet);
    if before.whole {
        return Ok(What::Nothing(Reason::Voided));
    }
    let mut after = before;
    match settled.result {
        BetResult::Void => after.take_all(),
        BetResult::PartialVoid => {
            let Some(voided) = again(search, event, &bet, &mut after)? else {
                return Ok(What::Nothing(Reason::SettledBefore));
            };
            let part = Part::of(bet, before, after);
            let reverse = Reverse::of_bet(programme, state, search, event, part);
            return Ok(What::Return {
                reverse: Box::new(reverse),
                voided,
            });
        }
        BetResult::Won | BetResult::Lost | BetResult::CashOut => {
            let standing = standing(search, &bet);
            if let Some(standing) = &standing
                && (standing.result, standing.payout) == (settled.result, settled.payout)
            {
                return Ok(What::Nothing(Reason::SettledBefore));
            }
            let event = bet::settled(event, &bet)?;
            let rate = bet::rate(programme, &event, bet.rate)?;
            let mut undone = standing.map(|standing| Box::new(standing.part));
            undone.iter_mut().for_each(|part| part.look_up(search));
            let fact = Fact::at(programme, &event, SETTLED, rate, now);
            let mut cold = mission::archived_for(programme, state, search, &fact);
            // A period that is in both is taken from where it stands first, so the second is never looked at.
            let originals = || undone.iter().map(|part| &part.original);
            cold.extend(mission::archived_of(programme, state, search, originals()));
            let expired = mission::expired_of(programme, state, search, originals(), &cold);
            return Ok(What::Count {
                event: Box::new(event),
                rate,
                undone,
                cold,
                expired,
            });
        }
    }
    let part = Part::of(bet, before, after);
    Ok(What::Return {
        reverse: Box::new(Reverse::of_bet(programme, state, search, event, part)),
        voided: 0,
    })
}

/// Puts another partial void in the place of the one that stands: the stake that it returns; `None` where it is the same.
fn again(
    search: &mut Search<'_>,
    event: &Event,
    bet: &Entry,
    returned: &mut Returned,
) -> Result<Option<i64>, Refusal> {
    let currency = bet.original().ok_or(Refusal::BadAmount)?.currency;
    let amount = event.amount.ok_or(Refusal::MissingAmount)?;
    let asked = Money::from_decimal(amount, currency).map_err(|_| Refusal::BadAmount)?;
    let about = about(search, bet, |result| result == BetResult::PartialVoid);
    let newest = about.last().or(Some(bet)).and_then(|it| it.bet.as_ref());
    let standing = newest.map_or(0, |it| it.voided);
    if standing == asked.minor {
        return Ok(None);
    }
    returned.take(-standing);
    Ok(Some(returned.take(asked.minor)))
}

/// The entries that have settled a bet so, oldest first.
fn about(search: &mut Search<'_>, bet: &Entry, is: impl Fn(BetResult) -> bool) -> Vec<Entry> {
    search.all(Key::returned(&bet.source, &bet.id), |entry| {
        let settled = entry.bet.as_ref().and_then(|it| it.settled.as_ref());
        let about = |it: &Settled| it.stands && it.bet == bet.id && is(it.result);
        settled.is_some_and(about) && entry.source == bet.source
    })
}

/// The result of a bet that counts.
pub(super) fn standing(search: &mut Search<'_>, bet: &Entry) -> Option<Standing> {
    let is = |result| {
        matches!(
            result,
            BetResult::Won | BetResult::Lost | BetResult::CashOut
        )
    };
    let newest = about(search, bet, is).pop();
    let entry = newest.unwrap_or_else(|| bet.clone());
    let settled = entry.bet.as_ref()?.settled.clone()?;
    settled.stands.then(|| Standing {
        result: settled.result,
        payout: settled.payout,
        part: Part::of_settlement(entry, &settled),
    })
}
