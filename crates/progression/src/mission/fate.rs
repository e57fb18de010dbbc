//! Completions and reopenings.

use programme::model::{Mission, MissionIx};
use types::{MicroPoints, Timestamp};

use super::{archive, because, claim, find, start, trace};
use crate::derived;
use crate::effect::{Effect, RevokeReason};
use crate::period::Period;
use crate::reward;
use crate::slot::{Fate, Given, Offer};
use crate::step::{Origin, Step};
use crate::stock::{Stock, Told, Unit};

/// Standing completions whose times are kept, where other missions wait for them: the earliest.
const UNLOCKS_MAX: usize = 16;

/// A completion stands, and gives its reward: of what there are only so many, as many as there are units for it.
pub(crate) fn complete<'p>(
    step: &mut Step<'p>,
    ix: MissionIx,
    mission: &'p Mission,
    period: Period,
    occurred_at: Timestamp,
    mut units: Vec<Unit>,
) {
    let awaited = derived::natures(step.programme)[usize::from(ix.0)].is_awaited;
    let Some(state) = step.state.missions.get_mut(ix) else {
        return;
    };
    let Some(slot) = state.slot_mut(period) else {
        return;
    };
    let (_, rules) = slot.rules(step.programme, mission);
    let mut fate = slot.fate.take().unwrap_or_default();
    fate.standing = true;
    fate.completions += 1;
    fate.occurred_at = occurred_at;
    fate.recorded_at = step.now;
    fate.given.clear();
    state.standing += 1;
    if awaited {
        let unlocks = &mut state.course.get_or_insert_default().unlocks;
        let at = unlocks.partition_point(|since| *since <= occurred_at);
        unlocks.insert(at, occurred_at);
        unlocks.truncate(UNLOCKS_MAX);
    }
    step.effects.push(Effect::Completed {
        mission: ix,
        period,
        n: fate.completions,
    });
    let because = because(ix, period);
    let limit = units.iter().find(|it| it.stock == Stock::Completions(ix));
    let mut held: Vec<(Stock, u32)> = Vec::new();
    held.extend(limit.map(|unit| (unit.stock, unit.n)));
    units.retain(|unit| unit.stock != Stock::Completions(ix));
    for item in &mission.reward {
        if let Some(reward) = step.programme.stock_of(*item) {
            let unit = units
                .iter()
                .position(|it| it.stock == Stock::Reward(reward));
            let Some(unit) = unit.map(|at| units.remove(at)) else {
                continue;
            };
            held.push((unit.stock, unit.n));
        }
        let given = match &mission.claim {
            Some(_) => reward::offer(step, *item, because, &mut fate),
            None => reward::give(step, *item, because, |reward| fate.number(reward)),
        };
        fate.given.extend(given);
    }
    fate.offer = claim::opened(step, mission, &fate);
    put_back(step, ix, period, fate);
    if let Some(slot) = find(step, ix, period)
        && !held.is_empty()
    {
        slot.units.get_or_insert_default().held = held;
    }
    // Another version of the programme gives less than was asked for.
    for unit in units {
        step.tell(Told::Returned(unit));
    }
    trace::close(step, ix, rules, period);
    if awaited {
        start::unlocked_by(step, ix);
    }
}

/// A completion does not stand any more; what it gave is taken back.
pub(super) fn reopen(step: &mut Step<'_>, ix: MissionIx, period: Period) {
    let Some(mut fate) = find(step, ix, period).and_then(|slot| slot.fate.take()) else {
        return;
    };
    fate.standing = false;
    fate.reopenings += 1;
    if let Some(state) = step.state.missions.get_mut(ix) {
        state.standing = state.standing.saturating_sub(1);
        if let Some(course) = &mut state.course {
            let unlock = course.unlocks.iter().position(|at| *at == fate.occurred_at);
            unlock.map(|at| course.unlocks.remove(at));
        }
    }
    step.effects.push(Effect::Reopened {
        mission: ix,
        period,
        n: fate.reopenings,
    });
    let origin = Origin {
        occurred_at: fate.occurred_at,
        recorded_at: fate.recorded_at,
    };
    let origin = match std::mem::take(&mut fate.offer) {
        Offer::Claimed {
            occurred_at,
            recorded_at,
        } => Origin {
            occurred_at,
            recorded_at,
        },
        _ => origin,
    };
    for given in std::mem::take(&mut fate.given) {
        match given {
            Given::Grant(..) | Given::Prize(..) => {
                claim::revoke(step, ix, period, given, RevokeReason::Reversal);
            }
            Given::Points(points, amount, n) => {
                let left = amount - archive::expired(&step.expired, points, n);
                if left > MicroPoints::ZERO {
                    step.as_of(origin, |step| {
                        step.take_of(points, left, because(ix, period), n);
                    });
                }
            }
        }
    }
    put_back(step, ix, period, fate);
    give_back(step, ix, period, |_| true);
    let mission = &step.programme.missions[usize::from(ix.0)];
    trace::free(step, ix, mission, period);
}

/// Gives units back that a completion holds.
pub(super) fn give_back(
    step: &mut Step<'_>,
    ix: MissionIx,
    period: Period,
    which: impl Fn(Stock) -> bool,
) {
    let units = find(step, ix, period).and_then(|slot| slot.units.as_mut());
    let Some(units) = units else { return };
    let (back, held): (Vec<_>, Vec<_>) = std::mem::take(&mut units.held)
        .into_iter()
        .partition(|(stock, _)| which(*stock));
    units.held = held;
    let because = because(ix, period);
    for (stock, n) in back {
        step.tell(Told::Returned(Unit { stock, because, n }));
    }
}

fn put_back(step: &mut Step<'_>, ix: MissionIx, period: Period, fate: Box<Fate>) {
    if let Some(slot) = find(step, ix, period) {
        slot.fate = Some(fate);
    }
}
