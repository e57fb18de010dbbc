//! Another version of the programme changes a mission while its periods run.
//!
//! A period that is complete, or closed, stays what it was and is judged by the goal that it had. What runs goes by the new version's
//! policy: it keeps goal and window until it ends; or its progress stays and the new goal counts from now; or its progress begins
//! again. A period in which nothing has counted has nothing to keep. Nothing completes by a change: the next event that counts does.

use programme::model::{GoalOf, Mission, MissionIx, OnChange, Programme, Window};
use smallvec::SmallVec;
use types::Timestamp;

use super::streak::Look;
use super::{streak, trace};
use crate::goal::{self, Progress};
use crate::period::Period;
use crate::slot::Slot;
use crate::state::State;
use crate::zone::closed;

/// Carries the periods of a player who was last folded under another version over to this one; names have moved already. Of missions
/// that are `back` it is said which version had them last.
pub(crate) fn carry(
    programme: &Programme,
    before: &str,
    back: &[(MissionIx, Box<str>)],
    state: &mut State,
) {
    if programme.earlier.is_empty() {
        return;
    }
    let (now, entry) = (state.clock, state.tail.next_number());
    let zones = std::mem::take(&mut state.zones);
    let look = Look {
        programme,
        zones: &zones,
    };
    state.missions.change_each(|ix, kept| {
        let mission = &programme.missions[usize::from(ix.0)];
        let last = back.iter().find(|(it, _)| *it == ix);
        let last = last.map_or(before, |(_, version)| version);
        let old = programme.of_version(last);
        let Some((old, was)) = old.and_then(|old| Some((old, old.same_mission(mission)?))) else {
            return;
        };
        kept.slots.retain_mut(|slot| {
            let keeps = slot.keeps().and_then(|version| {
                let earlier = programme.of_version(version)?;
                Some((earlier, earlier.same_mission(mission)?))
            });
            let from = keeps.unwrap_or((old, was));
            if is_same(from, (programme, mission)) {
                if let Some(past) = &mut slot.past {
                    past.goal = None;
                }
                return true;
            }
            trace::refresh(look, from.1, slot, now);
            let over = closed(slot.end, programme, now) || slot.stands();
            let events = slot.trail.as_ref().is_some_and(|trail| !trail.0.is_empty());
            let untouched = !events && slot.parts.iter().all(|part| *part == Progress::None);
            if over || (mission.on_change == OnChange::Keep && !untouched) {
                slot.past.get_or_insert_default().goal = Some(from.0.version.0.clone());
                return true;
            }
            if !fits(slot.period, mission.window) && slot.fate.is_none() {
                return false;
            }
            let leaves = match mission.on_change {
                OnChange::Rebase if fits(slot.period, mission.window) => {
                    rebase(look, from, mission, slot)
                }
                _ => {
                    reset(mission, slot);
                    vec![None; goal::leaf_count(&from.1.goal)]
                }
            };
            slot.end = ends(look, slot, mission.window);
            let past = slot.past.get_or_insert_default();
            past.goal = None;
            past.shift(entry, leaves);
            true
        });
    });
    state.zones = zones;
    streak::rezone(programme, state);
}

/// A period from the archive is judged by the goal that it had when it was put there.
pub(super) fn keep(programme: &Programme, ix: MissionIx, slot: &mut Slot, version: &str) {
    let mission = &programme.missions[usize::from(ix.0)];
    let was = programme
        .of_version(version)
        .and_then(|old| Some((old, old.same_mission(mission)?)));
    if slot.keeps().is_none()
        && let Some(was) = was
        && !is_same(was, (programme, mission))
    {
        slot.past.get_or_insert_default().goal = Some(version.into());
    }
}

fn is_same(one: (&Programme, &Mission), other: (&Programme, &Mission)) -> bool {
    one.1.window == other.1.window && goal_of(one).is_same(goal_of(other))
}

fn goal_of<'p>((programme, mission): (&'p Programme, &'p Mission)) -> GoalOf<'p> {
    GoalOf {
        goal: &mission.goal,
        types: &programme.event_types,
    }
}

/// Whether a window has such periods.
fn fits(period: Period, window: Window) -> bool {
    match (period, window) {
        (Period::Once, Window::Once)
        | (Period::Start(_), Window::AfterStart { .. })
        | (Period::Run(_), Window::Rolling { .. }) => true,
        (period @ Period::Calendar { .. }, Window::Calendar(kind)) => period.is_of(kind),
        _ => false,
    }
}

/// When a period of such a window ends: only one from a start may have become longer or shorter.
fn ends(look: Look<'_>, slot: &Slot, window: Window) -> Timestamp {
    match (slot.period, window) {
        (Period::Start(start), Window::AfterStart { length }) => look.over(start, length),
        _ => slot.end,
    }
}

fn reset(mission: &Mission, slot: &mut Slot) {
    slot.parts.clear();
    slot.parts
        .resize_with(goal::leaf_count(&mission.goal), Progress::default);
    slot.trail = None;
}

/// Progress of each single goal becomes that of the first one that counts alike; which one that is.
fn rebase(
    look: Look<'_>,
    from: (&Programme, &Mission),
    mission: &Mission,
    slot: &mut Slot,
) -> Vec<Option<u8>> {
    let leaves = matched(goal_of(from), goal_of((look.programme, mission)));
    let old = std::mem::take(&mut slot.parts);
    let trail = slot.trail.take();
    reset(mission, slot);
    let traced = trace::is_traced(mission);
    let Some(mut trail) = trail else {
        if traced {
            // Its events would have to be known one by one, and are not.
            return vec![None; leaves.len()];
        }
        for (part, leaf) in old.into_iter().zip(&leaves) {
            if let Some(leaf) = leaf {
                slot.parts[usize::from(*leaf)] = part;
            }
        }
        return leaves;
    };
    trail.0.retain_mut(|mark| {
        let leaf = leaves.get(usize::from(mark.part)).copied().flatten();
        leaf.map(|leaf| mark.part = leaf).is_some()
    });
    let lengths = streak::lengths(look);
    goal::retrace(&mission.goal, &mut slot.parts, trail.0.iter(), &lengths);
    slot.trail = traced.then_some(trail);
    leaves
}

/// For each single goal of the one goal, the first of the other that counts alike and is nobody else's.
fn matched(old: GoalOf<'_>, new: GoalOf<'_>) -> Vec<Option<u8>> {
    let mut free: SmallVec<[Option<_>; 4]> = goal::leaves(new.goal).map(Some).collect();
    goal::leaves(old.goal)
        .map(|leaf| {
            let was = GoalOf {
                goal: leaf.goal,
                ..old
            };
            let is = |other: &Option<goal::Leaf<'_>>| {
                other.is_some_and(|other| {
                    let other = GoalOf {
                        goal: other.goal,
                        ..new
                    };
                    was.counts_alike(other)
                })
            };
            let at = free.iter().position(is)?;
            free[at] = None;
            u8::try_from(at).ok()
        })
        .collect()
}
