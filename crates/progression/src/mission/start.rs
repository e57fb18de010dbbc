//! When a mission begins for a player: what opens it, what he joins, where a window from his start begins.

use programme::model::{Facts, Mission, MissionIx, Programme, Start, Verdict, Window};
use types::Timestamp;

use crate::derived;
use crate::journal::Reason;
use crate::state::State;
use crate::step::Step;

/// The player joins.
pub(crate) fn join(step: &mut Step<'_>, ix: MissionIx, at: Timestamp) {
    let kept = step.state.missions.touch(ix);
    let course = kept.course.get_or_insert_default();
    course.opted_in = Some(at);
    course.started = Some(at);
}

/// Begins the windows that run from a player's first record that could count, where this is it.
pub(crate) fn begin(step: &mut Step<'_>, occurred_at: Timestamp) {
    let (programme, now) = (step.programme, step.now);
    for ix in derived::by_first_record(programme) {
        let mission = &programme.missions[usize::from(ix.0)];
        let begun = started(step.state, *ix).is_some();
        let restrictions = &step.state.restrictions;
        let open = !begun && available(mission, occurred_at);
        if open
            && !restrictions.hold(occurred_at)
            && !restrictions.hold(now)
            && is_for(step, mission, occurred_at)
        {
            start(step, *ix, occurred_at);
        }
    }
}

/// Begins the windows that run from the last prerequisite, where a completion of this mission was it.
pub(super) fn unlocked_by(step: &mut Step<'_>, completed: MissionIx) {
    for (ix, mission) in (0..).map(MissionIx).zip(&step.programme.missions) {
        let waits = matches!(mission.window, Window::AfterStart { .. })
            && mission.start == Start::Automatic
            && mission.after.contains(&completed)
            && started(step.state, ix).is_none();
        if waits && let Some(last) = unlock(step.state, mission) {
            start(step, ix, last);
        }
    }
}

/// Begins the windows that run from the last prerequisite by another version, and where all stand already.
pub(crate) fn by_version(programme: &Programme, state: &mut State) {
    for (ix, mission) in (0..).map(MissionIx).zip(&programme.missions) {
        let waits = matches!(mission.window, Window::AfterStart { .. })
            && mission.start == Start::Automatic
            && !mission.after.is_empty()
            && started(state, ix).is_none();
        if waits && let Some(last) = unlock(state, mission) {
            let kept = state.missions.touch(ix);
            kept.course.get_or_insert_default().started = Some(last);
        }
    }
}

/// Since when every prerequisite stands, where all do; a mission without any has been open for ever.
pub(super) fn unlock(state: &State, mission: &Mission) -> Option<Timestamp> {
    let since = |ix: &MissionIx| {
        let first = state
            .missions
            .whole(*ix)
            .filter(|first| first.standing > 0)?;
        Some(first.unlocks().first().copied().unwrap_or_default())
    };
    mission
        .after
        .iter()
        .map(since)
        .try_fold(Timestamp::MIN, |last, since| Some(last.max(since?)))
}

/// Whether something that occurs then can count.
pub(super) fn available(mission: &Mission, occurred_at: Timestamp) -> bool {
    let from = mission
        .available_from
        .is_none_or(|from| from <= occurred_at);
    let until = mission.available_until;
    from && until.is_none_or(|until| occurred_at < until)
}

/// Since when a window from the player's start runs.
pub(crate) fn started(state: &State, ix: MissionIx) -> Option<Timestamp> {
    state.course(ix)?.started
}

fn start(step: &mut Step<'_>, ix: MissionIx, at: Timestamp) {
    let kept = step.state.missions.touch(ix);
    kept.course.get_or_insert_default().started = Some(at);
}

fn is_for(step: &Step<'_>, mission: &Mission, occurred_at: Timestamp) -> bool {
    let player = step.state.player(step.programme);
    let facts = Facts {
        event: None,
        amount: None,
        occurred_at,
        player: &player,
    };
    let audience = mission.audience.as_ref();
    audience.is_none_or(|audience| audience.eval(&facts) == Verdict::True)
}

/// Whether the mission takes events of this player that occur then, whoever it is for.
pub(crate) fn open_at(
    state: &State,
    ix: MissionIx,
    mission: &Mission,
    occurred: Timestamp,
) -> Result<(), Reason> {
    if !available(mission, occurred) {
        return Err(Reason::Unavailable);
    }
    if unlock(state, mission).is_none_or(|since| since > occurred) {
        return Err(Reason::Locked);
    }
    if mission.start == Start::OptIn {
        let joined = state.course(ix).and_then(|course| course.opted_in);
        if joined.is_none_or(|joined| joined > occurred) {
            return Err(Reason::NotJoined);
        }
    }
    Ok(())
}
