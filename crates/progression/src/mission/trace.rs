//! Missions whose events are kept one by one: goals with steps, and rolling windows.
//!
//! A run of a rolling window is a period. Until it completes, its events are those that live; a completion keeps them, the excess
//! too, and reopening frees those that still live for the run that counts then.

use programme::model::{Duration, EventTypeIx, Mission, MissionIx, Window};
use smallvec::SmallVec;
use types::Timestamp;

use super::streak::{self, Look, lengths};
use super::{leaf_gain, slot_for};
use crate::derived;
use crate::event::SETTLED;
use crate::event::part::Returned;
use crate::fact::Fact;
use crate::goal::{self, EVENTS_MAX, Mark, Progress, Trail};
use crate::journal::{Contribution, Gain, Reason};
use crate::period::Period;
use crate::slot::Slot;
use crate::step::Step;
use crate::zone::Current;

/// Whether a mission needs its events one by one.
pub(super) fn is_traced(mission: &Mission) -> bool {
    matches!(mission.window, Window::Rolling { .. }) || goal::has_steps(&mission.goal)
}

/// Adds what the event is worth to the leaves of a goal.
pub(super) fn count(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    (ix, mission, kind): (MissionIx, &Mission, EventTypeIx),
    current: Current,
    guard_holds: bool,
    returned: Returned,
) -> Result<(), Reason> {
    let order = order(step.state.tail.next_number(), fact.kind == SETTLED);
    let mut marks = SmallVec::<[Mark; 2]>::new();
    let mut counted = SmallVec::<[Contribution; 2]>::new();
    let mut refused = Reason::Unavailable;
    for (part, leaf) in (0..).zip(goal::leaves(&mission.goal)) {
        if leaf.of != kind {
            continue;
        }
        let gain = leaf_gain(step, fact, leaf, guard_holds, current);
        match gain.map(|gain| (gain, returned.left_of(gain))) {
            Ok((gain, Some(left))) => {
                marks.push(Mark {
                    order,
                    occurred_at: fact.occurred_at,
                    part,
                    gain: left,
                });
                counted.push(Contribution {
                    mission: ix,
                    part,
                    period: current.period,
                    gain,
                });
            }
            Ok((_, None)) => {}
            Err(reason) if refused == Reason::Unavailable => refused = reason,
            Err(_) => {}
        }
    }
    if marks.is_empty() {
        return Err(refused);
    }
    let advanced = step.beside_zones(|step, zones| {
        let look = Look {
            programme: step.programme,
            zones,
        };
        append(step, ix, mission, current, &marks, look)
    })?;
    step.counted.extend(counted);
    // Not its step: kept, since a reversal may make it the one that counts.
    step.grew.push((ix, current.period));
    if derived::natures(step.programme)[usize::from(ix.0)].has_streaks {
        streak::settle(step, ix, current.period);
    }
    match advanced {
        true => Ok(()),
        false => Err(Reason::OtherStep),
    }
}

/// Puts an event behind the others; whether it counted for anything.
fn append(
    step: &mut Step<'_>,
    ix: MissionIx,
    mission: &Mission,
    current: Current,
    marks: &[Mark],
    look: Look<'_>,
) -> Result<bool, Reason> {
    let now = step.now;
    let slot = slot_for(step, ix, goal::leaf_count(&mission.goal), current);
    slot.trail.get_or_insert_default();
    refresh(look, mission, slot, now);
    let trail = slot.trail.get_or_insert_default();
    if trail.0.len() + marks.len() > EVENTS_MAX {
        return Err(Reason::TooMany);
    }
    trail.0.extend_from_slice(marks);
    let lengths = lengths(look);
    Ok(goal::follow(
        &mission.goal,
        &mut slot.parts,
        marks,
        &lengths,
    ))
}

/// Takes what has died out of a run that is not complete and waits for no answer.
pub(super) fn refresh(look: Look<'_>, mission: &Mission, slot: &mut Slot, now: Timestamp) {
    let kept = slot.stands() || slot.is_awaited();
    let (Window::Rolling { length }, false) = (mission.window, kept) else {
        return;
    };
    let Some(trail) = &mut slot.trail else {
        return;
    };
    if trail.0.iter().any(|mark| !lives(look, mark, length, now)) {
        trail.0.retain(|mark| lives(look, mark, length, now));
        let lengths = lengths(look);
        goal::retrace(&mission.goal, &mut slot.parts, trail.0.iter(), &lengths);
    }
}

/// Where an event stands among the others: by its entry, and behind the bet a settlement that counted with it.
fn order(entry: u64, settles: bool) -> u64 {
    2 * entry + u64::from(settles)
}

