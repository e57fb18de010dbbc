//! Missions: goals, windows, claims, limits.

use types::{Decimal, Timestamp};

use super::tier::Grant;
use super::{Duration, EventTypeIx, PeriodKind, Predicate};

/// Index of a mission in a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MissionIx(pub u16);

/// A goal for a reward.
#[derive(Debug)]
pub struct Mission {
    /// Its id.
    pub id: Box<str>,
    /// The id that it had in an earlier version, where this one says so.
    pub was: Option<Box<str>>,
    /// The first id that it ever had: its own, where it never had another. What has to stay what it is goes by this one.
    pub first_id: Box<str>,
    /// What counts.
    pub goal: Goal,
    /// When it restarts.
    pub window: Window,
    /// Whether the player has to join.
    pub start: Start,
    /// Absent: credited at once. Else the player collects within this time.
    pub claim: Option<Claim>,
    /// What a completion gives, in file order.
    pub reward: Vec<Grant>,
    /// How often it may complete.
    pub limit: Limit,
    /// Missions of which a completion must stand first.
    pub after: Vec<MissionIx>,
    /// For whom it is.
    pub audience: Option<Predicate>,
    /// Counts events that occur from this instant.
    pub available_from: Option<Timestamp>,
    /// Counts events that occur before this instant.
    pub available_until: Option<Timestamp>,
    /// What becomes of a claimed reward when progress falls below the goal.
    pub on_reversal: OnReversal,
    /// What becomes of running progress when the next version changes the goal.
    pub on_change: OnChange,
}

/// What counts, and how much of it.
#[derive(Debug)]
pub enum Goal {
    /// So many events.
    Count {
        /// Of which type.
        of: EventTypeIx,
        /// How many.
        target: u64,
        /// Only those.
        when: Option<Predicate>,
    },
    /// The sum of an amount.
    Sum {
        /// Which amount.
        amount: AmountOf,
        /// Of which type.
        of: EventTypeIx,
        /// How much.
        target: Decimal,
        /// Only those.
        when: Option<Predicate>,
    },
    /// So many different values of an attribute.
    Distinct {
        /// Path of the attribute below `attributes`.
        attribute: Box<[Box<str>]>,
        /// Of which type.
        of: EventTypeIx,
        /// How many.
        target: u64,
        /// Only those.
        when: Option<Predicate>,
    },
    /// So many local days or ISO weeks in a row.
    Streak {
        /// Day or Week.
        unit: PeriodKind,
        /// Of which type.
        of: EventTypeIx,
        /// How many.
        target: u64,
        /// How many missing units are forgiven.
        freezes: u32,
        /// Only those.
        when: Option<Predicate>,
    },
    /// The largest single value.
    Best {
        /// Of what.
        amount: AmountOf,
        /// Of which type.
        of: EventTypeIx,
        /// How much.
        target: Decimal,
        /// Only those.
        when: Option<Predicate>,
    },
    /// One after the other.
    Steps(Vec<Goal>),
    /// Every one.
    All(Vec<Goal>),
    /// At least one.
    Any(Vec<Goal>),
}

/// Which amount of an event is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountOf {
    /// Its amount, in the programme's currency.
    Amount,
    /// A numeric attribute: its path below `attributes`.
    Attribute(Box<[Box<str>]>),
}

/// When a mission restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Never.
    Once,
    /// Each local day, ISO week or month.
    Calendar(PeriodKind),
    /// Once, for this long from the player's start.
    AfterStart {
        /// Above zero.
        length: Duration,
    },
    /// Over the last so much time; again and again.
    Rolling {
        /// Above zero.
        length: Duration,
    },
}

/// Whether the player has to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// No.
    Automatic,
    /// Yes.
    OptIn,
}

/// The player collects the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Before the completion's time plus this; `None`: whenever.
    pub within: Option<Duration>,
}

/// How many completions may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// For one player.
    pub per_player: Option<u64>,
    /// For all players together.
    pub total: Option<u64>,
}

/// What becomes of a claimed reward when progress falls below the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReversal {
    /// Nothing changes.
    Keep,
    /// The mission reopens and the reward is taken back.
    TakeBack,
}

/// What becomes of running progress when the next version changes the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// The running period keeps its goal.
    Keep,
    /// Progress stays, the new goal counts from now.
    Rebase,
    /// Progress starts again.
    Reset,
}

impl Goal {
    /// The event types that its leaves count, each once, in file order.
    pub fn event_types(&self) -> Vec<EventTypeIx> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    /// How many single goals it is made of.
    pub fn leaves(&self) -> usize {
        match self {
            Self::Steps(parts) | Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::leaves).sum()
            }
            _ => 1,
        }
    }

    /// The most events that a count in it asks for, where events are kept one by one: in steps, and everywhere if `all` are.
    pub(crate) fn events_one_by_one(&self, all: bool) -> u64 {
        match self {
            Self::Count { target, .. } | Self::Distinct { target, .. } if all => *target,
            Self::Steps(parts) => {
                let each = parts.iter().map(|part| part.events_one_by_one(true));
                each.fold(0, u64::saturating_add)
            }
            Self::All(parts) | Self::Any(parts) => {
                let each = parts.iter().map(|part| part.events_one_by_one(all));
                each.max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn collect(&self, found: &mut Vec<EventTypeIx>) {
        match self {
            Self::Count { of, .. }
            | Self::Sum { of, .. }
            | Self::Distinct { of, .. }
            | Self::Streak { of, .. }
            | Self::Best { of, .. } => {
                if !found.contains(of) {
                    found.push(*of);
                }
            }
            Self::Steps(parts) | Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.collect(found))
            }
        }
    }
}
