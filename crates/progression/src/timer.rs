//! What is due by time alone.
//!
//! Timers are not kept: each construct answers from its own state when it is due next, and [`earliest`] compares the answers. So a
//! timer cannot be forgotten, doubled or left behind, and whatever moves a due time (a change of zone, a reversal) moves the timer.
//! A timer needs the state and nothing older; one that is due at or before the instant that would create it is never answered.

use std::sync::Arc;

use programme::model::{MissionIx, PointsIx, PointsKind, Programme, TierSetIx};
use types::Timestamp;

use crate::codec::{DecodeError, Reader, Writer};
use crate::decision::{Decision, Outcome};
use crate::derived;
use crate::effect::Because;
use crate::emission::Cause;
use crate::journal::{Entry, History, Key};
use crate::mission::{claim, streak};
use crate::names::Names;
use crate::period::Period;
use crate::state::State;
use crate::step::Step;
use crate::stock::Tell;
use crate::tier;
use crate::waiting;

/// What is due. Timers of one instant fire in this order, then in file order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// An offer lapses.
    Claim(MissionIx, Period),
    /// Points become spendable.
    Pending(PointsIx),
    /// Points expire.
    Expiry(PointsIx),
    /// A hold, by its id, lapses.
    Hold(Box<str>),
    /// A day or week of a streak ends, or takes no more events.
    Streak(MissionIx),
    /// A level is judged.
    TierReview(TierSetIx),
    /// A question to a stock is told again.
    Again(Because),
}

/// A timer and its instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    pub(crate) timer: Timer,
}

/// What of a programme has timers, worked out once: a programme without any pays nothing for them.
#[derive(Debug)]
pub(crate) struct Timed {
    /// Tier sets from which a player falls by time.
    tiers: Vec<TierSetIx>,
    /// Points that expire, or can be held.
    points: Vec<PointsIx>,
    /// Missions with rewards that lapse.
    claims: Vec<MissionIx>,
    /// Missions with streaks.
    streaks: Vec<MissionIx>,
}

impl Timed {
    pub(crate) fn of(programme: &Programme) -> Self {
        let missions = (0..).map(MissionIx).zip(&programme.missions);
        let sets = (0..).map(TierSetIx).zip(&programme.tiers);
        Self {
            tiers: sets
                .filter(|(_, set)| tier::is_timed(set))
                .map(|(ix, _)| ix)
                .collect(),
            points: (0..)
                .map(PointsIx)
                .zip(&programme.points)
                .filter(|(_, points)| points.kind != PointsKind::Status)
                .map(|(ix, _)| ix)
                .collect(),
            claims: missions
                .clone()
                .filter(|(_, mission)| claim::may_lapse(programme, mission))
                .map(|(ix, _)| ix)
                .collect(),
            streaks: missions
                .filter(|(_, mission)| streak::may_have_streaks(programme, mission))
                .map(|(ix, _)| ix)
                .collect(),
        }
    }
}

/// The timer that is due next, whenever that is. What is left of an erased player stays as it is.
pub(crate) fn earliest(programme: &Programme, state: &State) -> Option<Due> {
    if state.erased {
        return None;
    }
    let timed = derived::timed(programme)?;
    let tiers = timed.tiers.iter().filter_map(|ix| {
        let at = tier::due(state, *ix)?;
        Some((at, Timer::TierReview(*ix)))
    });
    let points = timed.points.iter().filter_map(|ix| {
        let account = state.points.get(usize::from(ix.0))?;
        let expiry = account.expires_at().map(|at| (at, Timer::Expiry(*ix)));
        let lapse = account.lapses_at();
        let lapse = lapse.map(|(at, hold)| (at, Timer::Hold(hold.into())));
        expiry.into_iter().chain(lapse).min()
    });
    let claims = timed.claims.iter().filter_map(|ix| {
        let (at, period) = claim::due(state, *ix)?;
        Some((at, Timer::Claim(*ix, period)))
    });
    let streaks = timed.streaks.iter().filter_map(|ix| {
        let at = streak::due(state, *ix)?;
        Some((at, Timer::Streak(*ix)))
    });
    let again = state.waiting.iter();
    let again = again.map(|waiting| (waiting.again_at, Timer::Again(waiting.because)));
    let all = claims
        .chain(again)
        .chain(streaks)
        .chain(tiers)
        .chain(points)
        .filter(|(at, _)| *at < Timestamp::MAX);
    all.min().map(|(at, timer)| Due { at, timer })
}

fn fire(step: &mut Step<'_>, timer: &Timer, entry: &mut Entry) {
    match timer {
        Timer::Claim(ix, period) => claim::lapse(step, *ix, *period),
        Timer::Streak(ix) => streak::fire(step, *ix),
        Timer::TierReview(ix) => tier::review(step, *ix),
        Timer::Expiry(ix) => step.lapse(*ix),
        Timer::Hold(id) => {
            let open = step.state.hold(id).map(|(points, _)| points);
            if let Some(points) = open {
                step.lapse(points);
            }
        }
        Timer::Again(because) => {
            if let Some(occasion) = waiting::tell_again(step, *because) {
                entry.by = Some(Box::new((occasion.source, occasion.id)));
            }
        }
        // Nothing answers with these.
        Timer::Pending(_) => {}
    }
}

/// What timers have decided.
#[derive(Debug, Default)]
pub(crate) struct Fired {
    written: Vec<Entry>,
    tells: Vec<Tell>,
    sealed: Vec<(u32, Vec<u8>)>,
}

