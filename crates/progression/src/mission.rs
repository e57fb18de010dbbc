//! Missions: what an event counts for, completions, and what becomes of them when something is taken back.

mod archive;
mod change;
pub(crate) mod claim;
mod course;
pub(crate) mod fate;
mod nature;
mod plain;
mod start;
pub(crate) mod streak;
mod trace;
mod window;

use programme::model::{EventTypeIx, Goal, Mission, MissionIx, OnReversal};
use types::Timestamp;

use crate::candidates::Candidates;
use crate::derived;
use crate::earn::{ask, holds};
use crate::effect::Because;
use crate::event::part::Returned;
use crate::fact::Fact;
use crate::goal;
use crate::journal::{Contribution, Gain, Reason, Subjected};
use crate::period::Period;
use crate::slot::Slot;
use crate::state::State;
use crate::step::Step;
use crate::waiting;
use crate::zone::Current;

pub(crate) use archive::{Cold, ExpiredReward, archived_for, archived_of, expired_of};
pub(crate) use change::carry;
pub(crate) use course::Course;
pub(crate) use nature::Nature;
pub(crate) use start::{begin, by_version, join, open_at, started};
pub(crate) use trace::living;

/// Adds the event to the missions that count its type; among the candidates they come after the rules.
pub(crate) fn count(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    candidates: &Candidates,
    returned: Returned,
) {
    if step.restricts(fact) {
        return pass_over(step, fact.kind, &Reason::Restricted);
    }
    let kind = usize::from(fact.kind.0);
    let missions = &step.programme.missions_by_type[kind];
    let rules = step.programme.rules_by_type[kind].len();
    let natures = derived::natures(step.programme);
    step.judged
        .begin(&derived::ground(step.programme, fact.kind).missions);
    let mut from = rules;
    while let Some(at) = candidates.next(from) {
        let ix = missions[at - rules];
        let nature = natures[usize::from(ix.0)];
        let found = count_one(step, fact, (ix, nature), candidates.satisfies(at), returned);
        step.judged.found(Subjected::Mission(ix), found);
        from = at + 1;
    }
}

/// Writes down why no mission looked at an event of this type.
pub(crate) fn pass_over(step: &mut Step<'_>, kind: EventTypeIx, reason: &Reason) {
    let missions = &step.programme.missions_by_type[usize::from(kind.0)];
    step.judged.missions(missions, reason);
}

fn count_one(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    (ix, nature): (MissionIx, Nature),
    guard_holds: bool,
    returned: Returned,
) -> Result<(), Reason> {
    let mission = &step.programme.missions[usize::from(ix.0)];
    if fact.weight_e8 == 0 {
        return Err(Reason::Weightless);
    }
    if let Some(plain) = nature.plain
        && let Some(leaf) = goal::alone(&mission.goal)
        && let Some(counted) = plain::count(step, fact, (ix, plain, leaf), guard_holds, returned)
    {
        return counted;
    }
    if !nature.is_open {
        open_to(step, fact, ix, mission)?;
    }
    let (rules, kind, current) = window::in_force(step, fact, ix, mission)?;
    let own = std::ptr::eq(rules, mission);
    let guard_holds = guard_holds && own;
    if (own && nature.is_traced) || (!own && trace::is_traced(rules)) {
        return trace::count(
            step,
            fact,
            (ix, rules, kind),
            current,
            guard_holds,
            returned,
        );
    }
    let due = match goal::alone(&rules.goal) {
        // An earlier version may have counted another type.
        Some(leaf) if leaf.of != kind => return Err(Reason::Unavailable),
        Some(leaf) => {
            let of = (ix, rules, 0, leaf);
            count_leaf(step, fact, of, guard_holds, current, returned)?
        }
        None => count_leaves(step, fact, (ix, rules, kind), current, returned)?,
    };
    let due = match nature.has_streaks {
        false => due,
        true => {
            streak::settle(step, ix, current.period);
            let slot = find(step, ix, current.period);
            slot.is_some_and(|slot| is_due(rules, slot))
        }
    };
    if due {
        step.grew.push((ix, current.period));
    }
    if nature.plain.is_some() {
        step.state.missions.shorten(ix);
    }
    Ok(())
}

