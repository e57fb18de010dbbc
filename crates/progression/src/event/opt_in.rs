//! `mission_opted_in`: the player joins a mission, for good.
//!
//! What occurred at or after it counts. A command that cannot be carried out leaves its entry and changes nothing.

use programme::model::{MissionIx, Programme, Start};
use types::{Event, Timestamp};

use crate::decision::Refusal;
use crate::mission;
use crate::state::State;
use crate::step::Step;

const MISSION: &str = "mission";

/// The mission that a command is about, where it names one.
pub(super) fn named(programme: &Programme, event: &Event) -> Result<Option<MissionIx>, Refusal> {
    let Some(value) = event.attributes.get(MISSION) else {
        return Ok(None);
    };
    let name = value.as_text().ok_or(Refusal::BadAttribute)?;
    // By whatever name it ever had: who sends it may not know yet that it has another.
    let found = programme.mission_called(name);
    found.map(Some).ok_or(Refusal::UnknownMission)
}

/// The mission that is joined.
pub(super) fn check(
    programme: &Programme,
    state: &State,
    event: &Event,
    now: Timestamp,
) -> Result<MissionIx, Refusal> {
    let ix = named(programme, event)?.ok_or(Refusal::BadAttribute)?;
    let mission = &programme.missions[usize::from(ix.0)];
    if mission.start != Start::OptIn {
        return Err(Refusal::NotOptIn);
    }
    let course = state.course(ix);
    if course.is_some_and(|course| course.opted_in.is_some()) {
        return Err(Refusal::AlreadyOptedIn);
    }
    let occurred_at = event.occurred_at.min(now);
    if state.restrictions.hold(occurred_at) || state.restrictions.hold(now) {
        return Err(Refusal::Restricted);
    }
    match mission.available_until {
        Some(until) if occurred_at >= until => Err(Refusal::MissionEnded),
        _ => Ok(ix),
    }
}

pub(super) fn carry_out(step: &mut Step<'_>, event: &Event, ix: MissionIx) {
    let occurred_at = event.occurred_at.min(step.now);
    mission::join(step, ix, occurred_at);
}
