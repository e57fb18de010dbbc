//! Windows: for which period an event counts. One kind, one place.

use programme::model::{LateEvents, MissionIx, Window};
use types::Timestamp;

use crate::fact::Fact;
use crate::journal::Reason;
use crate::period::Period;
use crate::step::Step;
use crate::zone::{Current, closed};

/// The period that counts the event: the one in which it occurred; where that is closed, what the programme says of late events.
pub(super) fn of_event(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    ix: MissionIx,
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
        Window::AfterStart { ns } => return from_start(step, fact, ix, ns),
        Window::Rolling { ns } => return run(step, fact, ix, ns),
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

/// Runs once; a closed one takes none, whatever the programme says of late events.
fn from_start(step: &Step<'_>, fact: &Fact<'_>, ix: MissionIx, ns: i64) -> Result<Current, Reason> {
    let start = super::started(step.state, ix).ok_or(Reason::Unavailable)?;
    let end = start.saturating_add_nanos(ns);
    if fact.occurred_at < start || end <= fact.occurred_at {
        return Err(Reason::Unavailable);
    }
    if closed(end, step.programme, step.now) {
        return Err(Reason::Late);
    }
    Ok(Current {
        period: Period::Start(start),
        end,
    })
}

/// Never late, but an event whose time is over does not count any more.
fn run(step: &Step<'_>, fact: &Fact<'_>, ix: MissionIx, ns: i64) -> Result<Current, Reason> {
    if fact.occurred_at.saturating_add_nanos(ns) <= step.now {
        return Err(Reason::Late);
    }
    let kept = step.state.mission(ix).and_then(|kept| kept.course.as_ref());
    Ok(Current {
        period: Period::Run(kept.map_or(1, |course| course.next_run())),
        end: Timestamp::MAX,
    })
}
