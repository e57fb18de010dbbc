//! Tiers and rewards.

use types::MicroPoints;

use super::{Duration, PeriodKind, PointsIx};

/// Index of a tier set in a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierSetIx(pub u16);

/// Index of a reward in a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RewardIx(pub u16);

/// Levels by points.
#[derive(Clone, Debug)]
pub struct TierSet {
    /// Its id.
    pub id: Box<str>,
    /// The id that it had in an earlier version, where this one says so.
    pub was: Option<Box<str>>,
    /// The first id that it ever had: its own, where it never had another. What has to stay what it is goes by this one.
    pub first_id: Box<str>,
    /// The points that qualify.
    pub by: PointsIx,
    /// Over which time they count.
    pub qualify: Qualify,
    /// How far a player falls at the end of a period.
    pub downgrade: Downgrade,
    /// How long after the period's end.
    pub grace: Duration,
    /// What a reversal does to the level.
    pub on_reversal: TierReversal,
    /// Levels by rising threshold; the first is at 0.
    pub levels: Vec<Level>,
}

/// One level.
#[derive(Clone, Debug)]
pub struct Level {
    /// Its id.
    pub id: Box<str>,
    /// The id that it had in an earlier version, where this one says so.
    pub was: Option<Box<str>>,
    /// The first id that it ever had: its own, where it never had another. What has to stay what it is goes by this one.
    pub first_id: Box<str>,
    /// Reached at so many points.
    pub at: MicroPoints,
    /// What reaching it gives, once in a player's life.
    pub reward: Vec<Grant>,
}

/// Over which time qualifying points count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualify {
    /// All of them, for ever.
    Lifetime,
    /// Those of a month, quarter or year.
    Calendar(PeriodKind),
    /// Those of the last so much time.
    Rolling {
        /// Above zero.
        length: Duration,
    },
}

/// How far a player falls at the end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// Not at all.
    Never,
    /// One level.
    OneStep,
    /// To what the period earned.
    ToBalance,
}

/// What a reversal does to the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierReversal {
    /// It falls at once.
    Demote,
    /// It stays.
    Keep,
}

/// One thing that a completion or a level gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Points, written in place.
    Points {
        /// Which.
        points: PointsIx,
        /// How many.
        fixed: MicroPoints,
    },
    /// A reward of the programme.
    Reward(RewardIx),
}

/// Something a player can be given.
#[derive(Clone, Debug)]
pub struct Reward {
    /// Its id.
    pub id: Box<str>,
    /// The id that it had in an earlier version, where this one says so.
    pub was: Option<Box<str>>,
    /// The first id that it ever had: its own, where it never had another. What has to stay what it is goes by this one.
    pub first_id: Box<str>,
    /// What it is.
    pub kind: RewardKind,
    /// How many there are for all players.
    pub stock: Option<u64>,
    /// How long a granted one is good for.
    pub expires: Option<Duration>,
}

/// What a reward is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewardKind {
    /// Something the operator's bonus engine gives.
    Bonus {
        /// The operator's own id of it.
        template: Box<str>,
    },
    /// A code from a pool.
    Code {
        /// The operator's own id of the pool.
        template: Box<str>,
    },
    /// Points.
    Points {
        /// Which.
        points: PointsIx,
        /// How many.
        fixed: MicroPoints,
    },
}
