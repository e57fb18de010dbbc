//! One entity's whole state: a player's, or that of a stock.

mod attic;
mod fetch;
mod missions;
mod remap;
mod running;
mod snapshot;

use std::borrow::Cow;
use std::sync::Arc;

use programme::model::{MissionIx, PointsIx, Programme, RewardIx, RuleIx, TierSetIx};
use smallvec::SmallVec;
use types::{Attributes, MicroPoints, Position, Timestamp};

use crate::account::{Account, Hold};
use crate::catalogue::Catalogue;
use crate::codec::DecodeError;
use crate::derived;
use crate::effect::{Because, GrantStatus};
use crate::journal::{Filter, Tail};
use crate::mission::{self, Course};
use crate::names::Names;
use crate::orders::OpenOrders;
use crate::period::Period;
use crate::profile::{Player, Profile};
use crate::report::Report;
use crate::restriction::Restrictions;
use crate::tier::{self, Term};
use crate::timer;
use crate::waiting::Waiting;
use crate::zone::Zones;

pub(crate) use attic::Attic;
pub(crate) use fetch::LINE;
pub(crate) use missions::{Kept, MissionState, Missions};
pub(crate) use remap::Moves;
pub(crate) use running::Running;

/// Grants that a reader is shown: the newest.
pub(crate) const GRANTS_SHOWN: usize = 32;

/// One entity's whole state: opaque, made by [`State::new`] or [`State::decode`], changed by [`apply`](crate::apply) alone.
///
/// What it holds is bounded but for what the programme itself asks for: 32 open orders, 256 attributes and segments, 4,096 distinct
/// values or 1,000 events for a mission and period, 15 open journal entries, 32 grants to show, and the filter (two bytes for each
/// of up to 16,384 events, at most 42 KiB).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub(crate) names: Arc<Names>,
    pub(crate) applied: Position,
    /// The latest recorded time so far.
    pub(crate) clock: Timestamp,
    /// Distinct accepted events.
    pub(crate) accepted: u64,
    /// Whether anything was earned or counted.
    pub(crate) counted: bool,
    /// Who the player was is forgotten: nothing more happens to what is left.
    pub(crate) erased: bool,
    /// Whether labels of closed periods may come again: the zone or the programme changed.
    pub(crate) repeats: bool,
    pub(crate) profile: Profile,
    pub(crate) restrictions: Restrictions,
    pub(crate) zones: Zones,
    pub(crate) points: SmallVec<[Account; 1]>,
    pub(crate) caps: Vec<Usage>,
    pub(crate) missions: Missions,
    pub(crate) tiers: SmallVec<[TierState; 1]>,
    pub(crate) grants: Vec<GrantState>,
    pub(crate) orders: OpenOrders,
    pub(crate) attic: Attic,
    /// Completions and levels' rewards that wait for a stock's answer.
    pub(crate) waiting: Vec<Waiting>,
    /// Of a stock: how many of its units are out.
    pub(crate) taken: u64,
    pub(crate) tail: Tail,
    pub(crate) filter: Filter,
}

/// What was granted minus reversed under a cap, in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) of: Capped,
    pub(crate) period: Period,
    /// When the period ends.
    pub(crate) end: Timestamp,
    pub(crate) used: MicroPoints,
}

/// What a cap is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capped {
    Rule(RuleIx),
    Points(PointsIx),
}

/// The player's level in one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TierState {
    pub(crate) level: u16,
    /// The highest level ever reached: those up to it have given their rewards.
    pub(crate) highest: u16,
    pub(crate) changes: u64,
    /// What qualifies, where not all points ever do.
    pub(crate) term: Term,
}

/// A grant, for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrantState {
    pub(crate) reward: RewardIx,
    pub(crate) because: Because,
    pub(crate) number: u32,
    /// `None`: taken back.
    pub(crate) status: Option<GrantStatus>,
    /// What the bonus engine said last.
    pub(crate) report: Option<Report>,
    pub(crate) at: Timestamp,
}

impl State {
    /// A player of whom nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what [`State::encode`] wrote, with the names that it speaks of. Total: any bytes give a state or an error.
    pub fn decode(bytes: &[u8], catalogue: &Catalogue) -> Result<Self, DecodeError> {
        snapshot::decode(bytes, catalogue)
    }

