//! What is written down about a player. Everything else is summed up from it.

use std::ops::Range;

use jiff::tz::TimeZone;
use programme::model::{CapPeriod, LateEvents, PeriodKind, PointsKind, Programme};
use types::{BrandId, Decimal, Event, PlayerId, Timestamp, Value};

use super::calendar::Zones;
use super::emission::Said;
use super::grants::Reported;
use super::names::Aside;
use super::share::{Out, Thing};
use super::tier::Turn;
use super::version::Kept;

/// A player's whole life, each list in log order.
pub(super) struct Life<'a> {
    pub(super) programme: &'a Programme,
    pub(super) brand: &'a BrandId,
    pub(super) player: PlayerId,
    /// Every accepted event.
    pub(super) deeds: Vec<Deed>,
    /// Every amount that was returned of an order or a bet.
    pub(super) returns: Vec<Return>,
    /// Every settlement that was carried out; of those of one bet the last counts.
    pub(super) settlements: Vec<Settlement>,
    /// Every movement of points.
    pub(super) moves: Vec<Move>,
    /// Everything that counted for a mission.
    pub(super) counted: Vec<Counted>,
    /// Every period that goes by an earlier version.
    pub(super) kept: Vec<Kept<'a>>,
    /// Everything that a version took out.
    pub(super) aside: Vec<Aside<'a>>,
    /// Every mission that was joined, and when.
    pub(super) joined: Vec<(usize, Timestamp)>,
    /// Every mission whose window from a start runs, and since when.
    pub(super) started: Vec<(usize, Timestamp)>,
    /// Every completion there ever was.
    pub(super) completions: Vec<Completion>,
    /// Everything that happened to levels.
    pub(super) turns: Vec<Turn>,
    /// Every time a level above the first was earned from there: the tier set's index, and an instant of the period that earned it.
    pub(super) climbed: Vec<(usize, Timestamp)>,
    /// The tier sets over a rolling window whose level is not earned any more, and since when.
    pub(super) fading: Vec<(usize, Timestamp)>,
    /// Of a tier set, the movements that it was not there for.
    pub(super) unseen: Vec<(usize, Range<usize>)>,
    /// Until when it was looked at what leaves.
    pub(super) left_until: Timestamp,
    /// Every review there was: the tier set's index and when.
    pub(super) reviews: Vec<(usize, Timestamp)>,
    /// Every level whose reward was given.
    pub(super) rewarded: Vec<(usize, usize)>,
    /// Every instant at which chains of a mission have been told to break.
    pub(super) broken: Vec<(usize, Timestamp)>,
    /// Every report of a grant.
    pub(super) reports: Vec<Reported>,
    /// Every emission.
    pub(super) said: Vec<Said>,
    /// What of the things that players share is out, theirs and others'.
    pub(super) out: Out,
    /// When the newest record was written.
    pub(super) recorded: Timestamp,
    /// Where the player lives.
    pub(super) zones: Zones,
    /// What the player's profile says.
    pub(super) attributes: Vec<(Box<str>, Value)>,
    /// The player's segments.
    pub(super) segments: Vec<Box<str>>,
}

/// An accepted event.
pub(super) struct Deed {
    pub(super) event: Event,
    /// Never after it was recorded.
    pub(super) occurred: Timestamp,
    pub(super) recorded: Timestamp,
    /// Whether anything counted settlements then: only then a bet is kept with what it said.
    pub(super) keeps_attributes: bool,
}

/// Some of an event came back.
pub(super) struct Return {
    /// Of which one: index into the deeds.
    pub(super) of: usize,
    /// How much, in its currency.
    pub(super) amount: Decimal,
    /// A partial void returned it, in the place of any before.
    pub(super) by_partial_void: bool,
}

/// A bet ended: both are indexes into the deeds.
pub(super) struct Settlement {
    pub(super) bet: usize,
    pub(super) deed: usize,
}

/// What points moved for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// An earn rule: its index.
    Rule(usize),
    /// A completion of a mission in a period.
    Mission(usize, String),
    /// Reaching a level of a tier set.
    Level(usize, usize),
    /// The player spent them; out of a hold, where one is named.
    Spent(Option<String>),
    /// Set aside; nothing moves.
    Held {
        id: String,
        until: Timestamp,
        micro: i128,
    },
    /// A hold's end; nothing moves.
    Released(String),
    /// Their time was over.
    Expired,
    /// Moved by hand.
    Adjusted,
}

impl Why {
    /// Whether it counts towards levels.
    pub(super) fn qualifies(&self) -> bool {
        matches!(
            self,
            Self::Rule(_) | Self::Mission(..) | Self::Level(..) | Self::Adjusted
        )
    }
}

/// A movement of points.
pub(super) struct Move {
    pub(super) points: usize,
    /// Millionths; below zero where points were taken back.
    pub(super) micro: i128,
    pub(super) why: Why,
    /// The event that earned it, or had earned what is taken back: index into the deeds.
    pub(super) deed: usize,
    /// The event whose record moved them, or had moved what is taken back: index into the deeds.
    pub(super) caused_by: usize,
    /// When.
    pub(super) at: Timestamp,
    /// Of which points when they came: pending, expiry.
    pub(super) kind: PointsKind,
    /// The periods of caps whose room it takes: of those that there were then.
    pub(super) rooms: Rooms,
    /// Of a reward that is taken back, the movement that gave it: its index.
    pub(super) takes_back: Option<usize>,
}

/// Rooms that a movement takes.
#[derive(Clone, Default)]
pub(super) struct Rooms {
    pub(super) of_rule: Vec<(CapPeriod, String)>,
    pub(super) of_points: Vec<(CapPeriod, String)>,
}

