//! One entry of the journal.

use std::sync::Arc;

use programme::model::MissionIx;
use types::{Currency, Decimal, Digest, EventId, Money, Position, SourceId, Text, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use super::{Bet, Verdicts};
use crate::codec::Writer;
use crate::decision::Outcome;
use crate::effect::Effect;
use crate::emission::{Cause, Emission};
use crate::names::Names;
use crate::period::Period;
use crate::slot::Slot;
use crate::state::State;
use crate::stock::Tell;
use crate::timer::{Due, Timer};

/// The type of entries that timers write.
const TIMER: &str = "timer";

/// What one record or timer was, what it came to and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counted from 0; entry n stands in segment n / 16.
    pub number: u64,
    /// Where the record stands; for a timer, the last record before it.
    pub position: Position,
    /// What fired, where it is no record's: then all that is said of an event is empty.
    pub timer: Option<Timer>,
    /// The record's time; a timer's due time.
    pub recorded_at: Timestamp,
    /// When ingest took the event.
    pub accepted_at: Timestamp,
    /// When it counts as having occurred.
    pub occurred_at: Timestamp,
    /// The event's source.
    pub source: SourceId,
    /// The event's id.
    pub id: EventId,
    /// Digest of the event's body.
    pub digest: Digest,
    /// The event's type.
    pub kind: Text,
    /// What it came to.
    pub outcome: Outcome,
    /// The event's amount, with its currency where it has one.
    pub amount: Option<(Decimal, Option<Currency>)>,
    /// The rate at which the amount was converted.
    pub rate: Option<Decimal>,
    /// For each rule and mission on the type, whether it counted the event, or why not.
    pub judged: Verdicts,
    /// What was decided, in order.
    pub effects: Vec<Effect>,
    /// What missions counted.
    pub counted: Vec<Contribution>,
    /// What was returned of earlier events (or, by tombstones, of this one).
    pub reversals: Vec<Reversal>,
    /// A reversal whose original had not come yet.
    pub tombstone: Option<Tombstone>,
    /// What a reversal found nothing for.
    pub unmatched: Option<Decimal>,
    /// What left the hot state with this entry, or changed while cold.
    pub archived: Vec<Archived>,
    /// What it says of a bet and of its result.
    pub bet: Option<Box<Bet>>,
    /// The event that asked for what this one answers: what follows is that one's doing.
    pub by: Option<Box<(SourceId, EventId)>>,
    /// The player is restricted: nobody acts on its emissions towards him.
    pub suppressed: bool,
    pub(crate) names: Arc<Names>,
}

/// Why an event did or didn't count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It counted.
    Counted,
    /// `when` is false.
    When,
    /// `when` could not be answered: mostly an attribute that is not there.
    WhenError(Box<str>),
    /// The amount or attribute that is counted is not there, or not above zero.
    NoAmount,
    /// Its game or funds have weight 0.
    Weightless,
    /// It comes to less than half a micro-point.
    Nothing,
    /// The cap has no room left.
    Capped,
    /// The period in which it occurred is closed.
    Late,
    /// The mission is not for this player.
    Audience,
    /// A mission that must come first was not complete when it occurred.
    Locked,
    /// Outside the time in which the mission counts.
    Unavailable,
    /// The player had not joined when it occurred.
    NotJoined,
    /// None of the goal's steps that are open counts it.
    OtherStep,
    /// It was reversed before it came.
    Returned,
    /// The player was restricted when it occurred, or when it was recorded.
    Restricted,
    /// A settlement of a bet that has not come yet, or of something that is no bet.
    NoBet,
    /// A settlement of a bet of which nothing is left.
    Voided,
    /// The bet was settled so before.
    SettledBefore,
    /// More distinct values or events than are kept.
    TooMany,
    /// The numbers are too large to be multiplied.
    Overflow,
}

/// What a mission counted of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Which mission.
    pub mission: MissionIx,
    /// Which of its goal's parts, counted through the leaves in file order.
    pub part: u8,
    /// In which period.
    pub period: Period,
    /// How much, before any return.
    pub gain: Gain,
}

/// How much a part of a goal counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    /// One event.
    One,
    /// An amount in millionths; money shrinks with partial returns, other amounts stay until all is returned.
    Amount {
        /// Millionths.
        micro: i128,
        /// Whether it is money.
        money: bool,
    },
    /// A value, by its hash.
    Value(u128),
    /// A day or week of a streak, by its ordinal.
    Unit(i32),
    /// An amount that stands for itself: the best one counts. It shrinks as [`Gain::Amount`] does.
    Single {
        /// Millionths.
        micro: i128,
        /// Whether it is money.
        money: bool,
    },
}

