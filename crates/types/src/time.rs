//! Instants, as RFC 3339 text and as nanoseconds.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, within the years 1970 to 2100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is not a [`Timestamp`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// Not an RFC 3339 date and time with an offset.
    #[error("not a date and time with an offset, as in 2011-03-01T10:00:00Z")]
    Malformed,
    /// Before 1970 or after 2100.
    #[error("outside the years 1970 to 2100")]
    OutOfRange,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The first instant of 2101, which is outside.
    const END: i64 = 4_133_980_800 * 1_000_000_000;
    /// The last nanosecond of 2100.
    pub const MAX: Self = Self(Self::END - 1);

    /// The instant so many nanoseconds after 1970, or `None` outside the years 1970 to 2100.
    pub const fn from_nanos(nanos: i64) -> Option<Self> {
        if nanos < 0 || nanos >= Self::END {
            None
        } else {
            Some(Self(nanos))
        }
    }

    /// Nanoseconds since 1970.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Later (or earlier) by so many nanoseconds, held within the range.
    pub fn saturating_add_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos).clamp(0, Self::END - 1))
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        // jiff also takes forms that RFC 3339 does not have (a bracketed zone, basic dates): the shape is checked first.
        let shape = text.as_bytes();
        let dated = shape.len() >= 20
            && shape[4] == b'-'
            && shape[7] == b'-'
            && matches!(shape[10], b'T' | b't' | b' ');
        let timed = dated && shape[13] == b':' && shape[16] == b':';
        if !timed || text.contains('[') {
            return Err(TimeError::Malformed);
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| TimeError::Malformed)?;
        i64::try_from(instant.as_nanosecond())
            .ok()
            .and_then(Self::from_nanos)
            .ok_or(TimeError::OutOfRange)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(instant: Timestamp) -> Self {
        // The years 1970 to 2100 lie inside jiff's range.
        Self::from_nanosecond(i128::from(instant.0)).unwrap_or(Self::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", jiff::Timestamp::from(*self))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TimeError, Timestamp};

    #[test]
    fn instants_are_read_with_their_offset() {
        let table: &[(&str, Result<&str, TimeError>)] = &[
            ("2011-06-01T11:00:00+01:00", Ok("2011-06-01T10:00:00Z")),
            ("2011-06-01T10:00:00.250Z", Ok("2011-06-01T10:00:00.25Z")),
            ("2011-06-01T10:00:00", Err(TimeError::Malformed)),
            ("2011-06-01", Err(TimeError::Malformed)),
            (
                "2011-06-01T11:00:00+01:00[Europe/London]",
                Err(TimeError::Malformed),
            ),
            ("yesterday", Err(TimeError::Malformed)),
            ("9999-01-01T00:00:00Z", Err(TimeError::OutOfRange)),
            ("1969-12-31T23:59:59Z", Err(TimeError::OutOfRange)),
            ("2100-12-31T23:59:59Z", Ok("2100-12-31T23:59:59Z")),
            ("2101-01-01T00:00:00Z", Err(TimeError::OutOfRange)),
        ];
        for (text, expected) in table {
            let got = text.parse::<Timestamp>().map(|instant| instant.to_string());
            assert_eq!(got, expected.map(str::to_owned), "{text}");
        }
    }

    proptest! {
        #[test]
        fn print_then_parse_is_the_same_instant(nanos in 0..Timestamp::END) {
            let instant = Timestamp::from_nanos(nanos).unwrap();
            prop_assert_eq!(instant.to_string().parse::<Timestamp>(), Ok(instant));
        }

        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC{0,40}") {
            let _parsed = text.parse::<Timestamp>();
        }
    }
}