/// An event counted for a leaf of a mission's goal.
pub(super) struct Counted {
    pub(super) mission: usize,
    /// In which period; of a rolling window, that of the run that counted then.
    pub(super) period: String,
    /// Which leaf: the indexes that lead there from the top of the goal.
    pub(super) leaf: Vec<usize>,
    pub(super) deed: usize,
    pub(super) worth: Worth,
    /// What was returned while the mission was not there, and takes nothing.
    pub(super) missed: Missed,
}

/// Returns that a mission had no part in.
#[derive(Default)]
pub(super) struct Missed {
    /// Millionths.
    pub(super) micro: i128,
    /// All of the event came back then: what it counted stays.
    pub(super) whole: bool,
    /// While it is not there: what the fact was worth when it went, unless nothing was left of it.
    pub(super) since: Option<i128>,
}

/// What an event is worth to a leaf.
pub(super) enum Worth {
    /// One, whatever it says.
    One,
    /// Money in millionths, weighted: shrinks as the event is returned.
    Money(i128),
    /// A number of an attribute in millionths: stays until nothing of the event is left.
    Number(i128),
    /// A day or week of a streak: its label, an instant in it, and whether it is not the one in which the event occurred.
    Unit {
        label: String,
        at: Timestamp,
        late: bool,
    },
    /// A value that is counted once.
    Value(Value),
}

/// A mission was completed in a period.
pub(super) struct Completion {
    pub(super) mission: usize,
    pub(super) period: String,
    /// The completing event: index into the deeds.
    pub(super) deed: usize,
    /// When it occurred.
    pub(super) occurred: Timestamp,
    /// Of a rolling window, the events that it used up.
    pub(super) used: Vec<usize>,
    /// What was given, in order: points as an amount, grants by their id.
    pub(super) given: Vec<Given>,
    /// The units of what players share that it has.
    pub(super) units: Vec<Thing>,
    /// Where its reward is.
    pub(super) offer: Offer,
    /// Whether it still stands.
    pub(super) stands: bool,
}

/// Where the reward of a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// There is none to claim.
    None,
    /// It lapses then.
    Open(Option<Timestamp>),
    /// The player has it.
    Claimed,
    /// He let it pass.
    Lapsed,
}

/// What a completion gave.
#[derive(Clone)]
pub(super) enum Given {
    /// By a movement: its index.
    Points {
        points: usize,
        micro: i128,
        by: usize,
    },
    Grant {
        reward: usize,
        id: String,
    },
    /// Points that are to be claimed, under an id.
    Prize {
        points: usize,
        micro: i128,
        id: String,
    },
}

impl<'a> Life<'a> {
    pub(super) fn new(
        programme: &'a Programme,
        brand: &'a BrandId,
        player: &PlayerId,
        out: &Out,
    ) -> Self {
        Self {
            programme,
            brand,
            player: player.clone(),
            deeds: Vec::new(),
            returns: Vec::new(),
            settlements: Vec::new(),
            moves: Vec::new(),
            counted: Vec::new(),
            kept: Vec::new(),
            aside: Vec::new(),
            joined: Vec::new(),
            started: Vec::new(),
            completions: Vec::new(),
            turns: Vec::new(),
            climbed: Vec::new(),
            fading: Vec::new(),
            unseen: Vec::new(),
            left_until: Timestamp::MIN,
            reviews: Vec::new(),
            rewarded: Vec::new(),
            broken: Vec::new(),
            reports: Vec::new(),
            said: Vec::new(),
            out: Out::clone(out),
            recorded: Timestamp::MIN,
            zones: Zones::new(programme.timezone.clone()),
            attributes: Vec::new(),
            segments: Vec::new(),
        }
    }

    /// The sum of all movements of these points.
    pub(super) fn balance(&self, points: usize) -> i128 {
        let of_these = self.moves.iter().filter(|step| step.points == points);
        of_these.map(|step| step.micro).sum()
    }

    /// The same without what was spent.
    pub(super) fn credits(&self, points: usize) -> i128 {
        let of_these = self.moves.iter().filter(|step| step.points == points);
        of_these
            .filter(|step| step.why.qualifies())
            .map(|step| step.micro)
            .sum()
    }

    /// Whether anything was ever earned or counted: until then a zone counts at once.
    pub(super) fn untouched(&self) -> bool {
        self.moves.is_empty() && self.counted.is_empty()
    }

    /// The period of a kind that takes an event: the one in which it occurred, unless that one is closed when it is recorded.
    /// `None` where it is closed.
    pub(super) fn open_period(
        &self,
        kind: PeriodKind,
        occurred: Timestamp,
        recorded: Timestamp,
    ) -> Option<String> {
        let (label, end) = self.zones.period(kind, occurred);
        let closes = i128::from(end) + i128::from(self.programme.lateness_ns);
        (i128::from(recorded.nanos()) < closes).then_some(label)
    }

    /// The period of a kind for which something counts; `None` where it is recorded only.
    pub(super) fn counting_in(
        &self,
        kind: PeriodKind,
        occurred: Timestamp,
        recorded: Timestamp,
    ) -> Option<String> {
        let open = self.open_period(kind, occurred, recorded);
        match self.programme.late_events {
            LateEvents::RecordOnly => open,
            LateEvents::CountNow => open.or_else(|| Some(self.zones.period(kind, recorded).0)),
        }
    }

    /// Every movement, for the check that they add up.
    pub(super) fn movements(&self) -> Vec<(Box<str>, i128)> {
        let named = |step: &Move| (self.programme.points[step.points].id.clone(), step.micro);
        self.moves.iter().map(named).collect()
    }
}

/// A zone by its name, where there is one.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}
