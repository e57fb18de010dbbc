//! Tiers: the level follows what was credited, in the same step.

use programme::model::{Qualify, TierReversal, TierSet, TierSetIx};
use types::MicroPoints;

use crate::effect::{Because, Effect, TierReason};
use crate::reward;
use crate::step::Step;

/// Judges the sets in file order, a pass at a time, until a pass changes nothing: a level's reward may lift another set.
pub(crate) fn judge(step: &mut Step<'_>) {
    let programme = step.programme;
    // A pass changes something only by points that moved.
    let moved = |effect: &Effect| {
        matches!(
            effect,
            Effect::Earned(_) | Effect::Reversed(_) | Effect::Adjusted { .. }
        )
    };
    if !step.effects.iter().any(moved) {
        return;
    }
    loop {
        let mut changed = false;
        for (ix, set) in (0..).map(TierSetIx).zip(&programme.tiers) {
            changed |= judge_set(step, ix, set);
        }
        if !changed {
            return;
        }
    }
}

fn judge_set(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet) -> bool {
    if set.qualify != Qualify::Lifetime {
        return false;
    }
    let by = usize::from(set.by.0);
    let credits = step
        .state
        .points
        .get(by)
        .map_or(MicroPoints::ZERO, |it| it.credits);
    let earned = level(set, credits);
    let Some(tier) = step.state.tier(ix) else {
        return false;
    };
    match earned.cmp(&tier.level) {
        std::cmp::Ordering::Greater => {
            change(step, ix, earned, TierReason::Earned);
            give_levels(step, ix, set, earned);
            true
        }
        std::cmp::Ordering::Less if falls(step, set) => {
            change(step, ix, earned, TierReason::Reversal);
            true
        }
        _ => false,
    }
}

/// A lifetime has no period end, so nothing but a reversal of qualifying points brings a level down.
fn falls(step: &Step<'_>, set: &TierSet) -> bool {
    let of_set = |effect: &Effect| match effect {
        Effect::Reversed(movement) => movement.points == set.by,
        Effect::Adjusted { points, amount, .. } => *points == set.by && *amount < MicroPoints::ZERO,
        _ => false,
    };
    set.on_reversal == TierReversal::Demote && step.effects.iter().any(of_set)
}

/// The highest level that so many points reach; the first below its threshold too.
fn level(set: &TierSet, credits: MicroPoints) -> u16 {
    let reached = set.levels.partition_point(|level| level.at <= credits);
    u16::try_from(reached.saturating_sub(1)).unwrap_or(u16::MAX)
}

fn change(step: &mut Step<'_>, ix: TierSetIx, to: u16, reason: TierReason) {
    let Some(tier) = step.state.tiers.get_mut(usize::from(ix.0)) else {
        return;
    };
    let from = std::mem::replace(&mut tier.level, to);
    tier.changes += 1;
    step.effects.push(Effect::TierChanged {
        tier: ix,
        from,
        to,
        reason,
        n: tier.changes,
    });
}

/// Rewards of all levels passed, once for life.
fn give_levels(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet, to: u16) {
    let Some(tier) = step.state.tiers.get_mut(usize::from(ix.0)) else {
        return;
    };
    let from = tier.highest;
    tier.highest = from.max(to);
    for number in from.saturating_add(1)..=to {
        let Some(level) = set.levels.get(usize::from(number)) else {
            return;
        };
        let because = Because::Level(ix, number);
        for (at, item) in level.reward.iter().enumerate() {
            let same = level.reward[..=at].iter().filter(|other| *other == item);
            reward::give(step, *item, because, |_| same.count() as u32);
        }
    }
}
