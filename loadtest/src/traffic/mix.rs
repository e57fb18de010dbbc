//! What share of the events is of which type.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Types that are made; the names are those of the built-in event types.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named after the event types")]
pub enum Kind {
    SessionStarted,
    Deposit,
    Order,
    OrderRefunded,
    OrderCancelled,
    BetPlaced,
    BetSettled,
    BetRolledBack,
}

impl Kind {
    /// Whether it is about a bet, or needs one.
    pub fn is_bet(self) -> bool {
        matches!(
            self,
            Self::BetPlaced | Self::BetSettled | Self::BetRolledBack
        )
    }

    /// Whether it is about an order, or needs one.
    pub fn is_order(self) -> bool {
        matches!(
            self,
            Self::Order | Self::OrderRefunded | Self::OrderCancelled
        )
    }
}

/// Weights of the types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    weights: Vec<(Kind, u32)>,
    sum: u32,
}

impl Mix {
    /// These weights: at least one above zero, and not orders and bets at once, which take back different things.
    pub fn of(weights: &[(Kind, u32)]) -> Result<Self> {
        let sum = weights
            .iter()
            .fold(0u32, |sum, (_, weight)| sum.saturating_add(*weight));
        ensure!(
            (1..=1_000_000).contains(&sum),
            "the weights of a mix add up to 1 to 1,000,000"
        );
        let has = |is: fn(Kind) -> bool| weights.iter().any(|(kind, _)| is(*kind));
        ensure!(
            !(has(Kind::is_order) && has(Kind::is_bet)),
            "a mix has orders or bets: use one stream for each"
        );
        Ok(Self {
            weights: weights.to_vec(),
            sum,
        })
    }

    /// What a shop sees.
    pub fn shop() -> Self {
        Self::named(&[
            (Kind::Order, 66),
            (Kind::SessionStarted, 20),
            (Kind::Deposit, 8),
            (Kind::OrderRefunded, 4),
            (Kind::OrderCancelled, 2),
        ])
    }

    /// What a casino or a sportsbook sees.
    pub fn igaming() -> Self {
        Self::named(&[
            (Kind::BetPlaced, 46),
            (Kind::BetSettled, 44),
            (Kind::Deposit, 5),
            (Kind::SessionStarted, 4),
            (Kind::BetRolledBack, 1),
        ])
    }

    /// Nothing is taken back.
    pub fn plain() -> Self {
        Self::named(&[
            (Kind::Order, 70),
            (Kind::SessionStarted, 20),
            (Kind::Deposit, 10),
        ])
    }

    fn named(weights: &[(Kind, u32)]) -> Self {
        Self {
            weights: weights.to_vec(),
            sum: weights.iter().map(|(_, weight)| weight).sum(),
        }
    }

    /// The next type.
    pub fn draw(&self, rng: &mut impl Rng) -> Kind {
        let mut pick = rng.random_range(0..self.sum);
        for (kind, weight) in &self.weights {
            match pick.checked_sub(*weight) {
                Some(rest) => pick = rest,
                None => return *kind,
            }
        }
        // The weights add up to the sum, so one of them was it.
        Kind::SessionStarted
    }
}

/// A mix as a scenario says it: a name, or weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MixText {
    /// `shop`, `igaming` or `plain`.
    Named(MixName),
    /// A weight for each type.
    Weights(BTreeMap<Kind, u32>),
}

/// The mixes that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MixName {
    /// Orders, refunds, cancellations, visits, deposits.
    Shop,
    /// Bets placed, settled and rolled back, visits, deposits.
    Igaming,
    /// Orders, visits, deposits.
    Plain,
}

impl MixText {
    /// The mix.
    pub fn mix(&self) -> Result<Mix> {
        match self {
            Self::Named(MixName::Shop) => Ok(Mix::shop()),
            Self::Named(MixName::Igaming) => Ok(Mix::igaming()),
            Self::Named(MixName::Plain) => Ok(Mix::plain()),
            Self::Weights(weights) => {
                let weights: Vec<_> = weights
                    .iter()
                    .map(|(kind, weight)| (*kind, *weight))
                    .collect();
                Mix::of(&weights)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mix};

    #[test]
    fn a_mix_has_weight_and_one_thing_that_can_be_taken_back() {
        let table: [(&[(Kind, u32)], bool); 4] = [
            (&[(Kind::Order, 1), (Kind::OrderRefunded, 1)], true),
            (&[(Kind::Order, 0)], false),
            (&[(Kind::Order, 1_000_001)], false),
            (&[(Kind::Order, 1), (Kind::BetSettled, 1)], false),
        ];
        for (weights, is_mix) in table {
            assert_eq!(Mix::of(weights).is_ok(), is_mix, "{weights:?}");
        }
    }
}
