//! Boosts and how they stack.

use types::{Decimal, Timestamp};

use super::{Lower, THINGS_MAX};
use crate::model::{Boost, Stacking, StackingHow};
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
            from: instant(from.value.0, &self.zone)?,
            until: instant(until.value.0, &self.zone)?,
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

/// The first instant at which a local clock shows this time or later: also where it shows it twice, or never.
pub(super) fn instant(
    local: jiff::civil::DateTime,
    zone: &jiff::tz::TimeZone,
) -> Option<Timestamp> {
    use jiff::tz::AmbiguousOffset;
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let instant = match ambiguous.offset() {
        // In a gap the clock jumps over the time at the instant of the jump, whose successors all show more.
        AmbiguousOffset::Gap { .. } => {
            // The search excludes its own end, which is the jump itself where the time is the gap's first.
            let after = ambiguous.later().ok()? + jiff::SignedDuration::from_nanos(1);
            zone.preceding(after)
                .next()
                .map(|transition| transition.timestamp())?
        }
        _ => ambiguous.earlier().ok()?,
    };
    i64::try_from(instant.as_nanosecond())
        .ok()
        .and_then(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn a_local_time_is_the_first_instant_at_or_after_it() {
        let table = [
            ("Europe/London", "2011-10-30T00:59", "2011-10-29T23:59:00Z"),
            // Twice: the first time, still in summer time.
            ("Europe/London", "2011-10-30T01:30", "2011-10-30T00:30:00Z"),
            // Never: the clock goes from 01:00 to 02:00.
            ("Europe/London", "2011-03-27T01:30", "2011-03-27T01:00:00Z"),
            ("Europe/London", "2011-03-27T01:00", "2011-03-27T01:00:00Z"),
            ("Europe/London", "2011-03-27T02:00", "2011-03-27T01:00:00Z"),
            // A day that was skipped.
            ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"),
            ("UTC", "1970-01-01T00:00", "1970-01-01T00:00:00Z"),
        ];
        for (zone, local, expected) in table {
            let zone = jiff::tz::TimeZone::get(zone).unwrap();
            let got = instant(local.parse().unwrap(), &zone).unwrap();
            assert_eq!(got.to_string(), expected, "{local} {zone:?}");
        }
    }
}
