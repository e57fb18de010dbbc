//! How long the log keeps what nothing needs any more, as an operator writes it.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde::{Deserialize, Serialize};

/// The shortest that can be meant.
const LEAST: Duration = Duration::from_secs(3_600);
/// Everything is kept.
const FOREVER: &str = "forever";

/// `90d`, `2w`, `36h`, or `forever`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Keep {
    text: String,
    time: Option<Duration>,
}

impl Keep {
    /// Absent: for ever.
    pub(crate) fn time(&self) -> Option<Duration> {
        self.time
    }
}

impl TryFrom<String> for Keep {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == FOREVER {
            return Ok(Self { text, time: None });
        }
        let time: Option<Duration> = text.parse::<Span>().ok().and_then(|span| {
            let time = span.to_duration(SpanRelativeTo::days_are_24_hours());
            time.ok()?.try_into().ok()
        });
        match time.filter(|time| *time >= LEAST) {
            Some(time) => Ok(Self {
                text,
                time: Some(time),
            }),
            None => Err(format!(
                "{text:?} is no retention: days, weeks or hours as in \"90d\", at least \"1h\", or \"{FOREVER}\""
            )),
        }
    }
}

impl From<Keep> for String {
    fn from(keep: Keep) -> Self {
        keep.text
    }
}

#[cfg(test)]
mod tests {
    use super::Keep;

    #[test]
    fn what_an_operator_writes() {
        let hour = 3_600;
        let table = [
            ("90d", Some(Some(90 * 24 * hour))),
            ("2w", Some(Some(14 * 24 * hour))),
            ("36h", Some(Some(36 * hour))),
            ("1d 12h", Some(Some(36 * hour))),
            ("1h", Some(Some(hour))),
            ("forever", Some(None)),
            ("90", None),
            ("59m", None),
            ("-90d", None),
            ("1 month", None),
            ("", None),
        ];
        for (text, expected) in table {
            let keep = Keep::try_from(text.to_owned()).ok();
            let seconds = keep.map(|keep| keep.time().map(|time| time.as_secs()));
            assert_eq!(seconds, expected, "{text:?}");
        }
    }
}
