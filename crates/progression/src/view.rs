//! What a reader sees.

use programme::model::{
    Mission, MissionIx, PointsKind, Programme, Start, TierSet, TierSetIx, Window,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use types::{Attributes, MicroPoints, Position, Timestamp};

use crate::effect::{GrantStatus, Granted};
use crate::emission::{Subject, grant_id};
use crate::goal;
use crate::journal::History;
use crate::mission::{living, started, streak};
use crate::period::Period;
use crate::state::{GrantState, State};
use crate::tier;
use crate::timer;

/// A player as of a position. Serializes to everything; [`PlayerView::line`] to what `questline simulate` writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerView {
    /// The player's id.
    pub player: Box<str>,
    /// Balances, in file order.
    pub balances: Vec<(Box<str>, MicroPoints)>,
    /// What can be done with spendable points, in file order.
    pub accounts: Vec<(Box<str>, AccountView)>,
    /// Levels, in file order.
    pub tiers: Vec<TierView>,
    /// Missions, in file order.
    pub missions: Vec<MissionView>,
    /// The newest grants, oldest first.
    pub grants: Vec<GrantView>,
    /// Distinct accepted events.
    pub applied: u64,
    /// What events said of who the player is. Personal: part of neither form that is serialized.
    pub attributes: Attributes,
    /// The segments that the player is in. Not serialized either.
    pub segments: Vec<Box<str>>,
    /// The player was erased: this is what is left.
    pub erased: bool,
    /// Position of the last record applied.
    pub as_of: Position,
}

/// What a balance of spendable points consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Can be spent or held.
    pub available: MicroPoints,
    /// Locked still.
    pub pending: MicroPoints,
    /// Set aside by holds.
    pub held: MicroPoints,
}

/// A tier set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierView {
    /// The set.
    pub tier: Box<str>,
    /// The level.
    pub level: Box<str>,
    /// What qualifies so far, in the period that runs.
    pub credits: MicroPoints,
    /// The qualification period that runs; `None` where it is no calendar's.
    pub period: Option<Box<str>>,
    /// The level that the review of the period that runs will leave, if nothing more comes.
    pub projected: Box<str>,
    /// When the level is reviewed next; `None` where there is none to lose.
    pub review_at: Option<Timestamp>,
    /// The next level and how many points are missing to it; `None` at the top.
    pub next: Option<(Box<str>, MicroPoints)>,
}

/// A mission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissionView {
    /// The mission.
    pub mission: Box<str>,
    /// Completions that stand, of all periods.
    pub completed: u64,
    /// Progress in the current period, as a decimal.
    pub progress: Box<str>,
    /// What is to be reached, as a decimal.
    pub target: Box<str>,
    /// The current period; `None` where it has not begun.
    pub period: Option<Box<str>>,
    /// Whether a completion of the current period stands.
    pub done: bool,
    /// Whether a completion of the current period waits for what players share.
    pub awaited: bool,
    /// Whether the player has joined; `None` where the mission starts by itself.
    pub opted_in: Option<bool>,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// The grant's id.
    pub grant_id: Box<str>,
    /// The reward.
    pub grant: Box<str>,
    /// What the bonus engine reported last, else `requested`, `offered` or `revoked`.
    pub status: &'static str,
    /// When it got this status.
    pub at: Timestamp,
}

/// What a reader sees at `now`, changes due by then included. Stores nothing.
pub fn view(
    programme: &Programme,
    state: &State,
    subject: Subject<'_>,
    now: Timestamp,
) -> PlayerView {
    if !state.names.is_of(&programme.version) {
        // Rare: the player has had no record since the programme changed.
        let mut bound = state.clone();
        bound.bind(programme);
        return view(programme, &bound, subject, now);
    }
    match timer::ahead(programme, state, &History::new(), now) {
        Some((ahead, ..)) => seen(programme, &ahead, subject, now),
        None => seen(programme, state, subject, now),
    }
}

