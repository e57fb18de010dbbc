//! Points, earn rules, caps, boosts and weights.

use types::{Decimal, MicroPoints, Timestamp};

use super::mission::AmountOf;
use super::{CapPeriod, Duration, EventTypeIx, Predicate};

/// Index of a kind of points in a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointsIx(pub u16);

/// Index of an earn rule in a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIx(pub u16);

/// A kind of points.
#[derive(Clone, Debug)]
pub struct Points {
    /// Its id.
    pub id: Box<str>,
    /// The id that it had in an earlier version, where this one says so.
    pub was: Option<Box<str>>,
    /// The first id that it ever had: its own, where it never had another. What has to stay what it is goes by this one.
    pub first_id: Box<str>,
    /// Whether it can be spent.
    pub kind: PointsKind,
    /// Caps over everything that earn rules give of it.
    pub caps: Vec<Cap>,
}

/// Whether points can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointsKind {
    /// Never spent: qualifying points, experience.
    Status,
    /// Locked while pending, then spendable, then gone.
    Spendable {
        /// How long they are locked.
        pending: Option<Duration>,
        /// How long after they were recorded they expire.
        expires: Option<Duration>,
    },
}

/// The most that may be granted (minus what was reversed) in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The most.
    pub points: MicroPoints,
    /// In which period.
    pub per: CapPeriod,
}

/// Points for an event.
#[derive(Debug)]
pub struct EarnRule {
    /// Its id.
    pub id: Box<str>,
    /// The id that it had in an earlier version, where this one says so.
    pub was: Option<Box<str>>,
    /// The first id that it ever had: its own, where it never had another. What has to stay what it is goes by this one.
    pub first_id: Box<str>,
    /// On which event type.
    pub on: EventTypeIx,
    /// Only where this holds.
    pub when: Option<Predicate>,
    /// Which points.
    pub points: PointsIx,
    /// How many.
    pub give: Give,
    /// This rule's own caps.
    pub caps: Vec<Cap>,
    /// The boosts that may multiply it, in file order: indexes into the programme's `boosts`.
    pub boosts: Vec<u16>,
}

/// How many points an event gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Give {
    /// `amount × rate ÷ per`, the amount in the programme's currency.
    Rate {
        /// Points for each `per`.
        rate: Decimal,
        /// Above zero.
        per: Decimal,
        /// What is counted: the event's amount, or a numeric attribute (its path below `attributes`).
        of: AmountOf,
    },
    /// So many, whatever the amount.
    Fixed(MicroPoints),
}

/// A temporary multiplier, chosen by occurrence time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boost {
    /// Its id.
    pub id: Box<str>,
    /// From this instant,
    pub from: Timestamp,
    /// until before this one.
    pub until: Timestamp,
    /// The multiplier, above zero.
    pub multiply: Decimal,
}

/// How boosts that apply to one event combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stacking {
    /// The operation.
    pub how: StackingHow,
    /// The combined multiplier is at most this.
    pub ceiling: Option<Decimal>,
}

/// The operation by which boosts combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackingHow {
    /// The product.
    Multiply,
    /// `1 + Σ (m − 1)`.
    Add,
    /// The largest.
    Highest,
}

/// Shares of a stake that count, in hundredths of a percent (10,000 = all of it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Where no other share fits.
    pub default_bp: u32,
    /// By game, sorted by name.
    pub game_bp: Vec<(Box<str>, u32)>,
    /// By provider, sorted by name.
    pub provider_bp: Vec<(Box<str>, u32)>,
    /// By category, sorted by name.
    pub category_bp: Vec<(Box<str>, u32)>,
    /// Of bonus funds, on top of the share above.
    pub bonus_funds_bp: u32,
    /// Of free stakes, on top of the share above.
    pub free_funds_bp: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            default_bp: 10_000,
            game_bp: Vec::new(),
            provider_bp: Vec::new(),
            category_bp: Vec::new(),
            bonus_funds_bp: 0,
            free_funds_bp: 0,
        }
    }
}
