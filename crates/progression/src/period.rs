//! Periods: labels, their bounds in a zone, and their text.

use std::fmt;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, civil};
use programme::model::PeriodKind;
use types::Timestamp;

use crate::codec::{DecodeError, Reader, Writer};

/// A period by its label. Two instants are in one period where they have one label, whatever the zone was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// The one period of what never restarts.
    Once,
    /// A calendar period.
    Calendar {
        /// Day, week, month, quarter or year.
        kind: PeriodKind,
        /// Which one: days and weeks counted from 1970-01-01 and its ISO week, months, quarters and years from the year 0.
        ordinal: i32,
    },
    /// The one period of what runs for some time from the player's start: that start.
    Start(Timestamp),
    /// A run of what is counted over a rolling window, from 1.
    Run(u32),
}

/// How periods begin that are no calendar's.
const ONCE: u64 = 0;
const START: u64 = 6;
const RUN: u64 = 7;
const TAG_BITS: u32 = 3;

const KINDS: [PeriodKind; 5] = [
    PeriodKind::Day,
    PeriodKind::Week,
    PeriodKind::Month,
    PeriodKind::Quarter,
    PeriodKind::Year,
];
const EPOCH: Date = civil::date(1970, 1, 1);
/// The Monday of the ISO week that holds 1970-01-01.
const EPOCH_MONDAY: i32 = -3;

pub(crate) const fn kind_index(kind: PeriodKind) -> usize {
    match kind {
        PeriodKind::Day => 0,
        PeriodKind::Week => 1,
        PeriodKind::Month => 2,
        PeriodKind::Quarter => 3,
        PeriodKind::Year => 4,
    }
}

/// A calendar period as instants: `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) ordinal: i32,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Span {
    pub(crate) fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// The period of this kind that holds an instant, in a zone.
pub(crate) fn span_at(kind: PeriodKind, zone: &TimeZone, at: Timestamp) -> Span {
    let local = zone.to_datetime(at.into()).date();
    let guess = ordinal_of(kind, local);
    // Where clocks go back over midnight a local date comes twice; a period is the stretch between two starts all the same.
    let mut span = span_of(kind, zone, guess);
    if at < span.start {
        span = span_of(kind, zone, guess - 1);
    } else if at >= span.end {
        span = span_of(kind, zone, guess + 1);
    }
    span
}

pub(crate) fn span_of(kind: PeriodKind, zone: &TimeZone, ordinal: i32) -> Span {
    Span {
        ordinal,
        start: start_of(zone, first_date(kind, ordinal)),
        end: start_of(zone, first_date(kind, ordinal + 1)),
    }
}

/// The first instant of a local date: where its midnight does not exist, the first one after it.
fn start_of(zone: &TimeZone, date: Date) -> Timestamp {
    let nanos = zone
        .to_timestamp(date.at(0, 0, 0, 0))
        .map_or(0, |start| start.as_nanosecond());
    let nanos = nanos.clamp(0, i128::from(Timestamp::MAX.nanos()));
    Timestamp::MIN.saturating_add_nanos(nanos as i64)
}