impl Gain {
    /// An amount as a value of its own.
    pub(crate) const fn single(self) -> Self {
        match self {
            Self::Amount { micro, money } => Self::Single { micro, money },
            other => other,
        }
    }

    /// Its millionths.
    pub(crate) const fn micro(self) -> i128 {
        match self {
            Self::Amount { micro, .. } | Self::Single { micro, .. } => micro,
            Self::One | Self::Value(_) | Self::Unit(_) => 0,
        }
    }

    /// The same with other millionths.
    pub(crate) const fn with(self, micro: i128) -> Self {
        match self {
            Self::Amount { money, .. } => Self::Amount { micro, money },
            Self::Single { money, .. } => Self::Single { micro, money },
            other => other,
        }
    }

    /// Whether a partial return makes it smaller.
    pub(crate) const fn shrinks(self) -> bool {
        matches!(
            self,
            Self::Amount { money: true, .. } | Self::Single { money: true, .. }
        )
    }
}

/// A return of (a part of) an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The original's source.
    pub source: SourceId,
    /// The original's id.
    pub id: EventId,
    /// Returned by this entry, in minor units.
    pub taken: i64,
    /// Returned so far, this included.
    pub returned: i64,
    /// Nothing of the original is left.
    pub whole: bool,
}

/// A reversal that waits for its original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The original's id; its source is the entry's.
    pub id: EventId,
    /// The currency it names, where it does: an original in another one is not meant.
    pub currency: Option<Currency>,
}

/// State that left memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    /// Which mission's.
    pub mission: MissionIx,
    /// Its period.
    pub(crate) slot: Slot,
}

impl Entry {
    /// What a timer writes, before it fires.
    pub(crate) fn of_timer(state: &State, due: &Due) -> Self {
        let mut said = Vec::new();
        let mut writer = Writer(&mut said);
        due.timer.encode(&mut writer);
        writer.time(due.at);
        let hash = xxh3_128(&said);
        Self {
            timer: Some(due.timer.clone()),
            outcome: Outcome::Ticked,
            suppressed: state.restrictions.hold(due.at),
            ..Self::blank(
                state.tail.next_number(),
                state.applied,
                due.at,
                (SourceId::questline(), EventId::of_hash(hash)),
                Digest(hash),
                TIMER.into(),
                &state.names,
            )
        }
    }

    /// An entry of the record that stands there, in which nothing is said yet.
    pub(crate) fn blank(
        number: u64,
        position: Position,
        recorded_at: Timestamp,
        (source, id): (SourceId, EventId),
        digest: Digest,
        kind: Text,
        names: &Arc<Names>,
    ) -> Self {
        Self {
            number,
            position,
            timer: None,
            recorded_at,
            accepted_at: recorded_at,
            occurred_at: recorded_at,
            source,
            id,
            digest,
            kind,
            outcome: Outcome::Applied,
            amount: None,
            rate: None,
            judged: Verdicts::default(),
            effects: Vec::new(),
            counted: Vec::new(),
            reversals: Vec::new(),
            tombstone: None,
            unmatched: None,
            archived: Vec::new(),
            bet: None,
            by: None,
            suppressed: false,
            names: Arc::clone(names),
        }
    }

    /// What it sent out: the same ids and bytes as when the record was folded.
    pub fn emissions(&self) -> impl Iterator<Item = Emission<'_>> {
        let sent = self.effects.iter().filter(|effect| effect.is_sent());
        sent.map(|effect| Emission {
            entry: self,
            effect,
        })
    }

    /// What it told other entities, rebuilt: the same ids and bytes as when the record was folded.
    pub fn tells(&self) -> Vec<Tell> {
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Told(told) => Some(told),
            _ => None,
        });
        told.map(|told| Tell {
            names: Arc::clone(&self.names),
            at: self.recorded_at,
            told: told.clone(),
        })
        .collect()
    }

    /// What made it.
    pub fn cause(&self) -> Cause<'_> {
        match (&self.by, &self.timer) {
            (Some(by), _) => Cause::Event {
                source: &by.0,
                id: &by.1,
            },
            (None, Some(timer)) => Cause::Timer(timer),
            (None, None) => Cause::Event {
                source: &self.source,
                id: &self.id,
            },
        }
    }

    /// The programme version that it was folded with.
    pub fn programme_version(&self) -> &str {
        self.names.version()
    }

    /// The event as money, where it is an order or a bet, which can be returned.
    pub(crate) fn original(&self) -> Option<Money> {
        if !matches!(&*self.kind, "order" | "bet_placed") || self.outcome != Outcome::Applied {
            return None;
        }
        let (amount, currency) = self.amount?;
        Money::from_decimal(amount, currency?).ok()
    }

    pub(crate) fn is(&self, source: &SourceId, id: &EventId) -> bool {
        self.id == *id && self.source == *source
    }
}
