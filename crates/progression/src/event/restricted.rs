//! `player_restricted`: self-excluded, timed out, released.

use types::{Event, Timestamp, Value};

use crate::decision::Refusal;
use crate::restriction::Status;
use crate::step::Step;

/// What the event says, where it says something.
pub(super) fn status(event: &Event) -> Result<Status, Refusal> {
    let status = event
        .attributes
        .get("status")
        .ok_or(Refusal::MissingField)?;
    match status.as_text() {
        Some("self_excluded" | "timed_out") => {
            let until = event.attributes.get("until").map(instant).transpose()?;
            Ok(Status::Restricted {
                until: until.unwrap_or(Timestamp::MAX),
            })
        }
        Some("released") => Ok(Status::Released),
        _ => Err(Refusal::BadAttribute),
    }
}

fn instant(value: &Value) -> Result<Timestamp, Refusal> {
    let text = value.as_text().ok_or(Refusal::BadAttribute)?;
    text.parse().map_err(|_| Refusal::BadAttribute)
}

pub(super) fn carry_out(step: &mut Step<'_>, event: &Event, status: Status) {
    let at = event.occurred_at.min(step.now);
    step.state.restrictions.change(at, status);
}
