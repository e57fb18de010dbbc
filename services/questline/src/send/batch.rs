//! Events put together to requests.

use types::Timestamp;

use crate::feed::RawEvent;

/// The most events a request may bring.
pub(super) const EVENTS_MAX: usize = 1_000;
/// The most bytes of a request, with room to spare below the server's 1 MiB.
const BYTES_MAX: usize = 1_000_000;

/// One request's events.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    events: Vec<RawEvent>,
    bytes: usize,
    events_max: usize,
}

impl Batch {
    /// An empty one that takes up to so many events, and never more than a request may bring.
    pub(super) fn new(events_max: usize) -> Self {
        Self {
            events: Vec::new(),
            bytes: 0,
            events_max: events_max.clamp(1, EVENTS_MAX),
        }
    }

    /// Takes the event, or gives it back where there is no room for it.
    pub(super) fn push(&mut self, event: RawEvent) -> Option<RawEvent> {
        let more = event.json.len() + 1;
        if self.events.len() == self.events_max
            || (self.bytes + more > BYTES_MAX && !self.events.is_empty())
        {
            return Some(event);
        }
        self.bytes += more;
        self.events.push(event);
        None
    }

    /// The events.
    pub(super) fn events(&self) -> &[RawEvent] {
        &self.events
    }

    /// The request's body: one event a line.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.bytes);
        for event in &self.events {
            // A line end can stand between an event's tokens only, where it means what a blank means.
            body.extend(
                event
                    .json
                    .iter()
                    .map(|&byte| if byte == b'\n' { b' ' } else { byte }),
            );
            body.push(b'\n');
        }
        body
    }
}

/// When the server on event time records this event; `None` where the event does not say it rightly, and so is rejected.
pub(super) fn recorded_at(json: &[u8]) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Times<'a> {
        #[serde(borrow, default)]
        recorded_at: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow, default)]
        occurred_at: Option<std::borrow::Cow<'a, str>>,
    }
    let times: Times<'_> = serde_json::from_slice(json).ok()?;
    times.recorded_at.or(times.occurred_at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Batch, EVENTS_MAX, recorded_at};
    use crate::feed::RawEvent;

    fn event(bytes: usize) -> RawEvent {
        RawEvent {
            line: 1,
            json: vec![b'x'; bytes],
        }
    }

    #[test]
    fn a_batch_is_bounded_in_events_and_in_bytes() {
        for bytes in [1, 60_000] {
            let mut batch = Batch::new(EVENTS_MAX);
            while batch.push(event(bytes)).is_none() {}
            assert!(batch.events().len() <= EVENTS_MAX && batch.body().len() <= BYTES_MAX);
        }
    }

    #[test]
    fn recorded_time_is_the_event_s_own_or_else_when_it_occurred() {
        let table = [
            (
                r#"{"recorded_at":"2011-01-02T00:00:00Z","occurred_at":"2011-01-01T00:00:00Z"}"#,
                Some("2011-01-02T00:00:00Z"),
            ),
            (
                r#"{"recorded_at":null,"occurred_at":"2011-01-01T01:00:00+01:00"}"#,
                Some("2011-01-01T00:00:00Z"),
            ),
            (r#"{"occurred_at":"soon"}"#, None),
            ("not json", None),
        ];
        for (json, expected) in table {
            let at = recorded_at(json.as_bytes()).map(|at| at.to_string());
            assert_eq!(at.as_deref(), expected, "{json}");
        }
    }
}
