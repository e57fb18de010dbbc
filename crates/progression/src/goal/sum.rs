//! `sum`: an amount in the programme's currency, or a numeric attribute, added up.
//!
//! Money is weighted, rounded half to even to millionths for each event, and shrinks with partial returns. An attribute is a plain
//! number of the source's: it is not converted or weighted, and stays whole until nothing of its event is left.

use programme::model::AmountOf;
use types::{Decimal, MicroPoints};

use super::Progress;
use crate::arithmetic::micro;
use crate::fact::Fact;
use crate::journal::{Gain, Reason};

pub(super) fn gain(amount: &AmountOf, fact: &Fact<'_>) -> Result<Gain, Reason> {
    let money = *amount == AmountOf::Amount;
    let micro = match amount {
        AmountOf::Amount => fact.weighted_micro().ok_or(Reason::NoAmount)?,
        AmountOf::Attribute(path) => {
            let number = fact.number(path).ok_or(Reason::NoAmount)?;
            micro(number).ok_or(Reason::Overflow)?
        }
    };
    match micro {
        ..0 => Err(Reason::NoAmount),
        _ => Ok(Gain::Amount { micro, money }),
    }
}

pub(super) fn reached(progress: &Progress, target: Decimal) -> bool {
    let micro = progress.micro();
    match target.to_units(MicroPoints::SCALE) {
        Some(target) => micro >= target,
        // More decimals than millionths: compared as decimals.
        None => Decimal::new(micro, MicroPoints::SCALE).is_some_and(|sum| sum >= target),
    }
}

pub(super) fn add(progress: &mut Progress, micro: i128) {
    match progress {
        Progress::Sum(sum) => *sum += MicroPoints(micro),
        other => *other = Progress::Sum(MicroPoints(micro)),
    }
}
