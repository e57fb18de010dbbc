//! Bets and what belongs to them: what their settlements take from them, and what came before them.

use programme::model::{BuiltIn, EventTypeIx, Programme};
use types::{Attributes, Decimal, Event, Money};

use super::part::Returned;
use super::reversal::undoes;
use crate::decision::Refusal;
use crate::fact::Fact;
use crate::journal::{BetResult, Entry, Key, Search, Settled};

/// The index that settlements have in every programme.
pub(crate) const SETTLED: EventTypeIx = EventTypeIx(BuiltIn::BetSettled as u16);

/// Whether any rule or mission looks at settlements: only then bets are kept with what they say.
pub(super) fn settlements_count(programme: &Programme) -> bool {
    let at = usize::from(SETTLED.0);
    !programme.rules_by_type[at].is_empty() || !programme.missions_by_type[at].is_empty()
}

/// A settlement as rules see it: in its bet's currency, with its bet's attributes where it has none of its own.
pub(super) fn settled(event: &Event, bet: &Entry) -> Result<Event, Refusal> {
    let money = bet.original().ok_or(Refusal::BadAmount)?;
    if let Some(amount) = event.amount {
        Money::from_decimal(amount, money.currency).map_err(|_| Refusal::BadAmount)?;
    }
    let said = bet.bet.as_ref().map(|bet| &bet.attributes);
    Ok(Event {
        currency: Some(money.currency),
        attributes: merged(said, &event.attributes),
        ..event.clone()
    })
}

fn merged(bet: Option<&Attributes>, own: &Attributes) -> Attributes {
    let mut all = bet.cloned().unwrap_or_default();
    all.extend(own.clone());
    all
}

/// The settlement's own rate, else the table's, else the one at which its bet was converted.
pub(super) fn rate(
    programme: &Programme,
    settled: &Event,
    bet: Option<Decimal>,
) -> Result<Decimal, Refusal> {
    let table = || settled.currency.and_then(|it| programme.rate(it));
    let found = settled.rate.or_else(table).or(bet);
    found.ok_or(Refusal::NoConversionRate)
}

/// What came before the order or bet that it is about.
pub(super) struct Early {
    /// What was returned of it.
    pub(super) returned: Returned,
    /// Of that, by the partial void that stands.
    pub(super) voided: i64,
    /// The result that counts: as rules see it, its rate, and what the entry of the bet keeps of it.
    pub(super) settlement: Option<Box<(Event, Decimal, Settled)>>,
}

impl Early {
    pub(super) const NOTHING: Self = Self {
        returned: Returned::NOTHING,
        voided: 0,
        settlement: None,
    };

    /// Looks for reversals and settlements that wait for this event.
    pub(super) fn of(
        programme: &Programme,
        search: &mut Search<'_>,
        fact: &Fact<'_>,
        money: Money,
    ) -> Self {
        let (source, id) = (&fact.event.source, &fact.event.id);
        let waiting = search.all(Key::returned(source, id), |entry| {
            let waits = entry.tombstone.as_ref();
            waits.is_some_and(|waits| waits.id == *id) && entry.source == *source
        });
        let mut early = Self {
            returned: Returned::of(money.minor),
            ..Self::NOTHING
        };
        for entry in waiting {
            let currency = entry.tombstone.as_ref().and_then(|waits| waits.currency);
            let other = currency.is_some_and(|currency| currency != money.currency);
            if !other && undoes(&entry.kind, &fact.event.kind) && !early.returned.whole {
                early.take(programme, fact, money, &entry);
            }
        }
        if early.returned.whole {
            early.settlement = None;
        }
        early
    }

    fn take(&mut self, programme: &Programme, fact: &Fact<'_>, money: Money, entry: &Entry) {
        let minor = match entry.amount {
            None => None,
            Some((amount, _)) => match Money::from_decimal(amount, money.currency) {
                Ok(money) => Some(money.minor),
                // It says nothing about this bet or order.
                Err(_) => return,
            },
        };
        let settled = entry.bet.as_ref().and_then(|bet| bet.settled.clone());
        match (settled.as_ref().map(|it| it.result), minor) {
            (Some(BetResult::Void), _) | (None, None) => self.returned.take_all(),
            (None, Some(minor)) => {
                self.returned.take(minor);
            }
            (Some(BetResult::PartialVoid), None) => {}
            (Some(BetResult::PartialVoid), Some(minor)) => {
                if minor != self.voided {
                    self.returned.take(-self.voided);
                    self.voided = self.returned.take(minor);
                }
            }
            (Some(_), _) => {
                let event = waited(fact, money, entry);
                let rate = rate(programme, &event, Some(fact.rate));
                self.settlement = settled
                    .zip(rate.ok())
                    .map(|(settled, rate)| Box::new((event, rate, settled)));
            }
        }
    }
}

/// A settlement that waited, as it was sent.
fn waited(fact: &Fact<'_>, money: Money, entry: &Entry) -> Event {
    let own = entry.bet.as_ref().map(|bet| &bet.attributes);
    Event {
        id: entry.id.clone(),
        source: entry.source.clone(),
        kind: entry.kind.clone(),
        player: fact.event.player.clone(),
        occurred_at: entry.occurred_at,
        amount: entry.amount.map(|(amount, _)| amount),
        currency: Some(money.currency),
        refers_to: Some(fact.event.id.clone()),
        rate: entry.rate,
        attributes: merged(
            Some(&fact.event.attributes),
            own.unwrap_or(&Attributes::new()),
        ),
        sealed: None,
    }
}
