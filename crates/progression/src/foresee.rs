//! What another version would mean for a player: met as a publication has it met, then looked at.
//!
//! The state meets the version by [`change`](crate::change), in a copy. What follows is done in that copy too, by the code that does it when the
//! player's next events come: missions that are at their goal complete, and tiers are judged.

use programme::model::{Mission, MissionIx, Programme, TierSetIx};
use types::{Decimal, EventId, SourceId, Timestamp};

use crate::effect::Effect;
use crate::goal;
use crate::mission;
use crate::period::Period;
use crate::slot::Slot;
use crate::state::{Moves, State};
use crate::step::Step;
use crate::stock::{Tell, Told};
use crate::tier;
use crate::timer;

/// What a version would mean for one player, at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foresight {
    /// Missions, of the version, that the player completes with the next event that counts for them, since their running period is at
    /// or past the goal as the version has it, and was not before.
    pub completes: Vec<MissionIx>,
    /// Missions of which running progress is lost, in part or whole.
    pub falls: Vec<Fall>,
    /// Tier sets in which the player comes to stand on another level.
    pub moves: Vec<Move>,
    /// What that gives: rewards of these completions and of levels that are reached, as events would bring them. Of what there are
    /// only so many, as if there were enough.
    pub effects: Vec<Effect>,
}

/// Progress that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fall {
    /// Which mission, as it is called until then.
    pub mission: Box<str>,
    /// In which period.
    pub period: Period,
    /// The progress before, as a decimal.
    pub from: Box<str>,
    /// The progress after; `None`: neither mission nor period are there any more.
    pub to: Option<Box<str>>,
}

/// Another level than without the version: at once where the version does not have the level, with the next points where they reach a
/// higher one, at the next review where they keep a lower one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The set, of the version.
    pub tier: TierSetIx,
    /// The level that it would be without the version, as it is called there.
    pub from: Box<str>,
    /// The level, of the version.
    pub to: u16,
}

impl Foresight {
    /// Whether the version means nothing for the player.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What it would mean for a player that a version takes the place of the one that he is folded under; nothing for one who was erased.
pub fn foresee(
    before: &Programme,
    programme: &Programme,
    state: &State,
    at: Timestamp,
) -> Foresight {
    if state.erased {
        return Foresight::default();
    }
    let mut was = state.clone();
    timer::due(before, &mut was, at);
    was.clock = was.clock.max(at);
    let mut is = was.clone();
    timer::change(before, programme, &mut is, at);
    let moves = Moves::between(&was.names, &is.names);
    let due_before: Vec<(Option<MissionIx>, Period)> = due(before, &was, at)
        .into_iter()
        .map(|(ix, period)| (moves.mission(ix), period))
        .collect();
    let mut due = due(programme, &is, at);
    due.retain(|(ix, period)| !due_before.contains(&(Some(*ix), *period)));
    let falls = falls(before, programme, (&was, &is), &moves, at);
    let (levels, _) = led_to(before, &mut was, &[]);
    let (leads, effects) = led_to(programme, &mut is, &due);
    Foresight {
        completes: completed(&effects),
        falls,
        moves: moved((before, &levels), &leads, &moves),
        effects,
    }
}

/// Running periods that are at their goal and wait for an event that counts.
fn due(programme: &Programme, state: &State, at: Timestamp) -> Vec<(MissionIx, Period)> {
    if state.restrictions.hold(at) {
        return Vec::new();
    }
    let mut due = Vec::new();
    for (ix, kept) in state.missions.iter() {
        let mission = &programme.missions[usize::from(ix.0)];
        for slot in kept.slots.iter().filter(|slot| slot.end > at) {
            if mission::is_due(slot.rules(programme, mission).1, slot)
                && mission::open_at(state, ix, mission, at).is_ok()
            {
                due.push((ix, slot.period));
            }
        }
    }
    due
}

/// Running progress that is less, or gone.
fn falls(
    before: &Programme,
    programme: &Programme,
    (was, is): (&State, &State),
    moves: &Moves,
    at: Timestamp,
) -> Vec<Fall> {
    let mut falls = Vec::new();
    for (ix, kept) in was.missions.iter() {
        let mission = &before.missions[usize::from(ix.0)];
        let running = kept.slots.iter();
        for slot in running.filter(|slot| slot.end > at && !slot.stands()) {
            let from = shown(before, mission, slot);
            if number(&from) == Decimal::ZERO {
                continue;
            }
            let now = moves.mission(ix).and_then(|ix| {
                let kept = is.mission(ix)?;
                let slot = kept.slot(slot.period)?;
                Some(shown(
                    programme,
                    &programme.missions[usize::from(ix.0)],
                    slot,
                ))
            });
            if now.as_ref().is_none_or(|now| number(now) < number(&from)) {
                falls.push(Fall {
                    mission: mission.id.clone(),
                    period: slot.period,
                    from: from.into(),
                    to: now.map(Into::into),
                });
            }
        }
    }
    falls
}

fn shown(programme: &Programme, mission: &Mission, slot: &Slot) -> String {
    goal::shown(&slot.rules(programme, mission).1.goal, &slot.parts)
}

fn number(shown: &str) -> Decimal {
    shown.parse().unwrap_or_default()
}

/// Completes what is due, lifts the player to the levels that are reached, and says to which levels the sets lead then.
fn led_to(
    programme: &Programme,
    state: &mut State,
    due: &[(MissionIx, Period)],
) -> (Vec<u16>, Vec<Effect>) {
    let at = state.clock;
    let mut enough = |tell: Tell| match tell.told {
        Told::Asked(_) => Some(true),
        _ => None,
    };
    let mut step = Step::new(programme, state);
    step.deliver = Some(&mut enough);
    step.by = Some((SourceId::questline(), EventId::of_hash(0)));
    step.grew.extend_from_slice(due);
    mission::complete(&mut step, at);
    tier::lift(&mut step);
    let sets = (0..).map(TierSetIx).zip(&programme.tiers);
    let leads = sets
        .map(|(ix, set)| tier::leads_to(&step, ix, set))
        .collect();
    (leads, step.effects)
}

fn completed(effects: &[Effect]) -> Vec<MissionIx> {
    let mission = |effect: &Effect| match effect {
        Effect::Completed { mission, .. } => Some(*mission),
        _ => None,
    };
    effects.iter().filter_map(mission).collect()
}

/// Sets of both versions that lead to different levels.
fn moved((before, was): (&Programme, &[u16]), is: &[u16], moves: &Moves) -> Vec<Move> {
    let mut moved = Vec::new();
    for ((ix, set), level) in (0..).map(TierSetIx).zip(&before.tiers).zip(was) {
        let Some((tier, levels)) = moves.tier(ix) else {
            continue;
        };
        let to = is.get(usize::from(tier.0)).copied().unwrap_or(0);
        if levels.get(*level) != Some(to) {
            let from = set.levels.get(usize::from(*level));
            moved.push(Move {
                tier,
                from: from.map_or_else(Box::default, |from| from.id.clone()),
                to,
            });
        }
    }
    moved
}
