//! Windows: for which period an event counts. One kind, one place.

use programme::model::{LateEvents, Window};
use types::Timestamp;

use crate::fact::Fact;
use crate::journal::Reason;
use crate::period::Period;
use crate::step::Step;
use crate::zone::Current;

/// The period that counts the event: the one in which it occurred; where that is closed, what the programme says of late events.
pub(super) fn of_event(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    window: Window,
) -> Result<Current, Reason> {
    let (programme, now) = (step.programme, step.now);
    let kind = match window {
        Window::Once => {
            return Ok(Current {
                period: Period::Once,
                end: Timestamp::MAX,
            });
        }
        Window::Calendar(kind) => kind,
        Window::AfterStart { .. } | Window::Rolling { .. } => return Err(Reason::Unavailable),
    };
    let zones = &mut step.state.zones;
    let occurred = zones.period(programme, kind, fact.occurred_at);
    if !occurred.is_closed(programme, now) {
        return Ok(occurred);
    }
    match programme.late_events {
        LateEvents::CountNow => Ok(zones.period(programme, kind, now)),
        LateEvents::RecordOnly => Err(Reason::Late),
    }
}
