//! What one programme gave, counted from what was decided under it.

use std::collections::BTreeMap;

use programme::model::Programme;
use progression::{Decision, Effect, Outcome};
use types::MicroPoints;

use super::costs::Costs;

/// Sums over players, each list in the programme's file order.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(super) missions: Vec<Net>,
    pub(super) points: Vec<Flow>,
    pub(super) rewards: Vec<Net>,
    pub(super) tiers: Vec<Moves>,
    /// What events asked for and was not done, by code.
    pub(super) refused: BTreeMap<&'static str, u64>,
    /// Millionths of the currency.
    pub(super) cost: i128,
}

/// How often something was given, and taken back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Net {
    pub(super) given: u64,
    pub(super) taken_back: u64,
}

/// Movements of one kind of points.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    pub(super) given: MicroPoints,
    pub(super) taken_back: MicroPoints,
    pub(super) expired: MicroPoints,
}

/// Changes of level in one tier set, and where players stand in the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    pub(super) up: u64,
    pub(super) down: u64,
    /// Players on each level.
    pub(super) levels: Vec<u64>,
}

/// What one programme gave to one player, less what it took back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gain {
    /// In the programme's file order.
    pub(super) points: Vec<MicroPoints>,
    pub(super) completions: i64,
    /// Millionths of the currency.
    pub(super) cost: i128,
}

impl Tally {
    /// Of nothing decided yet.
    pub(super) fn new(programme: &Programme) -> Self {
        let levels = |set: &programme::model::TierSet| Moves {
            levels: vec![0; set.levels.len()],
            ..Moves::default()
        };
        Self {
            missions: vec![Net::default(); programme.missions.len()],
            points: vec![Flow::default(); programme.points.len()],
            rewards: vec![Net::default(); programme.rewards.len()],
            tiers: programme.tiers.iter().map(levels).collect(),
            refused: BTreeMap::new(),
            cost: 0,
        }
    }

    /// Counts a decision of the programme for all, and for its player.
    pub(super) fn count(&mut self, costs: &Costs, decision: &Decision, gain: &mut Gain) {
        if let Outcome::Refused(refusal) = decision.outcome {
            *self.refused.entry(refusal.code()).or_default() += 1;
        }
        let cost = gain.cost;
        for effect in decision.written.iter().flat_map(|entry| &entry.effects) {
            self.effect(costs, effect, gain);
        }
        self.cost = self.cost.saturating_add(gain.cost - cost);
    }

    fn effect(&mut self, costs: &Costs, effect: &Effect, gain: &mut Gain) {
        match effect {
            Effect::Earned(it) => {
                self.points[usize::from(it.points.0)].given += it.amount;
                gain.earn(it.points.0, it.amount);
                gain.cost += costs.of_points(it.points.0, it.amount);
            }
            Effect::Reversed(it) => {
                self.points[usize::from(it.points.0)].taken_back += it.amount;
                gain.earn(it.points.0, -it.amount);
                gain.cost -= costs.of_points(it.points.0, it.amount);
            }
            Effect::Expired { points, amount, .. } => {
                self.points[usize::from(points.0)].expired += *amount;
                gain.cost -= costs.of_points(points.0, *amount);
            }
            Effect::Completed { mission, .. } => {
                self.missions[usize::from(mission.0)].given += 1;
                gain.completions += 1;
            }
            Effect::Reopened { mission, .. } => {
                self.missions[usize::from(mission.0)].taken_back += 1;
                gain.completions -= 1;
            }
            Effect::Offered { grant, .. } => {
                self.rewards[usize::from(grant.reward.0)].given += 1;
                gain.cost += costs.of_reward(grant.reward.0);
            }
            Effect::Revoked { grant, .. } => {
                self.rewards[usize::from(grant.reward.0)].taken_back += 1;
                gain.cost -= costs.of_reward(grant.reward.0);
            }
            Effect::TierChanged { tier, from, to, .. } => {
                let moves = &mut self.tiers[usize::from(tier.0)];
                match to > from {
                    true => moves.up += 1,
                    false => moves.down += 1,
                }
            }
            // Points on offer count once they are claimed and earned; spending and corrections are no doing of the programme.
            Effect::PrizeOffered(_)
            | Effect::PrizeRevoked { .. }
            | Effect::PrizeClaimed(_)
            | Effect::Claimed(_)
            | Effect::StreakBroken { .. }
            | Effect::Spent { .. }
            | Effect::Held { .. }
            | Effect::Released { .. }
            | Effect::Adjusted { .. }
            | Effect::Told(_)
            | Effect::Erased => {}
        }
    }

    /// Counts a player where he stands in the end.
    pub(super) fn stands(&mut self, levels: impl Iterator<Item = u16>) {
        for (moves, level) in self.tiers.iter_mut().zip(levels) {
            if let Some(players) = moves.levels.get_mut(usize::from(level)) {
                *players += 1;
            }
        }
    }

    /// Adds what another worker has counted of the same programme.
    pub(super) fn add(&mut self, other: &Self) {
        let nets = self.missions.iter_mut().chain(&mut self.rewards);
        for (net, more) in nets.zip(other.missions.iter().chain(&other.rewards)) {
            net.given += more.given;
            net.taken_back += more.taken_back;
        }
        for (flow, more) in self.points.iter_mut().zip(&other.points) {
            flow.given += more.given;
            flow.taken_back += more.taken_back;
            flow.expired += more.expired;
        }
        for (moves, more) in self.tiers.iter_mut().zip(&other.tiers) {
            moves.up += more.up;
            moves.down += more.down;
            let levels = moves.levels.iter_mut().zip(&more.levels);
            levels.for_each(|(level, more)| *level += more);
        }
        for (code, more) in &other.refused {
            *self.refused.entry(code).or_default() += more;
        }
        self.cost = self.cost.saturating_add(other.cost);
    }
}

impl Gain {
    fn earn(&mut self, points: u16, amount: MicroPoints) {
        let at = usize::from(points);
        if self.points.len() <= at {
            self.points.resize(at + 1, MicroPoints::ZERO);
        }
        self.points[at] += amount;
    }

    pub(super) fn points(&self, at: usize) -> MicroPoints {
        self.points.get(at).copied().unwrap_or_default()
    }
}

impl Net {
    pub(super) fn stands(self) -> i128 {
        i128::from(self.given) - i128::from(self.taken_back)
    }
}