/// What is there once nothing more is due.
fn seen(programme: &Programme, state: &State, subject: Subject<'_>, now: Timestamp) -> PlayerView {
    let balance = |(points, account): (&programme::model::Points, &crate::account::Account)| {
        (points.id.clone(), account.balance)
    };
    let missions = (0..).zip(&programme.missions);
    PlayerView {
        player: subject.player.as_str().into(),
        balances: programme
            .points
            .iter()
            .zip(&state.points)
            .map(balance)
            .collect(),
        accounts: accounts(programme, state, now),
        tiers: (0..)
            .zip(&programme.tiers)
            .map(|(ix, set)| tier(programme, state, TierSetIx(ix), set, now))
            .collect(),
        missions: missions
            .map(|(ix, it)| mission(programme, state, MissionIx(ix), it, now))
            .collect(),
        grants: state.grants.iter().map(|it| grant(state, it)).collect(),
        applied: state.accepted,
        attributes: state.profile.attributes.clone(),
        segments: state.profile.segments.clone(),
        erased: state.erased,
        as_of: state.applied,
    }
}

fn accounts(programme: &Programme, state: &State, now: Timestamp) -> Vec<(Box<str>, AccountView)> {
    let all = programme.points.iter().zip(&state.points);
    all.filter(|(points, _)| points.kind != PointsKind::Status)
        .map(|(points, account)| {
            let seen = AccountView {
                available: account.available(now),
                pending: account.pending(now),
                held: account.held(),
            };
            (points.id.clone(), seen)
        })
        .collect()
}

fn tier(
    programme: &Programme,
    state: &State,
    ix: TierSetIx,
    set: &TierSet,
    now: Timestamp,
) -> TierView {
    let level = state.tier(ix).map_or(0, |tier| tier.level);
    let outlook = tier::outlook(programme, state, ix, set, now);
    let name = |level: u16| {
        let level = set.levels.get(usize::from(level));
        level.map_or("", |level| &*level.id)
    };
    let next = set.levels.get(usize::from(level) + 1);
    let missing = |at: MicroPoints| (at - outlook.credits).max(MicroPoints::ZERO);
    TierView {
        tier: set.id.clone(),
        level: name(level).into(),
        credits: outlook.credits,
        period: outlook.period.map(|period| period.to_string().into()),
        projected: name(outlook.projected).into(),
        review_at: tier::due(state, ix),
        next: next.map(|next| (next.id.clone(), missing(next.at))),
    }
}

fn mission(
    programme: &Programme,
    state: &State,
    ix: MissionIx,
    mission: &Mission,
    now: Timestamp,
) -> MissionView {
    let kept = state.mission(ix);
    let course = state.course(ix);
    let current = |window| match window {
        Window::Once => Some(Period::Once),
        Window::Calendar(kind) => Some(state.zones.look(programme, kind, now).period),
        Window::AfterStart { .. } => started(state, ix).map(Period::Start),
        Window::Rolling { .. } => Some(Period::Run(course.map_or(1, |course| course.next_run()))),
    };
    let slots = kept.as_ref().map_or(&[][..], |kept| &kept.slots);
    // A period that runs on by an earlier version's goal and window comes first.
    let running = slots.iter().find(|slot| {
        let (_, rules) = slot.rules(programme, mission);
        let runs = slot.end > now && current(rules.window) == Some(slot.period);
        slot.keeps().is_some() && !slot.stands() && runs
    });
    let period = running.map_or_else(|| current(mission.window), |slot| Some(slot.period));
    let slot = slots.iter().find(|slot| Some(slot.period) == period);
    let rules = slot.map_or(mission, |slot| slot.rules(programme, mission).1);
    let look = streak::Look {
        programme,
        zones: &state.zones,
    };
    let alive = match (rules.window, slot) {
        (Window::Rolling { length }, Some(slot)) => Some(living(look, rules, length, slot, now)),
        _ => None,
    };
    let parts = slot.map_or(&[][..], |slot| &slot.parts);
    let parts = alive.as_deref().unwrap_or(parts);
    let streak = slot.map(|slot| streak::shown(look, rules, slot, parts, now));
    let joined = || course.is_some_and(|course| course.opted_in.is_some());
    MissionView {
        mission: mission.id.clone(),
        completed: kept.as_ref().map_or(0, |kept| kept.standing),
        progress: match streak.flatten() {
            Some(length) => length.to_string().into(),
            None => goal::shown(&rules.goal, parts).into(),
        },
        target: goal::target(&rules.goal).into(),
        period: period.map(|period| period.to_string().into()),
        done: slot.is_some_and(crate::slot::Slot::stands),
        awaited: slot.is_some_and(crate::slot::Slot::is_awaited),
        opted_in: (mission.start == Start::OptIn).then(joined),
    }
}

