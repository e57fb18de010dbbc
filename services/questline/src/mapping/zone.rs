//! From what a file calls a time to an instant.

use jiff::Timestamp as Instant;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use types::Timestamp;

/// Reads a time: with an offset as it stands, else as local to the zone.
///
/// `format` is `unix`, `unix_ms` or a `strptime` pattern; absent: ISO 8601, with `T` or a blank. The error is a sentence for people.
pub(super) fn read(
    text: &str,
    zone: Option<&TimeZone>,
    format: Option<&str>,
) -> Result<Timestamp, String> {
    let said = |why: &str| format!("time {text:?}: {why}");
    let outside = || said("outside the years 1970 to 2100");
    match format {
        Some("unix") => {
            since_1970(text, 1_000_000_000).ok_or_else(|| said("not seconds since 1970"))
        }
        Some("unix_ms") => {
            since_1970(text, 1_000_000).ok_or_else(|| said("not milliseconds since 1970"))
        }
        Some(pattern) => {
            let parts = jiff::fmt::strtime::parse(pattern, text)
                .map_err(|_| said(&format!("not of the form {pattern}")))?;
            match parts.to_timestamp() {
                Ok(instant) if parts.offset().is_some() => narrow(instant).ok_or_else(outside),
                _ => {
                    let local = parts
                        .to_datetime()
                        .map_err(|_| said(&format!("{pattern} gives no date and time")))?;
                    at_local(local, zone, &said)
                }
            }
        }
        None => match text.parse::<Instant>() {
            Ok(instant) => narrow(instant).ok_or_else(outside),
            Err(_) => {
                let local = text
                    .parse::<DateTime>()
                    .map_err(|_| said("not a date and time"))?;
                at_local(local, zone, &said)
            }
        },
    }
}

fn since_1970(text: &str, unit_ns: i64) -> Option<Timestamp> {
    Timestamp::from_nanos(text.parse::<i64>().ok()?.checked_mul(unit_ns)?)
}

fn narrow(instant: Instant) -> Option<Timestamp> {
    i64::try_from(instant.as_nanosecond())
        .ok()
        .and_then(Timestamp::from_nanos)
}

fn at_local(
    local: DateTime,
    zone: Option<&TimeZone>,
    said: &dyn Fn(&str) -> String,
) -> Result<Timestamp, String> {
    let zone = zone.ok_or_else(|| said("no offset, and the mapping names no timezone"))?;
    first_instant(local, zone)
        .and_then(narrow)
        .ok_or_else(|| said("outside the years 1970 to 2100"))
}

/// The first instant at or after a local time: of two, the earlier; of a time that the clock jumps over, the jump.
fn first_instant(local: DateTime, zone: &TimeZone) -> Option<Instant> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(local).ok()
        }
        AmbiguousOffset::Gap { after, .. } => {
            let before_jump = after.to_timestamp(local).ok()?;
            zone.following(before_jump)
                .next()
                .map(|jump| jump.timestamp())
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::read;

    #[test]
    fn local_times_become_the_first_instant_at_or_after_them() {
        let london = TimeZone::get("Europe/London").unwrap();
        let table: &[(&str, Option<&str>, Result<&str, &str>)] = &[
            ("2010-12-01T08:26:00", None, Ok("2010-12-01T08:26:00Z")),
            ("2011-07-01 08:26:00", None, Ok("2011-07-01T07:26:00Z")),
            (
                "2011-07-01T08:26:00+02:00",
                None,
                Ok("2011-07-01T06:26:00Z"),
            ),
            // 2011-03-27: the clock jumps from 01:00 to 02:00.
            ("2011-03-27T01:00:00", None, Ok("2011-03-27T01:00:00Z")),
            ("2011-03-27T01:30:00", None, Ok("2011-03-27T01:00:00Z")),
            ("2011-03-27T02:00:00", None, Ok("2011-03-27T01:00:00Z")),
            // 2011-10-30: 01:00 to 02:00 is lived twice.
            ("2011-10-30T01:30:00", None, Ok("2011-10-30T00:30:00Z")),
            ("2011-10-30T02:00:00", None, Ok("2011-10-30T02:00:00Z")),
            (
                "12/1/2010 8:26",
                Some("%m/%d/%Y %H:%M"),
                Ok("2010-12-01T08:26:00Z"),
            ),
            (
                "1/7/2011 08:26 +0200",
                Some("%d/%m/%Y %H:%M %z"),
                Ok("2011-07-01T06:26:00Z"),
            ),
            ("1291191960", Some("unix"), Ok("2010-12-01T08:26:00Z")),
            (
                "1291191960250",
                Some("unix_ms"),
                Ok("2010-12-01T08:26:00.25Z"),
            ),
            ("tomorrow", None, Err("not a date and time")),
            ("tomorrow", Some("%Y"), Err("not of the form %Y")),
            (
                "9999-01-01T00:00:00",
                None,
                Err("outside the years 1970 to 2100"),
            ),
        ];
        for (text, format, expected) in table {
            let got = read(text, Some(&london), *format).map(|at| at.to_string());
            match expected {
                Ok(instant) => assert_eq!(got.as_deref(), Ok(*instant), "{text}"),
                Err(why) => assert!(got.unwrap_err().contains(why), "{text}"),
            }
        }
    }

    #[test]
    fn a_local_time_without_a_zone_is_refused() {
        let why = read("2010-12-01T08:26:00", None, None).unwrap_err();
        assert!(why.contains("names no timezone"), "{why}");
    }
}
