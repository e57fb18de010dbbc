//! Spans and periods, as a programme names them.

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
