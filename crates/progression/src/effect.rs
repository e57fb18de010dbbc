//! What a step decides: movements of points, completions, grants, level changes. Indexes, no names.

mod codec;

use programme::model::{MissionIx, PointsIx, RewardIx, RuleIx, TierSetIx};
use smallvec::SmallVec;
use types::{Decimal, Event, MicroPoints, Timestamp};

use crate::period::Period;
use crate::stock::Told;

/// One decided fact, in the order in which it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Points given.
    Earned(Movement),
    /// Points taken back.
    Reversed(Movement),
    /// A mission reached its goal.
    Completed {
        /// Which.
        mission: MissionIx,
        /// In which period.
        period: Period,
        /// The n-th completion of that period.
        n: u32,
    },
    /// A completion no longer stands.
    Reopened {
        /// Which.
        mission: MissionIx,
        /// In which period.
        period: Period,
        /// The n-th reopening of that period.
        n: u32,
    },
    /// A streak ended before it was long enough.
    StreakBroken {
        /// Of which mission.
        mission: MissionIx,
        /// In which period.
        period: Period,
        /// How many active days or weeks it had.
        length: u32,
        /// The n-th of that period.
        n: u32,
    },
    /// A reward on its way to the player.
    Offered {
        /// What is given.
        grant: Granted,
        /// How far it is.
        status: GrantStatus,
    },
    /// Points that wait for the player's claim.
    PrizeOffered(Prize),
    /// Points that were offered, taken back.
    PrizeRevoked {
        /// Which.
        prize: Prize,
        /// Why they are taken back.
        reason: RevokeReason,
    },
    /// The player collected a reward.
    Claimed(Granted),
    /// The player collected points.
    PrizeClaimed(Prize),
    /// A reward taken back.
    Revoked {
        /// What was given.
        grant: Granted,
        /// Why it is taken back.
        reason: RevokeReason,
    },
    /// Points spent. Nothing is sent: who spent them knows.
    Spent {
        /// Which points.
        points: PointsIx,
        /// How many.
        amount: MicroPoints,
        /// The hold that they were in.
        hold: Option<Box<str>>,
    },
    /// Points set aside. Nothing is sent.
    Held {
        /// Which points.
        points: PointsIx,
        /// How many.
        amount: MicroPoints,
        /// The hold's id.
        hold: Box<str>,
        /// When it is over.
        until: Timestamp,
    },
    /// A hold that ended without being spent. Nothing is sent.
    Released {
        /// Which points.
        points: PointsIx,
        /// How many it held.
        amount: MicroPoints,
        /// The hold's id.
        hold: Box<str>,
        /// Its time was over.
        lapsed: bool,
    },
    /// Points whose time was over.
    Expired {
        /// Which points.
        points: PointsIx,
        /// How many.
        amount: MicroPoints,
        /// The n-th time that these points expire.
        n: u64,
        /// How many of which credit: the n of the movement that gave them, 0 by hand.
        lots: Vec<(u64, MicroPoints)>,
    },
    /// Points given or, below zero, taken by hand. Nothing is sent.
    Adjusted {
        /// Which points.
        points: PointsIx,
        /// How many.
        amount: MicroPoints,
        /// Why, by who did it.
        reason: Option<Box<str>>,
    },
    /// Something told to another entity. Nothing is sent to the outside.
    Told(Told),
    /// Who the player was is forgotten.
    Erased,
    /// Another level.
    TierChanged {
        /// In which set.
        tier: TierSetIx,
        /// From this level
        from: u16,
        /// to this one.
        to: u16,
        /// Why.
        reason: TierReason,
        /// The n-th change in that set.
        n: u64,
    },
}

/// A movement in the ledger. The amount is above zero; whether it is given or taken back is the effect's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Which points.
    pub points: PointsIx,
    /// How many.
    pub amount: MicroPoints,
    /// What they are for.
    pub because: Because,
    /// The n-th emission of this type for these points.
    pub n: u64,
    /// How a rule came to the amount.
    pub working: Option<Working>,
}

/// What points are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// An earn rule.
    Rule(RuleIx),
    /// A completion.
    Mission(MissionIx, Period),
    /// A level.
    Level(TierSetIx, u16),
}

impl Because {
    /// A rule that the programme has no more.
    pub(crate) const NO_RULE: Self = Self::Rule(RuleIx(u16::MAX));
}

/// The factors that a rule used, as they were at the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Working {
    /// Share that counted, in hundred-millionths (game share × funds share).
    pub weight_e8: u32,
    /// The combined boost.
    pub boost: Decimal,
    /// Rate into the programme's currency.
    pub rate: Decimal,
    /// Cap periods whose room the amount used.
    pub charged: SmallVec<[Period; 2]>,
}

/// One grant: its id is reward `/` occasion `/` number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The reward.
    pub reward: RewardIx,
    /// What it is for: a completion or a level.
    pub because: Because,
    /// How many of this reward this occasion has given so far, from 1.
    pub number: u32,
}

/// Points on offer, with an id as a grant's: the points' name stands for the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prize {
    /// Which points.
    pub points: PointsIx,
    /// How many.
    pub amount: MicroPoints,
    /// What they are for.
    pub because: Because,
    /// How many offers of these points this occasion has made so far, from 1.
    pub number: u32,
}

/// How far an offered grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantStatus {
    /// Credited at once: the bonus engine is asked for it.
    Requested,
    /// Waits for the player's claim.
    Offered,
    /// The player has claimed it.
    Claimed,
}

/// Why a grant is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeReason {
    /// What it was given for was reversed.
    Reversal,
    /// It was not claimed in time.
    ClaimExpired,
}

/// Why a level changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierReason {
    /// Points earned.
    Earned,
    /// Points taken back.
    Reversal,
    /// A qualification period ended.
    PeriodEnd,
}

impl Effect {
    /// The emission type that it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Earned(_) => "points_earned",
            Self::Reversed(_) => "points_reversed",
            Self::Completed { .. } => "mission_completed",
            Self::Reopened { .. } => "mission_reopened",
            Self::StreakBroken { .. } => "streak_broken",
            Self::Offered { .. } | Self::PrizeOffered(_) => "grant_offered",
            Self::Claimed(_) | Self::PrizeClaimed(_) => "grant_claimed",
            Self::Revoked { .. } | Self::PrizeRevoked { .. } => "grant_revoked",
            Self::TierChanged { .. } => "tier_changed",
            Self::Spent { .. } => "points_spent",
            Self::Adjusted { .. } => "points_adjusted",
            Self::Held { .. } => "points_held",
            Self::Released { .. } => "hold_released",
            Self::Expired { .. } => "points_expired",
            Self::Erased => Event::ERASED,
            Self::Told(told) => told.kind(),
        }
    }

    /// Whether it is an emission; what is not stands in the journal only.
    pub const fn is_sent(&self) -> bool {
        !matches!(
            self,
            Self::Spent { .. }
                | Self::Adjusted { .. }
                | Self::Held { .. }
                | Self::Released { .. }
                | Self::Told(_)
        )
    }
}

impl GrantStatus {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Offered => "offered",
            Self::Claimed => "claimed",
        }
    }
}

impl RevokeReason {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reversal => "reversal",
            Self::ClaimExpired => "claim_expired",
        }
    }
}

impl TierReason {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::Reversal => "reversal",
            Self::PeriodEnd => "period_end",
        }
    }
}