    /// Appends the state as a flat, versioned record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        snapshot::encode(self, out);
    }

    /// Position of the last record applied.
    pub fn applied(&self) -> Position {
        self.applied
    }

    /// The log was restored to an older copy, and what stands in it after this position is another's: records there are to be applied.
    /// What the state is stays; a record that comes again is known by its identity.
    pub fn rewind(&mut self, to: Position) {
        self.applied = self.applied.min(to);
    }

    /// Of a stock: how many of its units are out. Of a player: none.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The player's level in each tier set of the programme that it was folded with last, in file order; empty before that.
    pub fn levels(&self) -> impl Iterator<Item = u16> {
        self.tiers.iter().map(|tier| tier.level)
    }

    /// The latest time of a record applied or a timer fired.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// When the next timer is due; `None` where nothing of the player changes by time alone.
    pub fn next_timer(&self, programme: &Programme) -> Option<Timestamp> {
        if !self.names.is_of(&programme.version) {
            // Rare: the player has had no record since the programme changed.
            let mut bound = self.clone();
            bound.bind(programme);
            return bound.next_timer(programme);
        }
        timer::earliest(programme, self).map(|due| due.at)
    }

    /// An estimate of the memory it holds.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.profile.bytes()
            + self.restrictions.bytes()
            + self.points.capacity() * size_of::<Account>()
            + self.points.iter().map(Account::bytes).sum::<usize>()
            + self.caps.capacity() * size_of::<Usage>()
            + self.missions.bytes()
            + self.tiers.capacity() * size_of::<TierState>()
            + self.tiers.iter().map(|it| it.term.bytes()).sum::<usize>()
            + self.grants.capacity() * size_of::<GrantState>()
            + self.orders.bytes()
            + self.attic.bytes()
            + self.waiting.iter().map(Waiting::bytes).sum::<usize>()
            + self.tail.bytes()
            + self.filter.bytes()
    }

    /// Whether the player has had an accepted event.
    pub fn is_known(&self) -> bool {
        self.accepted > 0
    }

    /// What events said of who the player is.
    pub fn attributes(&self) -> &Attributes {
        &self.profile.attributes
    }

    /// Puts others in their place, for who keeps them elsewhere; those that were there.
    pub fn set_attributes(&mut self, attributes: Attributes) -> Attributes {
        std::mem::replace(&mut self.profile.attributes, attributes)
    }

    /// The segments that the player is in, in byte order.
    pub fn segments(&self) -> &[Box<str>] {
        &self.profile.segments
    }

    /// Whether the player was erased.
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// Number of the segment that the open tail will become: only segments below it are history.
    pub fn open_segment(&self) -> u32 {
        self.tail.segment()
    }

    /// Whether the state has written a row of this number: what else there may be is nobody's present.
    pub fn has_row(&self, number: u32) -> bool {
        number < self.tail.segment() || self.filter.has_row(number)
    }

    /// How often cells of its filter have been written.
    pub fn cells_written(&self) -> u32 {
        self.filter.left()
    }

    /// Makes the state speak of this programme's version.
    pub(crate) fn bind(&mut self, programme: &Programme) {
        if derived::shares(programme, &self.names) {
            return;
        }
        let names = derived::names(programme);
        if self.names.is_of(&programme.version) {
            // Read from bytes: its own table gives way to the one that all players share.
            self.tail.share(&names);
            self.names = names;
        } else {
            let before = Arc::clone(&self.names);
            let back = remap::remap(self, names);
            self.zones.forget();
            mission::carry(programme, before.version(), &back, self);
            mission::by_version(programme, self);
            tier::rebind(programme, self);
        }
    }

    /// The record at this position is the last one applied.
    pub(crate) fn reach(&mut self, position: Position, clock: Timestamp) {
        (self.applied, self.clock) = (position, clock);
    }

    pub(crate) fn player<'a>(&'a self, programme: &'a Programme) -> Player<'a> {
        Player {
            programme,
            state: self,
        }
    }

    /// How many of these points can be spent now.
    pub(crate) fn available(&self, points: PointsIx, now: Timestamp) -> MicroPoints {
        let account = self.points.get(usize::from(points.0));
        account.map_or(MicroPoints::ZERO, |account| account.available(now))
    }

    /// An open hold.
    pub(crate) fn hold(&self, id: &str) -> Option<(PointsIx, &Hold)> {
        let all = (0..).map(PointsIx).zip(&self.points);
        let mut open = all.filter_map(|(ix, account)| Some((ix, account.hold(id)?)));
        open.next()
    }

    pub(crate) fn mission(&self, ix: MissionIx) -> Option<Cow<'_, MissionState>> {
        self.missions.get(ix)
    }

    /// What of a mission is the player's for good.
    pub(crate) fn course(&self, ix: MissionIx) -> Option<&Course> {
        self.missions.whole(ix)?.course.as_deref()
    }

    pub(crate) fn tier(&self, ix: TierSetIx) -> Option<&TierState> {
        self.tiers.get(usize::from(ix.0))
    }
}
