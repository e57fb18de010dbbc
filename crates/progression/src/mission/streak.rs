//! Streaks of a mission: which unit an event makes active, what is shown, and when a chain breaks.
//!
//! A chain breaks at the end of the missing unit for which it has no freeze left, plus lateness, if that unit begins within the window.
//! It is told from two units on, not once the mission is complete, and not of a step that is done. In a rolling window a chain is what
//! lives of it.

mod chains;

use programme::model::{LateEvents, Mission, MissionIx, PeriodKind, Programme};
use types::Timestamp;

use super::{find, trace};
use crate::effect::Effect;
use crate::fact::Fact;
use crate::goal::Progress;
use crate::journal::{Gain, Reason};
use crate::period::Period;
use crate::slot::Slot;
use crate::state::State;
use crate::step::Step;
use crate::zone::Current;

pub(crate) use chains::Look;
pub(super) use chains::lengths;
use chains::{Rules, streaks};

/// A week may go on so long after its window.
const WEEK_NS: i64 = 8 * 86_400 * 1_000_000_000;

/// Whether a mission has streaks.
fn has_streaks(mission: &Mission) -> bool {
    streaks(&mission.goal).next().is_some()
}

/// Whether a period of a mission may have streaks: now, or by an earlier version.
pub(crate) fn may_have_streaks(programme: &Programme, mission: &Mission) -> bool {
    let earlier = programme.earlier.iter();
    let mut earlier = earlier.filter_map(|it| it.same_mission(mission));
    has_streaks(mission) || earlier.any(has_streaks)
}

/// How long after a period's end its streaks still have something to tell.
pub(super) fn margin_ns(mission: &Mission) -> i64 {
    let weeks = |(_, rules): (usize, Rules)| rules.unit == PeriodKind::Week;
    match streaks(&mission.goal).any(weeks) {
        true => WEEK_NS,
        false => 0,
    }
}

/// The unit that an event makes active: that in which it occurred; where that is closed, what the programme says of late events.
pub(super) fn gain(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    unit: PeriodKind,
    window: Current,
) -> Result<Gain, Reason> {
    let (programme, now) = (step.programme, step.now);
    let zones = &mut step.state.zones;
    let mut counts = zones.period(programme, unit, fact.occurred_at);
    if counts.is_closed(programme, now) {
        // Now has to lie in the window that counts it.
        if programme.late_events == LateEvents::RecordOnly || window.end <= now {
            return Err(Reason::Late);
        }
        counts = zones.period(programme, unit, now);
    }
    match counts.period {
        Period::Calendar { ordinal, .. } => Ok(Gain::Unit(ordinal)),
        _ => Err(Reason::Unavailable),
    }
}

/// Works out the chains of a period anew, after something was added or taken away.
pub(super) fn settle(step: &mut Step<'_>, ix: MissionIx, period: Period) {
    let (programme, now) = (step.programme, step.now);
    let mission = &programme.missions[usize::from(ix.0)];
    step.beside_zones(|step, zones| {
        let look = Look { programme, zones };
        if let Some(slot) = find(step, ix, period) {
            let (_, rules) = slot.rules(programme, mission);
            chains::measure(look, rules, slot, now);
        }
    });
}

/// Works out anew when chains break, after a change of zone.
pub(crate) fn rezone(programme: &Programme, state: &mut State) {
    let (zones, now) = (std::mem::take(&mut state.zones), state.clock);
    let look = Look {
        programme,
        zones: &zones,
    };
    state.missions.change_each(|ix, kept| {
        let mission = &programme.missions[usize::from(ix.0)];
        if may_have_streaks(programme, mission) {
            for slot in &mut kept.slots {
                let (_, rules) = slot.rules(programme, mission);
                trace::refresh(look, rules, slot, now);
                // What broke by now has been told, of chains that had not lost yet what has died since.
                chains::measure(look, rules, slot, now);
            }
        }
    });
    state.zones = zones;
}

/// When the next chain of a mission breaks.
pub(crate) fn due(state: &State, ix: MissionIx) -> Option<Timestamp> {
    let open = state
        .missions
        .whole(ix)?
        .slots
        .iter()
        .filter(|slot| !slot.stands());
    open.flat_map(|slot| &slot.parts)
        .filter_map(next_break)
        .min()
}

fn next_break(part: &Progress) -> Option<Timestamp> {
    match part {
        Progress::Streak(units) => units.breaks_at,
        _ => None,
    }
}

/// Chains break, now.
pub(crate) fn fire(step: &mut Step<'_>, ix: MissionIx) {
    let (programme, now) = (step.programme, step.now);
    let mission = &programme.missions[usize::from(ix.0)];
    step.beside_zones(|step, zones| {
        let look = Look { programme, zones };
        let Some(kept) = step.state.missions.get_mut(ix) else {
            return;
        };
        for slot in kept.slots.iter_mut().filter(|slot| !slot.stands()) {
            let breaks = |part: &Progress| next_break(part) == Some(now);
            let due: Vec<usize> = (0..slot.parts.len())
                .filter(|at| breaks(&slot.parts[*at]))
                .collect();
            if due.is_empty() {
                continue;
            }
            let (_, rules) = slot.rules(programme, mission);
            trace::refresh(look, rules, slot, now);
            for length in chains::breaking(look, rules, slot, &due, now) {
                slot.broken += 1;
                step.effects.push(Effect::StreakBroken {
                    mission: ix,
                    period: slot.period,
                    length,
                    n: slot.broken,
                });
            }
            chains::measure(look, rules, slot, now);
        }
    });
}

/// What a player sees of a goal that is a streak: its latest chain, or nothing of it once it has broken before completion.
pub(crate) fn shown(
    look: Look<'_>,
    mission: &Mission,
    slot: &Slot,
    parts: &[Progress],
    now: Timestamp,
) -> Option<u32> {
    let rules = Rules::of(&mission.goal)?;
    let Some(Progress::Streak(units)) = parts.first() else {
        return Some(0);
    };
    let Some(latest) = look.chains(rules, units).pop() else {
        return Some(0);
    };
    let breaks_at = look.breaks_at(rules, latest, slot.end);
    let broken = !slot.stands() && breaks_at.is_some_and(|at| at <= now);
    Some(if broken { 0 } else { latest.length })
}
