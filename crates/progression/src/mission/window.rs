//! Windows: for which period an event counts. One kind, one place.

use programme::model::{Duration, EventTypeIx, LateEvents, Mission, MissionIx, Window};
use smallvec::SmallVec;
use types::Timestamp;

use crate::fact::Fact;
use crate::journal::Reason;
use crate::period::Period;
use crate::step::Step;
use crate::zone::{Current, closed};

/// By which goal an event counts, which type it has there, and in which period. A running period that keeps the goal and the window of
/// an earlier version goes on with them.
pub(super) fn in_force<'p>(
    step: &mut Step<'p>,
    fact: &Fact<'_>,
    ix: MissionIx,
    mission: &'p Mission,
) -> Result<(&'p Mission, EventTypeIx, Current), Reason> {
    let programme = step.programme;
    if programme.earlier.is_empty() {
        let current = of_event(step, fact, ix, mission.window)?;
        return Ok((mission, fact.kind, current));
    }
    let kept = step.state.missions.whole(ix);
    let slots = kept.map_or(&[][..], |kept| &kept.slots);
    let keeping = slots.iter().filter(|slot| slot.keeps().is_some());
    let keeping: SmallVec<[_; 2]> = keeping
        .map(|slot| {
            let (earlier, rules) = slot.rules(programme, mission);
            let kind = earlier.event_types.find(&fact.event.kind);
            (slot.period, slot.stands(), rules, kind)
        })
        .collect();
    for (period, stands, rules, kind) in &keeping {
        if !*stands
            && let Ok(current) = of_event(step, fact, ix, rules.window)
            && current.period == *period
        {
            return Ok((rules, kind.ok_or(Reason::Unavailable)?, current));
        }
    }
    let current = of_event(step, fact, ix, mission.window)?;
    let mut standing = keeping.into_iter();
    match standing.find(|(period, ..)| *period == current.period) {
        Some((.., rules, kind)) => {
            // It takes what its own window takes: a start's that is over stays so where the new window is longer.
            let own = of_event(step, fact, ix, rules.window)?;
            match own.period == current.period {
                true => Ok((rules, kind.ok_or(Reason::Unavailable)?, own)),
                false => Err(Reason::Unavailable),
            }
        }
        None => Ok((mission, fact.kind, current)),
    }
}

/// The period that counts the event: the one in which it occurred; where that is closed, what the programme says of late events.
fn of_event(
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
        Window::AfterStart { length } => return from_start(step, fact, ix, length),
        Window::Rolling { length } => return run(step, fact, ix, length),
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
fn from_start(
    step: &Step<'_>,
    fact: &Fact<'_>,
    ix: MissionIx,
    length: Duration,
) -> Result<Current, Reason> {
    let start = super::started(step.state, ix).ok_or(Reason::Unavailable)?;
    let end = step.state.zones.over(step.programme, start, length);
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
fn run(
    step: &Step<'_>,
    fact: &Fact<'_>,
    ix: MissionIx,
    length: Duration,
) -> Result<Current, Reason> {
    let zones = &step.state.zones;
    if zones.over(step.programme, fact.occurred_at, length) <= step.now {
        return Err(Reason::Late);
    }
    let course = step.state.course(ix);
    Ok(Current {
        period: Period::Run(course.map_or(1, |course| course.next_run())),
        end: Timestamp::MAX,
    })
}
