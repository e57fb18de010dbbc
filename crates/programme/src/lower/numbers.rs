//! Numbers in their fields: signs, sizes and decimals.

use types::{Decimal, MicroPoints};

use super::Lower;
use crate::model::Duration;
use crate::span::At;
use crate::syntax::scalars::{Number, Whole};

/// The most decimals of a rate.
const DECIMALS_MAX: u8 = 12;
/// Rates, multipliers and conversions are below this.
const FACTOR_END: i64 = 1_000_000_000;
/// Points and targets are below this.
const AMOUNT_END: i64 = 1_000_000_000_000_000;

impl Lower<'_> {
    /// A factor above zero: a rate, a multiplier, a conversion.
    pub(crate) fn factor(&mut self, number: &At<Number>, what: &str) -> Option<Decimal> {
        let value = number.value.0;
        let expected =
            format!("a number above 0 and below {FACTOR_END} with at most {DECIMALS_MAX} decimals");
        let message = if value <= Decimal::ZERO {
            format!("{what} has to be above 0")
        } else if value >= Decimal::from(FACTOR_END) {
            format!("{what} is too large")
        } else if value.scale() > DECIMALS_MAX {
            format!("{what} has {} decimals", value.scale())
        } else {
            return Some(value);
        };
        self.problems.push(number.span, message).expected(expected);
        None
    }

    /// Points: zero or more, in millionths.
    pub(crate) fn points_from(
        &mut self,
        number: &At<Number>,
        least: i64,
        what: &str,
    ) -> Option<MicroPoints> {
        let value = number.value.0;
        let message = if value < Decimal::from(least) || (least > 0 && value.is_zero()) {
            format!(
                "{what} has to be {}",
                if least > 0 { "above 0" } else { "0 or more" }
            )
        } else if value >= Decimal::from(AMOUNT_END) {
            format!("{what} is too large")
        } else if let Some(points) = MicroPoints::from_decimal(value) {
            return Some(points);
        } else {
            format!("{what} has {} decimals", value.scale())
        };
        self.problems
            .push(number.span, message)
            .expected("points below 10^15 with at most 6 decimals");
        None
    }

    /// Points above zero.
    pub(crate) fn points_above_zero(
        &mut self,
        number: &At<Number>,
        what: &str,
    ) -> Option<MicroPoints> {
        if number.value.0 <= Decimal::ZERO {
            self.problems
                .push(number.span, format!("{what} has to be above 0"))
                .expected("points above 0 with at most 6 decimals");
            return None;
        }
        self.points_from(number, 0, what)
    }

    /// The target of a sum or of a best value: above zero, in millionths.
    pub(crate) fn amount_target(&mut self, number: &At<Number>) -> Option<Decimal> {
        self.points_above_zero(number, "a target")
            .map(|_| number.value.0)
    }

    /// The target of a count: whole and above zero.
    pub(crate) fn count_target(&mut self, number: &At<Number>) -> Option<u64> {
        let whole = number
            .value
            .0
            .to_units(0)
            .and_then(|whole| u64::try_from(whole).ok());
        let found = whole.filter(|whole| (1..=1_000_000_000).contains(whole));
        if found.is_none() {
            self.problems
                .push(
                    number.span,
                    format!("the target of this goal cannot be {}", number.value.0),
                )
                .expected("a whole number from 1 to 1000000000");
        }
        found
    }

    /// A whole number above zero.
    pub(crate) fn above_zero(&mut self, whole: &At<Whole>, what: &str) -> Option<u64> {
        if whole.value.0 == 0 {
            self.problems
                .push(whole.span, format!("{what} has to be above 0"))
                .expected("a whole number from 1");
            return None;
        }
        Some(whole.value.0)
    }

    /// A span of elapsed time.
    pub(crate) fn elapsed(&mut self, span: &At<Duration>, what: &str) -> Option<i64> {
        match span.value {
            Duration::Elapsed { ns } => Some(ns),
            Duration::Months(_) => {
                self.problems
                    .push(
                        span.span,
                        format!("{what} cannot be in months, which have no fixed length"),
                    )
                    .expected("minutes, hours, days or weeks, such as 48h");
                None
            }
        }
    }
}