/// Counts for the leaves of a goal that has several; whether it is due to complete then.
fn count_leaves(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    (ix, rules, kind): (MissionIx, &Mission, EventTypeIx),
    current: Current,
    returned: Returned,
) -> Result<bool, Reason> {
    let mut outcome = Err(Reason::Unavailable);
    for (part, leaf) in (0..).zip(goal::leaves(&rules.goal)) {
        if leaf.of != kind {
            continue;
        }
        let of = (ix, rules, part, leaf);
        let counted = count_leaf(step, fact, of, false, current, returned);
        outcome = match (outcome, counted) {
            (Ok(before), Ok(due)) => Ok(before | due),
            (Ok(due), _) | (_, Ok(due)) => Ok(due),
            (Err(Reason::Unavailable), Err(reason)) | (Err(reason), _) => Err(reason),
        };
    }
    outcome
}

/// Counts for one leaf of a goal; whether its mission is due to complete then.
fn count_leaf(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    (ix, rules, part, leaf): (MissionIx, &Mission, u8, goal::Leaf<'_>),
    guard_holds: bool,
    current: Current,
    returned: Returned,
) -> Result<bool, Reason> {
    let gain = leaf_gain(step, fact, leaf, guard_holds, current)?;
    let contribution = Contribution {
        mission: ix,
        part,
        period: current.period,
        gain,
    };
    add(step, rules, current, contribution, returned)
}

/// Whether a period is at its goal and has no standing completion.
pub(crate) fn is_due(rules: &Mission, slot: &Slot) -> bool {
    !slot.stands() && goal::reached(&rules.goal, &slot.parts)
}

/// Whether the mission is for this player and event: as things were before the event.
fn open_to(
    step: &Step<'_>,
    fact: &Fact<'_>,
    ix: MissionIx,
    mission: &Mission,
) -> Result<(), Reason> {
    open_at(step.state, ix, mission, fact.occurred_at)?;
    match &mission.audience {
        Some(audience) => holds(ask(step, fact, audience, false), Reason::Audience),
        None => Ok(()),
    }
}

fn leaf_gain(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    leaf: goal::Leaf<'_>,
    guard_holds: bool,
    window: Current,
) -> Result<Gain, Reason> {
    if let Some(when) = leaf.when {
        holds(ask(step, fact, when, guard_holds), Reason::When)?;
    }
    match leaf.goal {
        Goal::Streak { unit, .. } => streak::gain(step, fact, *unit, window),
        _ => goal::gain(leaf, fact),
    }
}

fn add(
    step: &mut Step<'_>,
    rules: &Mission,
    current: Current,
    contribution: Contribution,
    returned: Returned,
) -> Result<bool, Reason> {
    let parts = goal::leaf_count(&rules.goal);
    let slot = slot_for(step, contribution.mission, parts, current);
    let gain = contribution.gain;
    let Some(progress) = slot.parts.get_mut(usize::from(contribution.part)) else {
        return Err(Reason::Unavailable);
    };
    if !progress.room(gain) {
        return Err(Reason::TooMany);
    }
    if let Some(left) = returned.left_of(gain) {
        progress.add(left);
    }
    let due = is_due(rules, slot);
    step.counted.push(contribution);
    Ok(due)
}

/// The period's slot: kept, or back from the archive, or new. A new one drops those that are closed.
fn slot_for<'s>(
    step: &'s mut Step<'_>,
    ix: MissionIx,
    parts: usize,
    current: Current,
) -> &'s mut Slot {
    let state = step.state.missions.touch(ix);
    let known = state.place(current.period);
    let at = match known {
        Some(at) => at,
        None => {
            let back = archive::back(&mut step.cold, ix, current.period);
            let slot = back.unwrap_or_else(|| Slot::new(current.period, current.end, parts));
            let closed = archive::drop_closed(state, step.programme, step.now, ix, &step.fell);
            step.archived.extend(closed);
            state.slots.push(slot);
            state.slots.len() - 1
        }
    };
    let slot = &mut state.slots[at];
    slot.end = slot.end.max(current.end);
    if slot.parts.len() != parts {
        // Another version has changed the goal's parts.
        slot.parts.resize_with(parts, goal::Progress::default);
    }
    slot
}