fn lives(look: Look<'_>, mark: &Mark, length: Duration, now: Timestamp) -> bool {
    look.over(mark.occurred_at, length) > now
}

/// Progress of the run that counts now, as of an instant.
pub(crate) fn living(
    look: Look<'_>,
    mission: &Mission,
    length: Duration,
    slot: &Slot,
    now: Timestamp,
) -> Vec<Progress> {
    let mut parts = vec![Progress::None; goal::leaf_count(&mission.goal)];
    let marks = slot.trail.iter().flat_map(|trail| &trail.0);
    let alive = marks.filter(|mark| lives(look, mark, length, now));
    goal::retrace(&mission.goal, &mut parts, alive, &lengths(look));
    parts
}

/// Makes an event smaller, or takes it away; whether it was there.
pub(super) fn shrink(
    look: Look<'_>,
    slot: &mut Slot,
    mission: &Mission,
    now: Timestamp,
    (entry, part): (u64, u8),
    left: Option<Gain>,
) -> bool {
    let awaited = slot.is_awaited();
    let Some(trail) = &mut slot.trail else {
        return false;
    };
    let leaf = goal::leaves(&mission.goal).nth(usize::from(part));
    let settles = leaf.is_some_and(|leaf| leaf.of == SETTLED);
    if !trail.shrink(order(entry, settles), part, left) {
        return false;
    }
    let pooled = !awaited && !slot.fate.as_ref().is_some_and(|fate| fate.standing);
    let alive = |mark: &&Mark| match mission.window {
        Window::Rolling { length } if pooled => lives(look, mark, length, now),
        _ => true,
    };
    let alive = trail.0.iter().filter(alive);
    goal::retrace(&mission.goal, &mut slot.parts, alive, &lengths(look));
    true
}

/// A run was completed: it is over when the last of its events is.
pub(super) fn close(step: &mut Step<'_>, ix: MissionIx, mission: &Mission, period: Period) {
    let (Window::Rolling { length }, Period::Run(number)) = (mission.window, period) else {
        return;
    };
    step.beside_zones(|step, zones| {
        let look = Look {
            programme: step.programme,
            zones,
        };
        let Some(state) = step.state.missions.get_mut(ix) else {
            return;
        };
        state.course.get_or_insert_default().runs = number;
        if let Some(slot) = state.slot_mut(period) {
            let marks = slot.trail.iter().flat_map(|trail| &trail.0);
            let last = marks.map(|mark| look.over(mark.occurred_at, length)).max();
            slot.end = last.unwrap_or_else(|| look.over(Timestamp::MIN, length));
        }
    });
}

/// A run was reopened: what lives of it counts for the run that is next. One that has left memory has nothing that lives.
pub(super) fn free(step: &mut Step<'_>, ix: MissionIx, mission: &Mission, period: Period) {
    let (Window::Rolling { length }, Period::Run(number)) = (mission.window, period) else {
        return;
    };
    let next = step.beside_zones(|step, zones| {
        let look = Look {
            programme: step.programme,
            zones,
        };
        pool(step, ix, mission, (period, number), length, look)
    });
    let streaks = derived::natures(step.programme)[usize::from(ix.0)].has_streaks;
    if let Some(next) = next.filter(|_| streaks) {
        streak::settle(step, ix, next);
    }
}

/// Puts what lives of a run among the events of the next one.
fn pool(
    step: &mut Step<'_>,
    ix: MissionIx,
    mission: &Mission,
    (period, number): (Period, u32),
    length: Duration,
    look: Look<'_>,
) -> Option<Period> {
    let now = step.now;
    let state = step.state.missions.get_mut(ix)?;
    let at = state.place(period)?;
    let mut freed = state.slots.remove(at);
    if freed.keeps().is_some() {
        // What counted for another goal is nothing to the one that counts now.
        freed.trail = None;
    }
    let freed = freed.trail.unwrap_or_default();
    let course = state.course.get_or_insert_default();
    course.free(number);
    let next = Period::Run(course.next_run());
    let pool = match state.place(next) {
        Some(at) => &mut state.slots[at],
        None => {
            let parts = goal::leaf_count(&mission.goal);
            state.slots.push(Slot::new(next, Timestamp::MAX, parts));
            let last = state.slots.len() - 1;
            &mut state.slots[last]
        }
    };
    let Trail(marks) = &mut **pool.trail.get_or_insert_default();
    marks.extend(freed.0);
    marks.retain(|mark| lives(look, mark, length, now));
    marks.sort_by_key(|mark| mark.order);
    // The newest, where both together are more than are kept.
    let over = marks.len().saturating_sub(EVENTS_MAX);
    marks.drain(..over);
    goal::retrace(&mission.goal, &mut pool.parts, marks.iter(), &lengths(look));
    Some(next)
}
