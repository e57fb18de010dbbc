//! Asking for units, and what is done once no answer is missing.

use programme::model::{Grant, Mission, MissionIx, RewardIx};
use types::Timestamp;

use super::{Asked, Occasion, Waiting};
use crate::effect::Because;
use crate::goal;
use crate::mission;
use crate::period::Period;
use crate::slot::Slot;
use crate::state::State;
use crate::step::Step;
use crate::stock::{Ask, Stock, Told, Unit};

/// What a completion needs next.
enum Next {
    /// A unit that has not been asked for.
    Ask(Stock),
    /// An answer.
    Wait,
    /// The limit is reached.
    Full,
    /// Nothing more.
    Complete,
}

/// A mission has reached its goal: it completes, at once where it shares nothing with other players.
pub(crate) fn complete<'p>(
    step: &mut Step<'p>,
    ix: MissionIx,
    mission: &'p Mission,
    period: Period,
    occurred_at: Timestamp,
) {
    if !shares(step, mission) {
        return mission::fate::complete(step, ix, mission, period, occurred_at, Vec::new());
    }
    let Some(occasion) = step.occasion(occurred_at) else {
        return;
    };
    let because = Because::Mission(ix, period);
    match find(step.state, because) {
        Some(waiting) => waiting.later = Some(Box::new(occasion)),
        None => {
            begin(step, because, occasion);
            advance(step, ix, period);
        }
    }
}

/// Asks for a unit of a level's reward: the answer, where it is there at once.
pub(crate) fn level(
    step: &mut Step<'_>,
    because: Because,
    reward: RewardIx,
    n: u32,
) -> Option<bool> {
    let stock = Stock::Reward(reward);
    let ask = Ask {
        unit: Unit { stock, because, n },
        at: step.now,
        size: stock.size(step.programme)?,
    };
    let given = step.tell(Told::Asked(ask));
    if given.is_none()
        && let Some(occasion) = step.occasion(step.origin.occurred_at)
    {
        if find(step.state, because).is_none() {
            let waiting = Waiting::new(because, occasion, step.now);
            step.state.waiting.push(waiting);
        }
        if let Some(waiting) = find(step.state, because) {
            waiting.asks.push(Asked { ask, given });
        }
    }
    given
}

/// Goes on as far as the answers let it.
pub(super) fn advance(step: &mut Step<'_>, ix: MissionIx, period: Period) {
    let because = Because::Mission(ix, period);
    let Some(mission) = step.programme.missions.get(usize::from(ix.0)) else {
        return;
    };
    loop {
        if !is_wanted(step, ix, mission, period) {
            return end(step, ix, period);
        }
        match next(step, mission, because) {
            Next::Ask(stock) => ask(step, because, stock),
            Next::Wait => return,
            Next::Full => {
                let later = waiting_later(step.state, because);
                end(step, ix, period);
                let Some(later) = later else { return };
                begin(step, because, later);
            }
            Next::Complete => return finish(step, ix, mission, period),
        }
    }
}

/// Ends a waiting without a completion: what was asked for goes back, whether it was given or not yet.
pub(crate) fn end(step: &mut Step<'_>, ix: MissionIx, period: Period) {
    let because = Because::Mission(ix, period);
    if let Some(waiting) = take(step, because) {
        let back = waiting.asks.iter();
        for asked in back.filter(|asked| asked.given != Some(false)) {
            step.tell(Told::Returned(asked.ask.unit));
        }
    }
}

fn finish<'p>(step: &mut Step<'p>, ix: MissionIx, mission: &'p Mission, period: Period) {
    let because = Because::Mission(ix, period);
    let Some(waiting) = take(step, because) else {
        return;
    };
    let given = waiting
        .asks
        .iter()
        .filter(|asked| asked.given == Some(true));
    let units = given.map(|asked| asked.ask.unit).collect();
    let occurred_at = waiting.occasion.occurred_at;
    mission::fate::complete(step, ix, mission, period, occurred_at, units);
}

