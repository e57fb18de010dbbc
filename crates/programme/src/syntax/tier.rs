//! Tiers and rewards, as they are written.

use super::lists::List;
use super::mission::GrantText;
use super::scalars::{Name, Number, Text, Whole};
use crate::model::{Downgrade, Duration, Qualify, TierReversal};
use crate::read::{Maybe, Must, section, words};

section! {
    /// Levels by points.
    TierText, "a tier set" {
        /// Its id.
        id: Must<Name>,
        /// The id that it had in the version before.
        was: Maybe<Name>,
        /// The points that qualify.
        by: Must<Text>,
        /// Over which time they count. Default: lifetime.
        qualify: Maybe<QualifyText>,
        /// How far a player falls at the end of a period. Default: never.
        downgrade: Maybe<Downgrade>,
        /// How long after the period's end. Default: 0.
        grace: Maybe<Duration>,
        /// What a reversal does to the level. Default: demote.
        on_reversal: Maybe<TierReversal>,
        /// Levels by rising threshold; the first is at 0.
        levels: Must<List<LevelText>>,
    }
}

section! {
    /// Over which time qualifying points count.
    QualifyText, "`qualify`" {
        /// The time.
        over: Must<Qualify>,
    }
}

section! {
    /// One level.
    LevelText, "a level" {
        /// Its id.
        id: Must<Name>,
        /// The id that it had in the version before.
        was: Maybe<Name>,
        /// Reached at so many points.
        at: Must<Number>,
        /// What reaching it gives, once in a player's life.
        reward: Maybe<List<GrantText>>,
    }
}

section! {
    /// Something a player can be given.
    RewardText, "a reward" {
        /// Its id.
        id: Must<Name>,
        /// The id that it had in the version before.
        was: Maybe<Name>,
        /// What it is.
        kind: Must<RewardWord>,
        /// The operator's own id of it: for bonus and code.
        template: Maybe<Text>,
        /// The points it is: for points.
        give: Maybe<FixedText>,
        /// How many there are for all players.
        stock: Maybe<Whole>,
        /// How long a granted one is good for.
        expires: Maybe<Duration>,
    }
}

section! {
    /// A number of points.
    FixedText, "`give`" {
        /// Which points.
        points: Must<Text>,
        /// How many.
        fixed: Must<Number>,
    }
}

/// What a reward is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RewardWord {
    Bonus,
    Code,
    Points,
}

words! { "kind of reward", RewardWord {
    "bonus" => RewardWord::Bonus,
    "code" => RewardWord::Code,
    "points" => RewardWord::Points,
}}

words! { "downgrade", Downgrade {
    "never" => Downgrade::Never,
    "one_step" => Downgrade::OneStep,
    "to_balance" => Downgrade::ToBalance,
}}

words! { "policy for reversals", TierReversal {
    "demote" => TierReversal::Demote,
    "keep" => TierReversal::Keep,
}}