/// Completes what has grown to its goal and has no standing completion.
pub(crate) fn complete(step: &mut Step<'_>, occurred_at: Timestamp) {
    for (ix, period) in std::mem::take(&mut step.grew) {
        let mission = &step.programme.missions[usize::from(ix.0)];
        if completes(step, ix, mission, period) {
            waiting::complete(step, ix, mission, period, occurred_at);
        }
    }
}

/// Whether a period is due to complete, and the mission has room for one more completion.
fn completes(step: &Step<'_>, ix: MissionIx, mission: &Mission, period: Period) -> bool {
    let Some(kept) = step.state.mission(ix) else {
        return false;
    };
    let most = mission.limit.per_player;
    let full = most.is_some_and(|most| kept.standing >= most) || claim::is_full(&kept);
    let due = kept.slot(period).is_some_and(|slot| {
        let (_, rules) = slot.rules(step.programme, mission);
        is_due(rules, slot)
    });
    due && !full
}

/// Takes something off a mission's period, wherever it lies.
/// What was worth `was` is worth `is`.
pub(crate) fn take_off(
    step: &mut Step<'_>,
    entry: u64,
    contribution: &Contribution,
    was: Gain,
    is: Option<Gain>,
) {
    let (ix, part) = (contribution.mission, contribution.part);
    let mission = &step.programme.missions[usize::from(ix.0)];
    let (programme, now) = (step.programme, step.now);
    let period = landed(step.state, ix, contribution.period);
    let known = step.beside_zones(|step, zones| {
        let slot = find(step, ix, period)?;
        let part = slot.leaf(entry, part)?;
        let look = streak::Look { programme, zones };
        if slot.trail.is_some() {
            let (_, rules) = slot.rules(programme, mission);
            return trace::shrink(look, slot, rules, now, (entry, part), is).then_some(());
        }
        if let Some(progress) = slot.parts.get_mut(usize::from(part)) {
            progress.shrink(was, is);
        }
        Some(())
    });
    if known.is_none() {
        return;
    }
    if derived::natures(step.programme)[usize::from(ix.0)].has_streaks {
        streak::settle(step, ix, period);
    }
    if !step.fell.contains(&(ix, period)) {
        step.fell.push((ix, period));
    }
}

/// The period in which an event counts that was to count for this one: a reopened run's events go on to another.
fn landed(state: &State, ix: MissionIx, period: Period) -> Period {
    match (period, state.course(ix)) {
        (Period::Run(number), Some(course)) => Period::Run(course.landed(number)),
        _ => period,
    }
}

/// The period's slot, kept or cold.
fn find<'s>(step: &'s mut Step<'_>, ix: MissionIx, period: Period) -> Option<&'s mut Slot> {
    let state = step.state.missions.get_mut(ix)?;
    match state.place(period) {
        Some(at) => Some(&mut state.slots[at]),
        None => archive::touch(&mut step.cold, ix, period),
    }
}

/// Judges completions from which something was taken off: one whose progress is below its goal does not stand, unless its reward is
/// kept.
pub(crate) fn reopen(step: &mut Step<'_>) {
    let mut fell = std::mem::take(&mut step.fell);
    fell.sort_unstable();
    for (ix, period) in fell {
        let programme = step.programme;
        let mission = &programme.missions[usize::from(ix.0)];
        let Some(slot) = find(step, ix, period) else {
            continue;
        };
        let (_, rules) = slot.rules(programme, mission);
        if goal::reached(&rules.goal, &slot.parts) {
            continue;
        }
        if slot.is_awaited() {
            waiting::end(step, ix, period);
            continue;
        }
        if !slot.stands() {
            continue;
        }
        let rewarded = slot
            .fate
            .as_ref()
            .is_some_and(|fate| !fate.given.is_empty());
        let open = slot.is_offered();
        if !rewarded || open || mission.on_reversal == OnReversal::TakeBack {
            fate::reopen(step, ix, period);
        }
    }
}

const fn because(ix: MissionIx, period: Period) -> Because {
    Because::Mission(ix, period)
}
