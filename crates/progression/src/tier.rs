//! Tiers: the level follows what was credited, in the same step; without points it falls by time alone, and by reversals.

mod calendar;
mod rolling;

use programme::model::{Downgrade, PointsIx, Programme, Qualify, TierReversal, TierSet, TierSetIx};
use types::{MicroPoints, Timestamp};

use crate::codec::{DecodeError, Reader, Writer};
use crate::effect::{Because, Effect, TierReason};
use crate::period::Period;
use crate::reward;
use crate::state::{State, TierState};
use crate::step::{Origin, Step};
use crate::waiting;
use crate::zone::Zones;

pub(crate) use calendar::Periods;
pub(crate) use rolling::Rolling;

/// What a set keeps beside the level; nothing where points qualify for life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Term {
    calendar: Option<Box<Periods>>,
    rolling: Option<Box<Rolling>>,
}

/// What a set is judged by.
#[derive(Clone, Copy)]
struct Look<'a> {
    programme: &'a Programme,
    set: &'a TierSet,
    zones: &'a Zones,
    now: Timestamp,
}

/// Levels that are earned.
struct Standing {
    /// In the period in which what is being counted occurred.
    earned: u16,
    /// What a reversal leaves.
    left: u16,
}

/// Whether a player falls by time.
pub(crate) fn is_timed(set: &TierSet) -> bool {
    set.qualify != Qualify::Lifetime && set.downgrade != Downgrade::Never
}

/// When the set is reviewed next.
pub(crate) fn due(state: &State, ix: TierSetIx) -> Option<Timestamp> {
    let term = &state.tier(ix)?.term;
    let calendar = term.calendar.as_ref().and_then(|it| it.due());
    calendar.or_else(|| term.rolling.as_ref().and_then(|it| it.due()))
}

/// Counts points towards the sets that they qualify for; below zero where they are taken back.
pub(crate) fn credit(step: &mut Step<'_>, points: PointsIx, amount: MicroPoints) {
    let programme = step.programme;
    for (ix, set) in (0..).map(TierSetIx).zip(&programme.tiers) {
        if set.by == points && set.qualify != Qualify::Lifetime {
            let origin = step.origin;
            with(step, ix, set, |look, tier| match set.qualify {
                Qualify::Calendar(kind) => calendar::credit(look, kind, tier, origin, amount),
                Qualify::Rolling { length } => rolling::credit(look, length, tier, origin, amount),
                Qualify::Lifetime => {}
            });
        }
    }
}

