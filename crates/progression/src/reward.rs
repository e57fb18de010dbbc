//! What completions and levels give: points at once, grants by request.

use programme::model::{Grant, PointsIx, RewardIx, RewardKind};
use types::MicroPoints;

use crate::effect::{Because, Effect, GrantStatus, Granted, Prize};
use crate::slot::{Fate, Given};
use crate::step::Step;

/// Gives one item; `number` says how many of a reward the occasion has given, this one included.
pub(crate) fn give(
    step: &mut Step<'_>,
    item: Grant,
    because: Because,
    number: impl FnOnce(RewardIx) -> u32,
) -> Option<Given> {
    match item {
        Grant::Points { points, fixed } => give_points(step, points, fixed, because),
        Grant::Reward(reward) => match step.programme.rewards.get(usize::from(reward.0))?.kind {
            RewardKind::Points { points, fixed } => give_points(step, points, fixed, because),
            RewardKind::Bonus { .. } | RewardKind::Code { .. } => {
                let number = number(reward);
                let grant = Granted {
                    reward,
                    because,
                    number,
                };
                step.grant(grant, GrantStatus::Requested);
                Some(Given::Grant(reward, number))
            }
        },
    }
}

/// Offers one item, to be claimed.
pub(crate) fn offer(
    step: &mut Step<'_>,
    item: Grant,
    because: Because,
    fate: &mut Fate,
) -> Option<Given> {
    let (points, amount) = match item {
        Grant::Points { points, fixed } => (points, fixed),
        Grant::Reward(reward) => match step.programme.rewards.get(usize::from(reward.0))?.kind {
            RewardKind::Points { points, fixed } => (points, fixed),
            RewardKind::Bonus { .. } | RewardKind::Code { .. } => {
                let number = fate.number(reward);
                let grant = Granted {
                    reward,
                    because,
                    number,
                };
                step.grant(grant, GrantStatus::Offered);
                return Some(Given::Grant(reward, number));
            }
        },
    };
    if amount <= MicroPoints::ZERO {
        return None;
    }
    let number = fate.prize_number(points);
    step.effects.push(Effect::PrizeOffered(Prize {
        points,
        amount,
        because,
        number,
    }));
    Some(Given::Prize(points, amount, number))
}

/// Rewards are not weighted, boosted or capped.
fn give_points(
    step: &mut Step<'_>,
    points: PointsIx,
    fixed: MicroPoints,
    because: Because,
) -> Option<Given> {
    if fixed <= MicroPoints::ZERO {
        return None;
    }
    let n = step.give(points, fixed, because, None)?;
    Some(Given::Points(points, fixed, n))
}
