//! Streaks of a mission: which unit an event makes active, what is shown, and when a chain breaks.
//!
//! A chain breaks at the end of the missing unit for which it has no freeze left, plus lateness, if that unit begins within the window.
//! It is told from two units on, and not once the mission is complete.

use programme::model::{Goal, LateEvents, Mission, MissionIx, PeriodKind, Programme};
use types::Timestamp;

use super::find;
use crate::effect::Effect;
use crate::fact::Fact;
use crate::goal::{self, Chain, Progress, Units};
use crate::journal::{Gain, Reason};
use crate::period::Period;
use crate::slot::Slot;
use crate::state::State;
use crate::step::Step;
use crate::zone::{Current, Zones};

/// Streaks from this length on are told when they break.
const TOLD_FROM: u32 = 2;
/// A week may go on so long after its window.
const WEEK_NS: i64 = 8 * 86_400 * 1_000_000_000;

/// Which units a streak counts, and what it forgives.
#[derive(Clone, Copy)]
struct Rules {
    unit: PeriodKind,
    freezes: u32,
}

impl Rules {
    fn of(goal: &Goal) -> Option<Self> {
        match goal {
            Goal::Streak { unit, freezes, .. } => Some(Self {
                unit: *unit,
                freezes: *freezes,
            }),
            _ => None,
        }
    }

    fn chains(self, programme: &Programme, zones: &Zones, units: &Units) -> Vec<Chain> {
        let exists = |unit| zones.unit(programme, self.unit, unit).is_some();
        match zones.repeats() {
            true => units.chains(self.freezes, exists),
            false => units.chains(self.freezes, |_| true),
        }
    }

    /// When a chain breaks: never where the window is over first.
    fn breaks_at(
        self,
        programme: &Programme,
        zones: &Zones,
        chain: Chain,
        window_end: Timestamp,
    ) -> Option<Timestamp> {
        let unit = zones.unit(programme, self.unit, chain.broken_by)?;
        let closed = unit.end.saturating_add_nanos(programme.lateness_ns);
        (unit.start < window_end && closed < Timestamp::MAX).then_some(closed)
    }
}

/// The leaves of a goal that are streaks.
fn streaks(goal: &Goal) -> impl Iterator<Item = (usize, Rules)> {
    let all = goal::leaves(goal).enumerate();
    all.filter_map(|(part, leaf)| Some((part, Rules::of(leaf.goal)?)))
}

/// Whether a mission has streaks.
pub(crate) fn has_streaks(mission: &Mission) -> bool {
    streaks(&mission.goal).next().is_some()
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
    let zones = std::mem::take(&mut step.state.zones);
    if let Some(slot) = find(step, ix, period) {
        measure(programme, &zones, mission, slot, Some(now));
    }
    step.state.zones = zones;
}

/// Works out anew when chains break, after a change of zone.
pub(crate) fn rezone(programme: &Programme, state: &mut State) {
    let zones = std::mem::take(&mut state.zones);
    for (ix, kept) in state.missions.iter_mut() {
        let mission = &programme.missions[usize::from(ix.0)];
        if has_streaks(mission) {
            for slot in &mut kept.slots {
                measure(programme, &zones, mission, slot, None);
            }
        }
    }
    state.zones = zones;
}

fn measure(
    programme: &Programme,
    zones: &Zones,
    mission: &Mission,
    slot: &mut Slot,
    watched: Option<Timestamp>,
) {
    let end = slot.end;
    for (part, rules) in streaks(&mission.goal) {
        let Some(Progress::Streak(units)) = slot.parts.get_mut(part) else {
            continue;
        };
        let chains = rules.chains(programme, zones, units);
        units.measure(&chains);
        units.watched = watched.unwrap_or(units.watched);
        let told = chains.iter().filter(|chain| chain.length >= TOLD_FROM);
        let breaks = told.filter_map(|chain| rules.breaks_at(programme, zones, *chain, end));
        units.breaks_at = breaks.filter(|at| *at > units.watched).min();
    }
}

/// When the next chain of a mission breaks.
pub(crate) fn due(state: &State, ix: MissionIx) -> Option<Timestamp> {
    let open = state
        .mission(ix)?
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
    let Some(kept) = step.state.missions.get_mut(ix) else {
        return;
    };
    let zones = &step.state.zones;
    for slot in &mut kept.slots {
        let due = slot.parts.iter().filter_map(next_break).any(|at| at == now);
        if slot.stands() || !due {
            continue;
        }
        for (part, rules) in streaks(&mission.goal) {
            let Some(Progress::Streak(units)) = slot.parts.get(part) else {
                continue;
            };
            if units.breaks_at != Some(now) {
                continue;
            }
            for chain in rules.chains(programme, zones, units) {
                let at = rules.breaks_at(programme, zones, chain, slot.end);
                if chain.length >= TOLD_FROM && at == Some(now) {
                    slot.broken += 1;
                    step.effects.push(Effect::StreakBroken {
                        mission: ix,
                        period: slot.period,
                        length: chain.length,
                        n: slot.broken,
                    });
                }
            }
        }
        measure(programme, zones, mission, slot, Some(now));
    }
}

/// What a player sees of a goal that is a streak: its latest chain, or nothing of it once it has broken before completion.
pub(crate) fn shown(
    programme: &Programme,
    zones: &Zones,
    mission: &Mission,
    slot: &Slot,
    now: Timestamp,
) -> Option<u32> {
    let rules = Rules::of(&mission.goal)?;
    let Some(Progress::Streak(units)) = slot.parts.first() else {
        return Some(0);
    };
    let Some(latest) = rules.chains(programme, zones, units).pop() else {
        return Some(0);
    };
    let breaks_at = rules.breaks_at(programme, zones, latest, slot.end);
    let broken = !slot.stands() && breaks_at.is_some_and(|at| at <= now);
    Some(if broken { 0 } else { latest.length })
}
