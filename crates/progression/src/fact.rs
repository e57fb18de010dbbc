//! An event as rules and missions see it.

use std::borrow::Cow;

use programme::model::{BuiltIn, EventTypeIx, Programme, Weights};
use types::{Decimal, Event, Timestamp, Value};

use crate::arithmetic::Fraction;
use crate::candidates::Candidates;
use crate::decision::Refusal;
use crate::derived;

/// All of a stake, in hundred-millionths.
pub(crate) const WHOLE_E8: u32 = 100_000_000;

pub(crate) struct Fact<'a> {
    pub(crate) event: &'a Event,
    pub(crate) kind: EventTypeIx,
    pub(crate) built_in: Option<BuiltIn>,
    /// Never after the recorded time.
    pub(crate) occurred_at: Timestamp,
    /// The record's time.
    pub(crate) recorded_at: Timestamp,
    /// Into the programme's currency.
    pub(crate) rate: Decimal,
    /// Share that counts: game × funds, in hundred-millionths.
    pub(crate) weight_e8: u32,
    /// The amount in the programme's currency, for predicates.
    pub(crate) converted: Option<Decimal>,
}

impl<'a> Fact<'a> {
    pub(crate) fn of(
        programme: &Programme,
        event: &'a Event,
        kind: EventTypeIx,
        recorded_at: Timestamp,
    ) -> Result<Self, Refusal> {
        Ok(Self::at(
            programme,
            event,
            kind,
            rate(programme, event)?,
            recorded_at,
        ))
    }

    /// As [`Fact::of`], at a rate that is known.
    pub(crate) fn at(
        programme: &Programme,
        event: &'a Event,
        kind: EventTypeIx,
        rate: Decimal,
        recorded_at: Timestamp,
    ) -> Self {
        let built_in = programme.event_types.get(kind).built_in;
        let weight_e8 = match built_in {
            Some(BuiltIn::BetPlaced | BuiltIn::BetSettled) => weight(&programme.weights, event),
            _ => WHOLE_E8,
        };
        Self {
            event,
            kind,
            built_in,
            occurred_at: event.occurred_at.min(recorded_at),
            recorded_at,
            rate,
            weight_e8,
            converted: event.amount.and_then(|amount| convert(amount, rate)),
        }
    }

    /// The rules and missions that it may count for.
    pub(crate) fn candidates<'p>(&self, programme: &'p Programme) -> Cow<'p, Candidates> {
        derived::candidates(programme, self.kind, &self.event.attributes)
    }

    /// The attribute at a path.
    pub(crate) fn attribute(&self, path: &[Box<str>]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let mut value = self.event.attributes.get(first)?;
        for key in rest {
            let Value::Map(inner) = value else {
                return None;
            };
            value = inner.get(key)?;
        }
        Some(value)
    }

    /// The number at a path.
    pub(crate) fn number(&self, path: &[Box<str>]) -> Option<Decimal> {
        self.attribute(path)?.as_number()
    }

    /// Amount × rate × weight in millionths of the programme's currency.
    pub(crate) fn weighted_micro(&self) -> Option<i128> {
        let amount = self.event.amount?;
        self.weigh(Fraction::of(amount).times(self.rate))
            .millionths()
    }

    pub(crate) fn weigh(&self, fraction: Fraction) -> Fraction {
        match self.weight_e8 {
            WHOLE_E8 => fraction,
            weight => fraction.ratio(i128::from(weight), i128::from(WHOLE_E8)),
        }
    }
}

fn rate(programme: &Programme, event: &Event) -> Result<Decimal, Refusal> {
    match (event.rate, event.currency, event.amount) {
        (Some(rate), _, _) => Ok(rate),
        (None, Some(currency), Some(_)) => {
            programme.rate(currency).ok_or(Refusal::NoConversionRate)
        }
        (None, _, _) => Ok(Decimal::ONE),
    }
}

/// Exact where a decimal holds it, else rounded to millionths.
fn convert(amount: Decimal, rate: Decimal) -> Option<Decimal> {
    if rate == Decimal::ONE {
        return Some(amount);
    }
    amount.checked_mul(rate).or_else(|| {
        let micro = Fraction::of(amount).times(rate).millionths()?;
        Decimal::new(micro, types::MicroPoints::SCALE)
    })
}

/// Game, else provider, else category, else default; times the share of the funds.
fn weight(weights: &Weights, event: &Event) -> u32 {
    let attribute = |key: &str| event.attributes.get(key).and_then(Value::as_text);
    let listed = |shares: &[(Box<str>, u32)], key: &str| {
        let name = attribute(key)?;
        let at = shares.binary_search_by(|(it, _)| (**it).cmp(name)).ok()?;
        Some(shares[at].1)
    };
    let game = listed(&weights.game_bp, "game")
        .or_else(|| listed(&weights.provider_bp, "provider"))
        .or_else(|| listed(&weights.category_bp, "category"))
        .unwrap_or(weights.default_bp);
    let funds = match attribute("funds") {
        Some("bonus") => weights.bonus_funds_bp,
        Some("free") => weights.free_funds_bp,
        _ => 10_000,
    };
    game.saturating_mul(funds)
}