impl Fired {
    /// The decision that follows, with what the timers decided before it.
    pub(crate) fn then(mut self, decision: Decision) -> Decision {
        if self.written.is_empty() && self.tells.is_empty() {
            return decision;
        }
        self.written.extend(decision.written);
        self.tells.extend(decision.tells);
        self.sealed.extend(decision.sealed);
        Decision {
            written: self.written,
            tells: self.tells,
            sealed: self.sealed,
            ..decision
        }
    }
}

/// Fires everything that is due by `now`, each at its own time, in order. The state is bound to the programme.
pub(crate) fn fire_until(programme: &Programme, state: &mut State, now: Timestamp) -> Fired {
    let mut fired = Fired::default();
    let mut last: Option<Due> = None;
    while let Some(due) = earliest(programme, state) {
        // A timer creates later ones only, so that this ends; in a damaged state it may not, and stays for the next record.
        let onwards = last.as_ref().is_none_or(|last| *last < due);
        if due.at > now || !onwards {
            break;
        }
        fire_one(programme, state, &due, &mut fired);
        last = Some(due);
    }
    fired
}

fn fire_one(programme: &Programme, state: &mut State, due: &Due, fired: &mut Fired) {
    state.clock = state.clock.max(due.at);
    let mut entry = Entry::of_timer(state, due);
    let mut step = Step::new(programme, state);
    fire(&mut step, &due.timer, &mut entry);
    let again = std::mem::take(&mut step.again);
    step.finish(&mut entry);
    let names = &entry.names;
    fired.tells.extend(again.into_iter().map(|told| Tell {
        names: Arc::clone(names),
        at: due.at,
        told,
    }));
    if entry.effects.is_empty() && entry.archived.is_empty() {
        return;
    }
    let keys = entry.keys(Key::event(&entry.source, &entry.id));
    let sealed = state.tail.push(&mut state.filter, &entry, &keys);
    fired.sealed.extend(sealed);
    fired.tells.extend(entry.tells());
    fired.written.push(entry);
}

/// Fires what is due by `now` without a record: for sweeps, and for the end of a run.
pub fn due(programme: &Programme, state: &mut State, now: Timestamp) -> Decision {
    state.bind(programme);
    fire_until(programme, state, now).then(Decision::plain(Outcome::Ticked))
}

/// Another version takes effect at an instant. What fell due by then fires first, under the version `before`; what falls due later is
/// the new one's. A player who had nothing happen to him between two versions meets both, one after the other.
pub fn change(
    before: &Programme,
    programme: &Programme,
    state: &mut State,
    at: Timestamp,
) -> Decision {
    let decision = due(before, state, at);
    // A period that has ended by then is over, whether or not the player has had a record since.
    state.clock = state.clock.max(at);
    state.bind(programme);
    decision
}

/// The state and the history as they are once everything due by `now` has fired; `None` where nothing is due.
pub(crate) fn ahead(
    programme: &Programme,
    state: &State,
    history: &History,
    now: Timestamp,
) -> Option<(State, History, Fired)> {
    let next = earliest(programme, state)?;
    if next.at > now {
        return None;
    }
    let mut catalogue = state.tail.catalogue();
    catalogue.put(Arc::clone(&state.names));
    let (mut state, mut history) = (state.clone(), history.clone());
    let fired = fire_until(programme, &mut state, now);
    for (number, bytes) in &fired.sealed {
        let read = history.insert(*number, bytes, &catalogue);
        debug_assert!(read.is_ok(), "sealed a moment ago");
    }
    Some((state, history, fired))
}

impl Timer {
    /// Its name in causes: `tier_review/loyalty`.
    pub(crate) fn name(&self, names: &Names) -> String {
        match self {
            Self::Claim(ix, period) => format!("claim/{}/{period}", names.mission(*ix)),
            Self::Pending(ix) => format!("pending/{}", names.points(*ix)),
            Self::Expiry(ix) => format!("expiry/{}", names.points(*ix)),
            Self::Hold(id) => format!("hold/{id}"),
            Self::Streak(ix) => format!("streak/{}", names.mission(*ix)),
            Self::TierReview(ix) => format!("tier_review/{}", names.tier(*ix)),
            Self::Again(because) => format!("again/{}", because.name(names)),
        }
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        let (tag, ix) = match self {
            Self::Claim(ix, _) => (0, ix.0),
            Self::Pending(ix) => (1, ix.0),
            Self::Expiry(ix) => (2, ix.0),
            Self::Hold(_) => (3, 0),
            Self::Streak(ix) => (4, ix.0),
            Self::TierReview(ix) => (5, ix.0),
            Self::Again(_) => (6, 0),
        };
        writer.byte(tag);
        writer.number(u64::from(ix));
        match self {
            Self::Claim(_, period) => period.encode(writer),
            Self::Hold(id) => writer.text(id),
            Self::Again(because) => because.encode(writer),
            _ => {}
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (tag, ix) = (reader.byte()?, reader.number16()?);
        Ok(match tag {
            0 => Self::Claim(MissionIx(ix), Period::decode(reader)?),
            1 => Self::Pending(PointsIx(ix)),
            2 => Self::Expiry(PointsIx(ix)),
            3 => Self::Hold(reader.text()?.into()),
            4 => Self::Streak(MissionIx(ix)),
            5 => Self::TierReview(TierSetIx(ix)),
            6 => Self::Again(Because::decode(reader)?),
            _ => return Err(DecodeError::Invalid("a timer")),
        })
    }
}

impl<'e> Cause<'e> {
    /// What fired, where no event did it.
    pub const fn timer(&self) -> Option<&'e Timer> {
        match self {
            Self::Timer(timer) => Some(timer),
            Self::Event { .. } => None,
        }
    }
}
