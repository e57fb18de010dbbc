//! Spans of time, windows and local date-times, as they are written.

use crate::diagnostics::Problems;
use crate::model::{CapPeriod, Duration, PeriodKind, Qualify, Window};
use crate::read::{Read, scalar, words};
use crate::yaml::Node;

use super::scalars::written_as;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A local date and time of the programme's zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local(pub(crate) jiff::civil::DateTime);

const DURATION: &str = "a span such as 30m, 48h, 14d, 2w or 12mo";
/// Longest span: 100 years.
const NS_MAX: i64 = 36_525 * DAY;
const MONTHS_MAX: u16 = 1_200;
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

written_as! {
    Duration, {"type": ["string", "integer"], "pattern": "^(0|[0-9]+(m|h|d|w|mo))$"};
    Window, {"type": "string", "pattern": "^(once|day|week|month|[0-9]+(m|h|d|w|mo) after start|rolling [0-9]+(m|h|d|w|mo))$"};
    Qualify, {"type": "string", "pattern": "^(lifetime|month|quarter|year|rolling [0-9]+(m|h|d|w|mo))$"};
    Local, {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?$", "description": "local time of the programme's zone"};
}

words! { "cap period", CapPeriod {
    "day" => CapPeriod::Calendar(PeriodKind::Day),
    "week" => CapPeriod::Calendar(PeriodKind::Week),
    "month" => CapPeriod::Calendar(PeriodKind::Month),
    "quarter" => CapPeriod::Calendar(PeriodKind::Quarter),
    "year" => CapPeriod::Calendar(PeriodKind::Year),
    "lifetime" => CapPeriod::Lifetime,
}}

/// A span; `0` is one too.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::Elapsed { ns: 0 });
    }
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    let number: i64 = digits.parse().ok()?;
    let unit = match unit {
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => DAY,
        "w" => 7 * DAY,
        "mo" => {
            let months = u16::try_from(number).ok()?;
            return (months <= MONTHS_MAX).then_some(Duration::Months(months));
        }
        _ => return None,
    };
    let ns = number.checked_mul(unit)?;
    (ns <= NS_MAX).then_some(Duration::Elapsed { ns })
}

/// How long a window is: some time.
fn length(text: &str) -> Option<Duration> {
    duration(text).filter(|length| !length.is_zero())
}

impl Read for Duration {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = scalar(node, DURATION, problems)?;
        let found = duration(text);
        if found.is_none() {
            node.unexpected(problems, DURATION);
        }
        found
    }
}

impl Read for Window {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str =
            "a window: once, day, week, month, `7d after start` or `rolling 30d`";
        let text = scalar(node, EXPECTED, problems)?;
        let window = match text {
            "once" => Some(Self::Once),
            "day" => Some(Self::Calendar(PeriodKind::Day)),
            "week" => Some(Self::Calendar(PeriodKind::Week)),
            "month" => Some(Self::Calendar(PeriodKind::Month)),
            _ => match (
                text.strip_suffix(" after start"),
                text.strip_prefix("rolling "),
            ) {
                (Some(span), _) => length(span).map(|length| Self::AfterStart { length }),
                (_, Some(span)) => length(span).map(|length| Self::Rolling { length }),
                _ => None,
            },
        };
        if window.is_none() {
            problems
                .push(node.span, format!("unknown window {}", node.describe()))
                .expected(EXPECTED)
                .maybe_help(crate::spell::nearest(
                    text,
                    ["once", "day", "week", "month"],
                ));
        }
        window
    }
}

impl Read for Qualify {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "lifetime, month, quarter, year or `rolling 90d`";
        let text = scalar(node, EXPECTED, problems)?;
        let over = match text {
            "lifetime" => Some(Self::Lifetime),
            "month" => Some(Self::Calendar(PeriodKind::Month)),
            "quarter" => Some(Self::Calendar(PeriodKind::Quarter)),
            "year" => Some(Self::Calendar(PeriodKind::Year)),
            _ => text
                .strip_prefix("rolling ")
                .and_then(length)
                .map(|length| Self::Rolling { length }),
        };
        if over.is_none() {
            problems
                .push(
                    node.span,
                    format!("unknown qualification period {}", node.describe()),
                )
                .expected(EXPECTED)
                .maybe_help(crate::spell::nearest(
                    text,
                    ["lifetime", "month", "quarter", "year"],
                ));
        }
        over
    }
}

impl Read for Local {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        const EXPECTED: &str = "a local date and time such as 2011-11-25T00:00";
        let text = scalar(node, EXPECTED, problems)?;
        let shaped = matches!(text.len(), 16 | 19)
            && text
                .bytes()
                .zip("0000-00-00T00:00:00".bytes())
                .all(|(byte, form)| {
                    if form == b'0' {
                        byte.is_ascii_digit()
                    } else {
                        byte == form
                    }
                });
        // A leap second would be read as the second before it: it is no time of a programme.
        let parsed = if shaped && !text.ends_with(":60") {
            text.parse().ok()
        } else {
            None
        };
        let within =
            parsed.filter(|time: &jiff::civil::DateTime| (1970..=2100).contains(&time.year()));
        if within.is_none() {
            let offset =
                text.ends_with('Z') || text.get(16..).is_some_and(|rest| rest.contains(['+', '-']));
            node.unexpected(problems, EXPECTED);
            if offset {
                problems.hint(
                    "boost times have no offset: they are local times of the programme's zone",
                );
            }
        }
        within.map(Self)
    }
}
