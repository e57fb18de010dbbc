//! When a player may not be rewarded.

use types::{Event, Timestamp, Value};

use super::life::Life;

impl Life<'_> {
    /// Whether a restriction holds at an instant: one that has begun, is not over, and was not lifted since.
    pub(super) fn is_restricted(&self, at: Timestamp) -> bool {
        let said: Vec<_> = self
            .deeds
            .iter()
            .enumerate()
            .filter(|(_, deed)| *deed.event.kind == *"player_restricted" && deed.occurred <= at)
            .map(|(log, deed)| ((deed.occurred, log), &deed.event))
            .collect();
        let lifted = |since: (Timestamp, usize)| {
            let mut released = said
                .iter()
                .filter(|(_, event)| text(event, "status") == "released");
            released.any(|(when, _)| *when > since)
        };
        said.iter().any(|(when, event)| {
            let until = text(event, "until").parse::<Timestamp>().ok();
            text(event, "status") != "released"
                && until.is_none_or(|until| at < until)
                && !lifted(*when)
        })
    }
}

fn text<'e>(event: &'e Event, name: &str) -> &'e str {
    let value = event.attributes.get(name);
    value.and_then(Value::as_text).unwrap_or_default()
}