fn days(date: Date) -> i32 {
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

fn date_of_days(days: i32) -> Date {
    EPOCH.checked_add(days.days()).unwrap_or(EPOCH)
}

fn ordinal_of(kind: PeriodKind, date: Date) -> i32 {
    let year = i32::from(date.year());
    let month = i32::from(date.month()) - 1;
    match kind {
        PeriodKind::Day => days(date),
        PeriodKind::Week => (days(date) - EPOCH_MONDAY).div_euclid(7),
        PeriodKind::Month => year * 12 + month,
        PeriodKind::Quarter => year * 4 + month / 3,
        PeriodKind::Year => year,
    }
}

fn first_date(kind: PeriodKind, ordinal: i32) -> Date {
    let month = |months: i32| {
        let year = i16::try_from(months.div_euclid(12)).unwrap_or(1970);
        Date::new(year, months.rem_euclid(12) as i8 + 1, 1).unwrap_or(EPOCH)
    };
    match kind {
        PeriodKind::Day => date_of_days(ordinal),
        PeriodKind::Week => date_of_days(ordinal.saturating_mul(7).saturating_add(EPOCH_MONDAY)),
        PeriodKind::Month => month(ordinal),
        PeriodKind::Quarter => month(ordinal.saturating_mul(3)),
        PeriodKind::Year => month(ordinal.saturating_mul(12)),
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, ordinal) = match *self {
            Self::Once => return f.write_str("once"),
            Self::Start(start) => return start.fmt(f),
            Self::Run(number) => return number.fmt(f),
            Self::Calendar { kind, ordinal } => (kind, ordinal),
        };
        let first = first_date(kind, ordinal);
        let (year, month) = (first.year(), first.month());
        match kind {
            PeriodKind::Day => write!(f, "{year:04}-{month:02}-{:02}", first.day()),
            PeriodKind::Week => {
                let week: ISOWeekDate = first.iso_week_date();
                debug_assert_eq!(week.weekday(), Weekday::Monday);
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            PeriodKind::Month => write!(f, "{year:04}-{month:02}"),
            PeriodKind::Quarter => write!(f, "{year:04}-Q{}", (month - 1) / 3 + 1),
            PeriodKind::Year => write!(f, "{year:04}"),
        }
    }
}

impl Period {
    pub(crate) fn is_of(self, of: PeriodKind) -> bool {
        matches!(self, Self::Calendar { kind, .. } if kind == of)
    }

    /// One number says the kind and, above it, which of that kind: a snapshot and a journal hold many periods.
    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        match self {
            Self::Once => writer.number(ONCE),
            Self::Calendar { kind, ordinal } => {
                let zigzag = ((ordinal << 1) ^ (ordinal >> 31)) as u32;
                writer.number(u64::from(zigzag) << TAG_BITS | (1 + kind_index(kind) as u64));
            }
            Self::Start(start) => {
                writer.number(START);
                writer.time(start);
            }
            Self::Run(number) => writer.number(u64::from(number) << TAG_BITS | RUN),
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        const INVALID: DecodeError = DecodeError::Invalid("a period");
        let number = reader.number()?;
        let (tag, rest) = (number & ((1 << TAG_BITS) - 1), number >> TAG_BITS);
        let rest = u32::try_from(rest).map_err(|_| INVALID)?;
        match tag {
            ONCE | START if rest > 0 => Err(INVALID),
            ONCE => Ok(Self::Once),
            START => Ok(Self::Start(reader.time()?)),
            RUN => Ok(Self::Run(rest)),
            tag => {
                let ordinal = (rest >> 1) as i32 ^ -((rest & 1) as i32);
                // Within the years that instants have, with room for the arithmetic of neighbours.
                match KINDS.get(tag as usize - 1) {
                    Some(kind) if (-10..60_000).contains(&ordinal) => Ok(Self::Calendar {
                        kind: *kind,
                        ordinal,
                    }),
                    _ => Err(INVALID),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use programme::model::PeriodKind;
    use types::Timestamp;

    use super::{Period, span_at};

    #[test]
    fn an_instant_is_in_the_period_of_its_local_time() {
        let table = [
            (
                "Europe/London",
                PeriodKind::Day,
                "2011-06-05T23:00:00Z",
                "2011-06-06",
                24,
            ),
            (
                "Europe/London",
                PeriodKind::Day,
                "2011-06-05T22:59:59Z",
                "2011-06-05",
                24,
            ),
            (
                "Europe/London",
                PeriodKind::Day,
                "2011-10-30T12:00:00Z",
                "2011-10-30",
                25,
            ),
            (
                "Europe/London",
                PeriodKind::Day,
                "2011-03-27T12:00:00Z",
                "2011-03-27",
                23,
            ),
            (
                "UTC",
                PeriodKind::Week,
                "2012-01-01T12:00:00Z",
                "2011-W52",
                168,
            ),
            (
                "UTC",
                PeriodKind::Week,
                "2012-01-02T00:00:00Z",
                "2012-W01",
                168,
            ),
            (
                "UTC",
                PeriodKind::Month,
                "2011-12-31T23:59:59Z",
                "2011-12",
                744,
            ),
            (
                "UTC",
                PeriodKind::Quarter,
                "2011-12-31T23:59:59Z",
                "2011-Q4",
                2208,
            ),
            (
                "UTC",
                PeriodKind::Year,
                "2011-12-31T23:59:59Z",
                "2011",
                8760,
            ),
            (
                "Pacific/Apia",
                PeriodKind::Day,
                "2011-12-30T10:00:00Z",
                "2011-12-31",
                24,
            ),
            (
                "America/Sao_Paulo",
                PeriodKind::Day,
                "2011-10-16T03:00:00Z",
                "2011-10-16",
                23,
            ),
        ];
        for (zone, kind, at, label, hours) in table {
            let at: Timestamp = at.parse().unwrap();
            let span = span_at(kind, &TimeZone::get(zone).unwrap(), at);
            let period = Period::Calendar {
                kind,
                ordinal: span.ordinal,
            };
            let length = (span.end.nanos() - span.start.nanos()) / 3_600_000_000_000;
            assert_eq!(
                (period.to_string().as_str(), length),
                (label, hours),
                "{at} {zone}"
            );
            assert!(span.holds(at), "{at} {zone}");
        }
    }
}
