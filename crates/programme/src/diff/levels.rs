//! Tier sets, their levels, and rewards, laid out.

use super::layout::Thing;
use super::words::{NONE, grants, maybe, period, points};
use crate::model::{
    Downgrade, Level, Programme, Qualify, Reward, RewardKind, TierReversal, TierSet,
};

pub(super) const LEVEL: &str = "level";

pub(super) fn set(programme: &Programme, set: &TierSet) -> Thing {
    let TierSet {
        id,
        was: _,
        first_id: _,
        by,
        qualify,
        downgrade,
        grace,
        on_reversal,
        // Things of their own.
        levels: _,
    } = set;
    let over = match *qualify {
        Qualify::Lifetime => "lifetime".to_owned(),
        Qualify::Calendar(kind) => period(kind).to_owned(),
        Qualify::Rolling { length } => format!("rolling {length}"),
    };
    let downgrade = match downgrade {
        Downgrade::Never => "never",
        Downgrade::OneStep => "one_step",
        Downgrade::ToBalance => "to_balance",
    };
    let on_reversal = match on_reversal {
        TierReversal::Demote => "demote",
        TierReversal::Keep => "keep",
    };
    let mut thing = Thing::new(id);
    thing
        .says("by", points(programme, *by), NONE)
        .says("qualify over", over, "lifetime")
        .says("downgrade", downgrade, "never")
        .says("grace", grace.to_string(), "0")
        .says("on_reversal", on_reversal, "demote");
    thing
}

/// The levels of every tier set: `set/level`.
pub(super) fn all(programme: &Programme) -> Vec<Thing> {
    let sets = programme.tiers.iter();
    sets.flat_map(|set| set.levels.iter().map(|it| level(programme, set, it)))
        .collect()
}

fn level(programme: &Programme, set: &TierSet, level: &Level) -> Thing {
    let Level {
        id,
        was: _,
        first_id: _,
        at,
        reward,
    } = level;
    let mut thing = Thing::new(&format!("{}/{id}", set.id));
    thing
        .says("at", at.to_string(), NONE)
        .says("reward", grants(programme, reward), NONE);
    thing
}

pub(super) fn reward(programme: &Programme, reward: &Reward) -> Thing {
    let Reward {
        id,
        was: _,
        first_id: _,
        kind,
        stock,
        expires,
    } = reward;
    let (kind, field, value) = match kind {
        RewardKind::Bonus { template } => ("bonus", "template", template.to_string()),
        RewardKind::Code { template } => ("code", "template", template.to_string()),
        RewardKind::Points { points: of, fixed } => {
            let of = points(programme, *of);
            ("points", "give", format!("{fixed} {of}"))
        }
    };
    let mut thing = Thing::new(id);
    thing
        .says("kind", kind, NONE)
        .says(field, value, NONE)
        .says("stock", maybe(*stock), NONE)
        .says("expires", maybe(*expires), NONE);
    thing
}
