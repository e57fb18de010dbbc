//! A compiled programme: everything the core needs, resolved and checked, names turned into indexes.
//!
//! Built only by the compiler, so what a type here can say is valid: indexes point somewhere, ids are unique, thresholds rise.

mod built_in;
mod calendar;
mod catalogue;
mod earn;
mod identity;
mod kept;
mod lineage;
mod mission;
mod predicate;
mod tier;

pub(crate) use calendar::first_instant;
pub use calendar::{CapPeriod, Duration, PeriodKind};
pub use catalogue::{AttributeType, BuiltIn, EventType, EventTypeIx, EventTypes};
pub use earn::{
    Boost, Cap, EarnRule, Give, Points, PointsIx, PointsKind, RuleIx, Stacking, StackingHow,
    Weights,
};
pub use identity::UsedIds;
pub(crate) use identity::{Ids, Known};
pub use kept::Kept;
pub use lineage::GoalOf;
pub use mission::{
    AmountOf, Claim, Goal, Limit, Mission, MissionIx, OnChange, OnReversal, Start, Window,
};
pub use predicate::{Facts, Guard, PlayerFacts, Predicate, Verdict};
pub use tier::{
    Downgrade, Grant, Level, Qualify, Reward, RewardIx, RewardKind, TierReversal, TierSet,
    TierSetIx,
};

use std::sync::Arc;

use types::{BrandId, Currency, Decimal};

/// What decides about an event that comes after its period's end plus the lateness allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateEvents {
    /// It counts in the period that is current at its recorded time.
    CountNow,
    /// It is recorded and counts for no period.
    RecordOnly,
}

/// Which programme: the first 32 hex digits of SHA-256 over its source text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub Box<str>);

/// One brand's compiled programme.
#[derive(Debug)]
pub struct Programme {
    /// Its id.
    pub id: Box<str>,
    /// The brand whose programme it is.
    pub brand: BrandId,
    /// Which version.
    pub version: Version,
    /// Zone of boosts, predicates and of players without their own.
    pub timezone: jiff::tz::TimeZone,
    /// The currency into which amounts are converted.
    pub currency: Currency,
    /// Rates to `currency`, used where an event brings none.
    pub conversion: Vec<(Currency, Decimal)>,
    /// How long after its end a period still takes late events, in nanoseconds.
    pub lateness_ns: i64,
    /// What becomes of events later than that.
    pub late_events: LateEvents,
    /// Every event type that there is, built in and declared.
    pub event_types: EventTypes,
    /// Kinds of points, in file order.
    pub points: Vec<Points>,
    /// Shares of a stake that count.
    pub weights: Weights,
    /// Earn rules, in file order.
    pub rules: Vec<EarnRule>,
    /// Temporary multipliers, in file order.
    pub boosts: Vec<Boost>,
    /// How boosts that apply together combine.
    pub stacking: Stacking,
    /// Missions, in file order.
    pub missions: Vec<Mission>,
    /// Tier sets, in file order.
    pub tiers: Vec<TierSet>,
    /// Rewards, in file order.
    pub rewards: Vec<Reward>,
    /// For each event type, the earn rules on it, in file order.
    pub rules_by_type: Vec<Vec<RuleIx>>,
    /// For each event type, the missions with a goal on it, in file order.
    pub missions_by_type: Vec<Vec<MissionIx>>,
    /// The YAML that it was compiled from.
    pub source: Box<str>,
    /// Versions that were in effect before it, as far as they are known.
    pub earlier: Vec<Arc<Programme>>,
    /// Every id that it and the versions before it have used.
    pub used: UsedIds,
    /// What the core works out from all this once.
    pub kept: Kept,
}

impl Programme {
    /// The reward that an item gives, where there are only so many of it.
    pub fn stock_of(&self, item: Grant) -> Option<RewardIx> {
        let Grant::Reward(ix) = item else {
            return None;
        };
        self.rewards.get(usize::from(ix.0))?.stock.map(|_| ix)
    }

    /// Whether players share anything: a limit for all of them together, or a stock.
    pub fn is_shared(&self) -> bool {
        self.missions.iter().any(|it| it.limit.total.is_some())
            || self.rewards.iter().any(|it| it.stock.is_some())
    }

    /// The rate from a currency into the programme's: 1 for its own, else the table's.
    pub fn rate(&self, currency: Currency) -> Option<Decimal> {
        if currency == self.currency {
            return Some(Decimal::ONE);
        }
        self.conversion
            .iter()
            .find(|(from, _)| *from == currency)
            .map(|(_, rate)| *rate)
    }
}
