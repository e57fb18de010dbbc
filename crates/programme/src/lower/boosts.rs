//! Boosts and how they stack.

use types::Decimal;

use super::{Lower, THINGS_MAX};
use crate::model::{Boost, Stacking, StackingHow, first_instant};
use crate::span::At;
use crate::syntax::file::{BoostText, StackingText};
use crate::syntax::lists::List;

/// A multiplier has at most so many decimals, so that a product of boosts stays exact.
const MULTIPLY_DECIMALS_MAX: u8 = 6;
const MULTIPLY_MAX: i64 = 1_000;

impl Lower<'_> {
    pub(super) fn boosts(&mut self, list: Option<&At<List<BoostText>>>) -> Option<Vec<Boost>> {
        let boosts = list.map_or(&[][..], |list| &list.value.0);
        let all: Vec<_> = boosts
            .iter()
            .map(|boost| self.boost(&boost.value))
            .collect();
        all.into_iter().collect()
    }

    fn boost(&mut self, text: &BoostText) -> Option<Boost> {
        self.bounded(text.on.as_ref(), THINGS_MAX, "earn rules of a boost");
        for rule in text.on.iter().flat_map(|on| &on.value.0) {
            self.rules.find(rule, self.problems);
        }
        let multiply = text.multiply.as_ref().and_then(|number| {
            let multiply = self.factor(number, "a multiplier")?;
            if multiply.scale() <= MULTIPLY_DECIMALS_MAX && multiply <= Decimal::from(MULTIPLY_MAX)
            {
                return Some(multiply);
            }
            self.problems
                .push(number.span, format!("a multiplier cannot be {multiply}"))
                .expected(format!(
                    "at most {MULTIPLY_MAX} with at most {MULTIPLY_DECIMALS_MAX} decimals"
                ));
            None
        });
        let (from, until) = (text.from.as_ref()?, text.until.as_ref()?);
        if until.value.0 <= from.value.0 {
            self.problems
                .push(until.span, "a boost cannot end before it begins")
                .expected(format!("a time after {}", from.value.0));
            return None;
        }
        Some(Boost {
            id: text.id.as_ref()?.value.0.clone(),
            from: first_instant(from.value.0, &self.zone)?,
            until: first_instant(until.value.0, &self.zone)?,
            multiply: multiply?,
        })
    }

    pub(super) fn stacking(&mut self, text: Option<&At<StackingText>>) -> Option<Stacking> {
        let text = &text?.value;
        let ceiling = match &text.ceiling {
            Some(number) => {
                let ceiling = self.factor(number, "`ceiling`")?;
                if ceiling < Decimal::ONE {
                    self.problems
                        .push(number.span, "a ceiling below 1 would take points away")
                        .expected("a number from 1");
                }
                Some(ceiling)
            }
            None => None,
        };
        Some(Stacking {
            how: text
                .how
                .as_ref()
                .map_or(StackingHow::Highest, |how| how.value),
            ceiling,
        })
    }
}