/// Looks at a set's state, with the running period remembered for the next look.
fn with<T>(
    step: &mut Step<'_>,
    ix: TierSetIx,
    set: &TierSet,
    what: impl FnOnce(Look<'_>, &mut TierState) -> T,
) -> Option<T> {
    let (programme, now) = (step.programme, step.now);
    let State { tiers, zones, .. } = &mut *step.state;
    if let Qualify::Calendar(kind) = set.qualify {
        zones.period(programme, kind, now);
    }
    let tier = tiers.get_mut(usize::from(ix.0))?;
    let look = Look {
        programme,
        set,
        zones,
        now,
    };
    Some(what(look, tier))
}

/// Judges the sets in file order, a pass at a time, until a pass changes nothing: a level's reward may lift another set.
pub(crate) fn judge(step: &mut Step<'_>) {
    let programme = step.programme;
    // A pass changes something only by points that moved.
    let moved = |effect: &Effect| {
        matches!(
            effect,
            Effect::Earned(_) | Effect::Reversed(_) | Effect::Adjusted { .. }
        )
    };
    if !step.effects.iter().any(moved) {
        return;
    }
    loop {
        let mut changed = false;
        for (ix, set) in (0..).map(TierSetIx).zip(&programme.tiers) {
            changed |= judge_set(step, ix, set);
        }
        if !changed {
            return;
        }
    }
}

fn judge_set(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet) -> bool {
    let (mut up, mut down) = (false, false);
    for effect in &step.effects {
        match effect {
            Effect::Earned(movement) => up |= movement.points == set.by,
            Effect::Reversed(movement) => down |= movement.points == set.by,
            Effect::Adjusted { points, amount, .. } if *points == set.by => {
                up |= *amount > MicroPoints::ZERO;
                down |= *amount < MicroPoints::ZERO;
            }
            _ => {}
        }
    }
    if !up && !down {
        return false;
    }
    let Some(standing) = standing(step, ix, set) else {
        return false;
    };
    let level = step.state.tier(ix).map_or(0, |tier| tier.level);
    if up && standing.earned > level {
        ascend(step, ix, set, standing.earned);
        return true;
    }
    // What else this step earned is not taken away with what it took back.
    let left = match up {
        true => standing.left.max(standing.earned),
        false => standing.left,
    };
    if down && set.on_reversal == TierReversal::Demote && left < level {
        change(step, ix, set, left, TierReason::Reversal);
        return true;
    }
    false
}

/// Lifts the player to the levels that are reached: what the next points of each kind would do.
pub(crate) fn lift(step: &mut Step<'_>) {
    let programme = step.programme;
    loop {
        let mut changed = false;
        for (ix, set) in (0..).map(TierSetIx).zip(&programme.tiers) {
            let earned = standing(step, ix, set).map_or(0, |standing| standing.earned);
            if earned > step.state.tier(ix).map_or(0, |tier| tier.level) {
                ascend(step, ix, set, earned);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// The level that the player has when the set has been reviewed next, if nothing more comes.
pub(crate) fn leads_to(step: &Step<'_>, ix: TierSetIx, set: &TierSet) -> u16 {
    let level = step.state.tier(ix).map_or(0, |tier| tier.level);
    let outlook = outlook(step.programme, step.state, ix, set, step.now);
    outlook.projected.min(level)
}

fn ascend(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet, to: u16) {
    rise(step, ix, set, to);
    change(step, ix, set, to, TierReason::Earned);
    give_levels(step, ix, set, to);
}

fn standing(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet) -> Option<Standing> {
    let origin = step.origin;
    match set.qualify {
        Qualify::Lifetime => {
            let account = step.state.points.get(usize::from(set.by.0))?;
            let earned = level(set, account.credits);
            Some(Standing {
                earned,
                left: earned,
            })
        }
        Qualify::Calendar(kind) => with(step, ix, set, |look, tier| {
            calendar::standing(look, kind, tier, origin)
        }),
        Qualify::Rolling { length } => with(step, ix, set, |look, tier| {
            rolling::standing(look, length, tier)
        }),
    }
}

/// Tells the set's term of a level that was earned, before it changes.
fn rise(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet, to: u16) {
    let origin = step.origin;
    with(step, ix, set, |look, tier| match set.qualify {
        Qualify::Calendar(kind) => calendar::rise(look, kind, tier, origin, to),
        Qualify::Lifetime | Qualify::Rolling { .. } => {}
    });
}

/// Fires the review of a set.
pub(crate) fn review(step: &mut Step<'_>, ix: TierSetIx) {
    let Some(set) = step.programme.tiers.get(usize::from(ix.0)) else {
        return;
    };
    let to = with(step, ix, set, |look, tier| match set.qualify {
        Qualify::Calendar(kind) => Some(calendar::review(look, kind, tier)),
        Qualify::Rolling { length } => Some(rolling::review(look, length, tier)),
        Qualify::Lifetime => None,
    });
    let level = step.state.tier(ix).map_or(0, |tier| tier.level);
    if let Some(Some(to)) = to
        && to < level
    {
        change(step, ix, set, to, TierReason::PeriodEnd);
    }
}

/// How a set stands, for a reader; nothing is due before `now`.
pub(crate) struct Outlook {
    pub(crate) credits: MicroPoints,
    pub(crate) period: Option<Period>,
    pub(crate) projected: u16,
}

pub(crate) fn outlook(
    programme: &Programme,
    state: &State,
    ix: TierSetIx,
    set: &TierSet,
    now: Timestamp,
) -> Outlook {
    let mut tier = state.tier(ix).cloned().unwrap_or_default();
    let look = Look {
        programme,
        set,
        zones: &state.zones,
        now,
    };
    match set.qualify {
        Qualify::Calendar(kind) => calendar::outlook(look, kind, &mut tier),
        Qualify::Rolling { length } => rolling::outlook(look, length, &mut tier),
        Qualify::Lifetime => Outlook {
            credits: state
                .points
                .get(usize::from(set.by.0))
                .map_or(MicroPoints::ZERO, |account| account.credits),
            period: None,
            projected: tier.level,
        },
    }
}

/// The highest level that so many points reach; the first below its threshold too.
pub(crate) fn level(set: &TierSet, credits: MicroPoints) -> u16 {
    let reached = set.levels.partition_point(|level| level.at <= credits);
    u16::try_from(reached.saturating_sub(1)).unwrap_or(u16::MAX)
}

fn change(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet, to: u16, reason: TierReason) {
    let origin = step.origin;
    let changed = with(step, ix, set, |look, tier| {
        let from = std::mem::replace(&mut tier.level, to);
        tier.changes += 1;
        schedule(look, tier, origin);
        (from, tier.changes)
    });
    if let Some((from, n)) = changed {
        step.effects.push(Effect::TierChanged {
            tier: ix,
            from,
            to,
            reason,
            n,
        });
    }
}

/// Answers when a set is due, after its level changed.
fn schedule(look: Look<'_>, tier: &mut TierState, origin: Origin) {
    match look.set.qualify {
        Qualify::Calendar(kind) => {
            tier.term.rolling = None;
            calendar::schedule(look, kind, tier, origin);
        }
        Qualify::Rolling { length } => {
            tier.term.calendar = None;
            rolling::schedule(look, length, tier);
        }
        Qualify::Lifetime => tier.term = Term::default(),
    }
}

/// Moves what ends otherwise by another zone.
pub(crate) fn rezone(step: &mut Step<'_>) {
    let programme = step.programme;
    for (ix, set) in (0..).map(TierSetIx).zip(&programme.tiers) {
        with(step, ix, set, |look, tier| match set.qualify {
            Qualify::Calendar(kind) => calendar::rezone(look, kind, tier),
            // A grace of months ends by the zone's calendar.
            Qualify::Rolling { length } if tier.level > 0 => rolling::schedule(look, length, tier),
            Qualify::Rolling { .. } | Qualify::Lifetime => {}
        });
    }
}

/// Makes what the sets keep fit another version of the programme: a level whose set qualifies otherwise now is kept over the
/// period that runs.
pub(crate) fn rebind(programme: &Programme, state: &mut State) {
    let State {
        tiers,
        zones,
        clock,
        ..
    } = state;
    for (set, tier) in programme.tiers.iter().zip(tiers) {
        let look = Look {
            programme,
            set,
            zones,
            now: *clock,
        };
        let now = Origin {
            occurred_at: *clock,
            recorded_at: *clock,
        };
        schedule(look, tier, now);
    }
}

impl Term {
    /// Another version has its levels elsewhere.
    pub(crate) fn move_levels(&mut self, place: impl Fn(u16) -> u16) {
        if let Some(periods) = &mut self.calendar {
            periods.move_levels(place);
        }
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        match (&self.calendar, &self.rolling) {
            (Some(periods), _) => {
                writer.byte(1);
                periods.encode(writer);
            }
            (None, Some(rolling)) => {
                writer.byte(2);
                rolling.encode(writer);
            }
            (None, None) => writer.byte(0),
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut term = Self::default();
        match reader.byte()? {
            0 => {}
            1 => term.calendar = Some(Box::new(Periods::decode(reader)?)),
            2 => term.rolling = Some(Box::new(Rolling::decode(reader)?)),
            _ => return Err(DecodeError::Invalid("a qualification period")),
        }
        Ok(term)
    }

    pub(crate) fn bytes(&self) -> usize {
        let calendar = self.calendar.as_ref().map_or(0, |it| it.bytes());
        calendar + self.rolling.as_ref().map_or(0, |it| it.bytes())
    }
}

/// Rewards of all levels passed, once for life.
fn give_levels(step: &mut Step<'_>, ix: TierSetIx, set: &TierSet, to: u16) {
    let Some(tier) = step.state.tiers.get_mut(usize::from(ix.0)) else {
        return;
    };
    let from = tier.highest;
    tier.highest = from.max(to);
    for number in from.saturating_add(1)..=to {
        let Some(level) = set.levels.get(usize::from(number)) else {
            return;
        };
        let because = Because::Level(ix, number);
        for (at, item) in level.reward.iter().enumerate() {
            let same = level.reward[..=at].iter().filter(|other| *other == item);
            let number = same.count() as u32;
            if let Some(stocked) = step.programme.stock_of(*item)
                && waiting::level(step, because, stocked, number) != Some(true)
            {
                continue;
            }
            reward::give(step, *item, because, |_| number);
        }
    }
}