fn begin(step: &mut Step<'_>, because: Because, occasion: Occasion) {
    step.state
        .waiting
        .push(Waiting::new(because, occasion, step.now));
    if let Some(slot) = slot(step.state, because) {
        slot.units.get_or_insert_default().awaited = true;
    }
}

fn ask(step: &mut Step<'_>, because: Because, stock: Stock) {
    let Some(slot) = slot(step.state, because) else {
        return;
    };
    let units = slot.units.get_or_insert_default();
    units.asked += 1;
    let n = units.asked;
    let ask = Ask {
        unit: Unit { stock, because, n },
        at: step.now,
        size: stock.size(step.programme).unwrap_or_default(),
    };
    let given = step.tell(Told::Asked(ask));
    if let Some(waiting) = find(step.state, because) {
        waiting.asks.push(Asked { ask, given });
    }
}

/// The limit first, so that nobody takes a reward from another for nothing; then the reward, item by item.
fn next(step: &Step<'_>, mission: &Mission, because: Because) -> Next {
    let Some(waiting) = look(step.state, because) else {
        return Next::Wait;
    };
    if let (Some(_), Because::Mission(ix, _)) = (mission.limit.total, because) {
        let limit = Stock::Completions(ix);
        match waiting.asks.iter().find(|it| it.ask.unit.stock == limit) {
            None => return Next::Ask(limit),
            Some(Asked { given: None, .. }) => return Next::Wait,
            Some(Asked {
                given: Some(false), ..
            }) => return Next::Full,
            Some(_) => {}
        }
    }
    for (at, item) in mission.reward.iter().enumerate() {
        let Some(stock) = step.programme.stock_of(*item) else {
            continue;
        };
        let needed = mission.reward[..=at].iter().filter(|it| *it == item);
        let asked = waiting.asks.iter();
        let asked = asked.filter(|it| it.ask.unit.stock == Stock::Reward(stock));
        if asked.count() < needed.count() {
            return Next::Ask(Stock::Reward(stock));
        }
    }
    match waiting.is_open() {
        true => Next::Wait,
        false => Next::Complete,
    }
}

/// Whether the completion is still to be: judged at each answer as it would be now.
fn is_wanted(step: &Step<'_>, ix: MissionIx, mission: &Mission, period: Period) -> bool {
    let Some(kept) = step.state.mission(ix) else {
        return false;
    };
    let most = mission.limit.per_player;
    most.is_none_or(|most| kept.standing < most)
        && kept.slot(period).is_some_and(|slot| {
            let (_, rules) = slot.rules(step.programme, mission);
            !slot.stands() && goal::reached(&rules.goal, &slot.parts)
        })
}

/// Whether a completion asks other entities for anything.
fn shares(step: &Step<'_>, mission: &Mission) -> bool {
    let stocked = |item: &Grant| step.programme.stock_of(*item).is_some();
    mission.limit.total.is_some() || mission.reward.iter().any(stocked)
}

fn take(step: &mut Step<'_>, because: Because) -> Option<Waiting> {
    let all = &mut step.state.waiting;
    let at = all.iter().position(|it| it.because == because)?;
    let waiting = all.remove(at);
    if let Some(units) = slot(step.state, because).and_then(|slot| slot.units.as_mut()) {
        units.awaited = false;
    }
    Some(waiting)
}

fn waiting_later(state: &mut State, because: Because) -> Option<Occasion> {
    find(state, because)?.later.take().map(|later| *later)
}

fn look(state: &State, because: Because) -> Option<&Waiting> {
    state.waiting.iter().find(|it| it.because == because)
}

pub(super) fn find(state: &mut State, because: Because) -> Option<&mut Waiting> {
    state.waiting.iter_mut().find(|it| it.because == because)
}

/// The period that waits: in memory for as long as it does.
fn slot(state: &mut State, because: Because) -> Option<&mut Slot> {
    let Because::Mission(ix, period) = because else {
        return None;
    };
    state.missions.get_mut(ix)?.slot_mut(period)
}
