//! Spans and periods, as a programme names them.

use std::fmt::{self, Display, Formatter};

use jiff::ToSpan;
use types::Timestamp;

/// A length of time: elapsed, or calendar months in the player's zone (clipped to the month's end).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duration {
    /// `m h d w`: elapsed nanoseconds; a day is 24 hours.
    Elapsed {
        /// Nanoseconds.
        ns: i64,
    },
    /// `mo`: calendar months.
    Months(u16),
}

impl Duration {
    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::Elapsed { ns: 0 } | Self::Months(0))
    }

    /// The instant so much later; months by the clocks and the calendar of a zone. The last instant where there is none.
    pub fn after(self, at: Timestamp, zone: &jiff::tz::TimeZone) -> Timestamp {
        match self {
            Self::Elapsed { ns } => at.saturating_add_nanos(ns),
            Self::Months(0) => at,
            Self::Months(months) => {
                let local = zone.to_datetime(at.into());
                let later = local.checked_add(i32::from(months).months());
                let instant = later.ok().and_then(|later| first_instant(later, zone));
                instant.unwrap_or(Timestamp::MAX)
            }
        }
    }
}

/// As a programme writes it: elapsed time in the largest unit up to days that it is whole in.
impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const MINUTE: i64 = 60_000_000_000;
        const UNITS: [(i64, &str); 3] = [(1_440 * MINUTE, "d"), (60 * MINUTE, "h"), (MINUTE, "m")];
        match *self {
            Self::Months(0) => f.write_str("0"),
            Self::Months(months) => write!(f, "{months}mo"),
            Self::Elapsed { ns } => {
                let whole = UNITS.iter().find(|(unit, _)| ns != 0 && ns % unit == 0);
                match whole {
                    Some((unit, name)) => write!(f, "{}{name}", ns / unit),
                    None => write!(f, "{ns}"),
                }
            }
        }
    }
}

/// A calendar period in the player's zone, half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// A local day, of 23 to 25 hours: `2011-10-30`.
    Day,
    /// An ISO week: `2011-W52`.
    Week,
    /// `2011-12`.
    Month,
    /// `2011-Q4`.
    Quarter,
    /// `2011`.
    Year,
}

/// How long a cap's room lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapPeriod {
    /// New room each day, week or month.
    Calendar(PeriodKind),
    /// The same room for ever.
    Lifetime,
}

/// The first instant at which a local clock shows this time or later: also where it shows it twice, or never.
pub(crate) fn first_instant(
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
    use types::Timestamp;

    use super::{Duration, first_instant};

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
            let got = first_instant(local.parse().unwrap(), &zone).unwrap();
            assert_eq!(got.to_string(), expected, "{local} {zone:?}");
        }
    }

    #[test]
    fn months_are_the_zones_and_end_with_the_month() {
        let table = [
            ("UTC", "2011-01-31T10:00:00Z", 1, "2011-02-28T10:00:00Z"),
            ("UTC", "2011-12-31T10:00:00Z", 2, "2012-02-29T10:00:00Z"),
            ("UTC", "2011-03-15T10:00:00Z", 12, "2012-03-15T10:00:00Z"),
            // The same local time, an hour earlier by the clocks of summer.
            (
                "Europe/London",
                "2011-03-01T00:00:00Z",
                1,
                "2011-03-31T23:00:00Z",
            ),
            // 01:30 does not exist on the 27th.
            (
                "Europe/London",
                "2011-02-27T01:30:00Z",
                1,
                "2011-03-27T01:00:00Z",
            ),
            (
                "UTC",
                "2100-12-31T10:00:00Z",
                1200,
                "2100-12-31T23:59:59.999999999Z",
            ),
        ];
        for (zone, at, months, expected) in table {
            let zone = jiff::tz::TimeZone::get(zone).unwrap();
            let at: Timestamp = at.parse().unwrap();
            let got = Duration::Months(months).after(at, &zone);
            assert_eq!(got.to_string(), expected, "{at} {zone:?}");
        }
    }
}
