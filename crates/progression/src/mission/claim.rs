//! Rewards that wait for the player: offered, claimed, lapsed.
//!
//! A period whose offer is open stays in memory: claims and lapses need nothing older.

use programme::model::{Mission, MissionIx, PeriodKind, Programme};
use types::Timestamp;

use super::{because, fate, find};
use crate::effect::{Effect, GrantStatus, Granted, Prize, RevokeReason};
use crate::period::Period;
use crate::slot::{Fate, Given, Offer};
use crate::state::{MissionState, State};
use crate::step::Step;
use crate::stock::Stock;

/// The most offers of a mission that wait for a player: a year of days. Their periods stay in memory.
const OFFERS_MAX: usize = 366;

/// Whether so many offers wait that no further one is made.
pub(super) fn is_full(state: &MissionState) -> bool {
    let waiting = state.slots.iter().filter(|slot| slot.is_offered());
    waiting.count() >= OFFERS_MAX
}

/// The offer that a completion makes now; none where there is nothing to give, or nothing to claim.
pub(super) fn opened(step: &Step<'_>, mission: &Mission, fate: &Fate) -> Offer {
    let Some(claim) = mission.claim.filter(|_| !fate.given.is_empty()) else {
        return Offer::None;
    };
    let (zones, now) = (&step.state.zones, step.now);
    let until = |within| zones.later(step.programme, PeriodKind::Day, now, within);
    Offer::Open {
        entry: step.state.tail.next_number(),
        until: claim.within.map(until),
    }
}

/// The open offer that is meant: of this mission and period, where they are said; of several the oldest.
pub(crate) fn open(
    state: &State,
    mission: Option<MissionIx>,
    period: Option<&str>,
) -> Option<(MissionIx, Period)> {
    let missions = state.missions.all_whole();
    let meant = missions.filter(|(ix, _)| mission.is_none_or(|mission| mission == *ix));
    let slots = meant.flat_map(|(ix, kept)| kept.slots.iter().map(move |slot| (ix, slot)));
    let offers = slots.filter_map(|(ix, slot)| match slot.fate.as_ref()?.offer {
        Offer::Open { entry, .. } => Some((entry, ix, slot.period)),
        _ => None,
    });
    offers
        .filter(|(.., of)| period.is_none_or(|period| of.to_string() == *period))
        .min()
        .map(|(_, ix, period)| (ix, period))
}

/// The player collects what is offered.
pub(crate) fn claim(step: &mut Step<'_>, ix: MissionIx, period: Period, occurred_at: Timestamp) {
    let recorded_at = step.now;
    let Some(mut fate) = find(step, ix, period).and_then(|slot| slot.fate.take()) else {
        return;
    };
    fate.offer = Offer::Claimed {
        occurred_at,
        recorded_at,
    };
    for given in &mut fate.given {
        match *given {
            Given::Grant(reward, number) => {
                let grant = Granted {
                    reward,
                    because: because(ix, period),
                    number,
                };
                step.effects.push(Effect::Claimed(grant));
                step.show(grant, Some(GrantStatus::Claimed));
            }
            Given::Prize(points, amount, number) => {
                let because = because(ix, period);
                step.effects.push(Effect::PrizeClaimed(Prize {
                    points,
                    amount,
                    because,
                    number,
                }));
                if let Some(n) = step.give(points, amount, because, None) {
                    *given = Given::Points(points, amount, n);
                }
            }
            Given::Points(..) => {}
        }
    }
    put_back(step, ix, period, fate);
}

/// Whether offers of a mission may lapse: now, or those that an earlier version made.
pub(crate) fn may_lapse(programme: &Programme, mission: &Mission) -> bool {
    let lapses = |mission: &Mission| mission.claim.is_some_and(|claim| claim.within.is_some());
    let earlier = programme.earlier.iter();
    let mut earlier = earlier.filter_map(|it| it.same_mission(mission));
    lapses(mission) || earlier.any(lapses)
}

/// When the next offer of a mission lapses, and of which period.
pub(crate) fn due(state: &State, ix: MissionIx) -> Option<(Timestamp, Period)> {
    let slots = state.missions.whole(ix)?.slots.iter();
    let lapses = slots.filter_map(|slot| match slot.fate.as_ref()?.offer {
        Offer::Open { until, .. } => Some((until?, slot.period)),
        _ => None,
    });
    lapses.min()
}

/// An offer lapses; the completion stands.
pub(crate) fn lapse(step: &mut Step<'_>, ix: MissionIx, period: Period) {
    let Some(mut fate) = find(step, ix, period).and_then(|slot| slot.fate.take()) else {
        return;
    };
    fate.offer = Offer::Lapsed;
    for given in std::mem::take(&mut fate.given) {
        revoke(step, ix, period, given, RevokeReason::ClaimExpired);
    }
    put_back(step, ix, period, fate);
    // The completion stands, and with it its share of the limit.
    fate::give_back(step, ix, period, |stock| matches!(stock, Stock::Reward(_)));
}

/// Takes back what was granted or offered.
pub(super) fn revoke(
    step: &mut Step<'_>,
    ix: MissionIx,
    period: Period,
    given: Given,
    reason: RevokeReason,
) {
    let because = because(ix, period);
    match given {
        Given::Grant(reward, number) => {
            let grant = Granted {
                reward,
                because,
                number,
            };
            step.revoke(grant, reason);
        }
        Given::Prize(points, amount, number) => {
            let prize = Prize {
                points,
                amount,
                because,
                number,
            };
            step.effects.push(Effect::PrizeRevoked { prize, reason });
        }
        Given::Points(..) => {}
    }
}

fn put_back(step: &mut Step<'_>, ix: MissionIx, period: Period, fate: Box<Fate>) {
    if let Some(slot) = find(step, ix, period) {
        slot.fate = Some(fate);
    }
}