fn grant(state: &State, grant: &GrantState) -> GrantView {
    let granted = Granted {
        reward: grant.reward,
        because: grant.because,
        number: grant.number,
    };
    GrantView {
        grant_id: grant_id(&state.names, &granted).into(),
        grant: state.names.reward(grant.reward).into(),
        status: match grant.report {
            Some(report) => report.status.name(),
            None => grant.status.map_or("revoked", GrantStatus::name),
        },
        at: grant.report.map_or(grant.at, |report| report.at),
    }
}

impl PlayerView {
    /// The object that `questline simulate` writes for the player.
    pub fn line(&self) -> PlayerLine<'_> {
        PlayerLine(self)
    }
}

/// A player as `questline simulate` writes it.
#[derive(Clone, Copy, Debug)]
pub struct PlayerLine<'a>(&'a PlayerView);

/// A list of pairs as an object, in its order.
struct Pairs<'a, K, V>(&'a [(K, V)]);

impl<K: Serialize, V: Serialize> Serialize for Pairs<'_, K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

struct LineMission<'a>(&'a MissionView);

impl Serialize for LineMission<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("completed", &self.0.completed)?;
        map.serialize_entry("progress", &self.0.progress)?;
        map.serialize_entry("period", &self.0.period)?;
        map.end()
    }
}

impl Serialize for PlayerLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.0;
        let tiers: Vec<_> = view.tiers.iter().map(|it| (&it.tier, &it.level)).collect();
        let missions = view.missions.iter();
        let missions: Vec<_> = missions.map(|it| (&it.mission, LineMission(it))).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("player", &view.player)?;
        map.serialize_entry("balances", &Pairs(&view.balances))?;
        map.serialize_entry("tiers", &Pairs(&tiers))?;
        map.serialize_entry("missions", &Pairs(&missions))?;
        map.serialize_entry("applied", &view.applied)?;
        map.end()
    }
}

impl Serialize for PlayerView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tiers: Vec<_> = self.tiers.iter().map(|it| (&it.tier, &it.level)).collect();
        let progress: Vec<_> = self.tiers.iter().map(|it| (&it.tier, it)).collect();
        let missions: Vec<_> = self.missions.iter().map(|it| (&it.mission, it)).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("player", &self.player)?;
        map.serialize_entry("balances", &Pairs(&self.balances))?;
        map.serialize_entry("accounts", &Pairs(&self.accounts))?;
        map.serialize_entry("tiers", &Pairs(&tiers))?;
        map.serialize_entry("missions", &Pairs(&missions))?;
        map.serialize_entry("applied", &self.applied)?;
        map.serialize_entry("tier_progress", &Pairs(&progress))?;
        map.serialize_entry("grants", &self.grants)?;
        if self.erased {
            map.serialize_entry("erased", &true)?;
        }
        map.serialize_entry("as_of", &self.as_of.to_string())?;
        map.end()
    }
}

impl Serialize for AccountView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("available", &self.available)?;
        map.serialize_entry("pending", &self.pending)?;
        map.serialize_entry("held", &self.held)?;
        map.end()
    }
}

impl Serialize for TierView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("credits", &self.credits)?;
        map.serialize_entry("period", &self.period)?;
        map.serialize_entry("projected", &self.projected)?;
        map.serialize_entry("review_at", &self.review_at)?;
        map.serialize_entry("next", &self.next.as_ref().map(|(level, _)| level))?;
        map.serialize_entry("to_next", &self.next.as_ref().map(|(_, points)| points))?;
        map.end()
    }
}

impl Serialize for MissionView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("completed", &self.completed)?;
        map.serialize_entry("progress", &self.progress)?;
        map.serialize_entry("period", &self.period)?;
        map.serialize_entry("target", &self.target)?;
        map.serialize_entry("done", &self.done)?;
        map.serialize_entry("awaited", &self.awaited)?;
        map.serialize_entry("opted_in", &self.opted_in)?;
        map.end()
    }
}

impl Serialize for GrantView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("grant", &self.grant)?;
        map.serialize_entry("grant_id", &self.grant_id)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("at", &self.at)?;
        map.end()
    }
}
