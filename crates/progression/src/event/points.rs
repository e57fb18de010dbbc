//! `points_spent`, `points_held`, `hold_released`, `points_adjusted`: what the player, or a person at the operator's, commands.
//!
//! These move points and nothing else is told: who commanded it knows. Spending never lowers a level; an adjustment counts as if it had
//! been earned or taken back, so that points that are brought along from elsewhere qualify.

use programme::model::{Duration, PointsIx, PointsKind, Programme};
use types::{Attributes, Event, EventId, MicroPoints, Timestamp, Value};

use crate::account::HOLDS_MAX;
use crate::decision::Refusal;
use crate::effect::Effect;
use crate::state::State;
use crate::step::Step;
use crate::tier;

/// What is commanded, and can be done.
pub(crate) enum Command {
    Spend {
        points: PointsIx,
        amount: MicroPoints,
        /// Out of this hold, of which the rest comes back.
        hold: Option<Box<str>>,
    },
    Hold {
        points: PointsIx,
        amount: MicroPoints,
        hold: Box<str>,
        within: Duration,
    },
    Release {
        points: PointsIx,
        hold: Box<str>,
    },
    Adjust {
        points: PointsIx,
        amount: MicroPoints,
        reason: Option<Box<str>>,
    },
}

/// Spending: only what is there, or what a hold holds.
pub(super) fn spend(
    programme: &Programme,
    state: &State,
    event: &Event,
    now: Timestamp,
) -> Result<Command, Refusal> {
    let said = &event.attributes;
    if let Some(id) = named(said)? {
        return commit(programme, state, said, id);
    }
    let points = spendable(programme, said)?;
    let amount = amount_from_zero(said)?;
    if amount > state.available(points, now) {
        return Err(Refusal::NotEnoughPoints);
    }
    Ok(Command::Spend {
        points,
        amount,
        hold: None,
    })
}

/// Spending what was held: all of it where no amount is said.
fn commit(
    programme: &Programme,
    state: &State,
    said: &Attributes,
    id: &str,
) -> Result<Command, Refusal> {
    let (points, hold) = state.hold(id).ok_or(Refusal::UnknownHold)?;
    if said.contains_key("points") && spendable(programme, said)? != points {
        return Err(Refusal::UnknownHold);
    }
    let amount = match said.contains_key("amount") {
        true => amount_from_zero(said)?,
        false => hold.amount(),
    };
    if amount > hold.amount() {
        return Err(Refusal::NotEnoughPoints);
    }
    Ok(Command::Spend {
        points,
        amount,
        hold: Some(id.into()),
    })
}

/// Setting aside: only what is there, and never for ever.
pub(super) fn hold(
    programme: &Programme,
    state: &State,
    event: &Event,
    now: Timestamp,
) -> Result<Command, Refusal> {
    let said = &event.attributes;
    let points = spendable(programme, said)?;
    let amount = amount_from_zero(said)?;
    let within = match said.get("within") {
        None => WITHIN,
        Some(text) => text
            .as_text()
            .and_then(programme::duration)
            .filter(|within| !within.is_zero())
            .ok_or(Refusal::BadAttribute)?,
    };
    let id = named(said)?.unwrap_or(event.id.as_str());
    if amount == MicroPoints::ZERO {
        return Err(Refusal::BadAttribute);
    }
    if state.hold(id).is_some() {
        return Err(Refusal::HoldExists);
    }
    if amount > state.available(points, now) {
        return Err(Refusal::NotEnoughPoints);
    }
    let holds = state.points.get(usize::from(points.0));
    if holds.is_some_and(|account| account.holds.len() >= HOLDS_MAX) {
        return Err(Refusal::TooManyHolds);
    }
    Ok(Command::Hold {
        points,
        amount,
        hold: id.into(),
        within,
    })
}

/// Giving back what was held.
pub(super) fn release(state: &State, event: &Event) -> Result<Command, Refusal> {
    let id = named(&event.attributes)?.ok_or(Refusal::MissingField)?;
    let (points, _) = state.hold(id).ok_or(Refusal::UnknownHold)?;
    Ok(Command::Release {
        points,
        hold: id.into(),
    })
}

/// By hand: any points, up or down, below zero too.
pub(super) fn adjust(programme: &Programme, event: &Event) -> Result<Command, Refusal> {
    let reason = event.attributes.get("reason").and_then(Value::as_text);
    Ok(Command::Adjust {
        points: points(programme, &event.attributes)?,
        amount: amount(&event.attributes)?,
        reason: reason.map(Into::into),
    })
}

pub(super) fn carry_out(step: &mut Step<'_>, command: Command) {
    match command {
        Command::Spend {
            points,
            amount,
            hold,
        } => {
            if amount > MicroPoints::ZERO {
                step.spend(points, amount, hold.as_deref());
            } else if let Some(hold) = hold {
                step.release(points, &hold);
            }
        }
        Command::Hold {
            points,
            amount,
            hold,
            within,
        } => step.hold(points, amount, &hold, step.later(within)),
        Command::Release { points, hold } => step.release(points, &hold),
        Command::Adjust {
            points,
            amount,
            reason,
        } => {
            if amount != MicroPoints::ZERO {
                step.adjust(points, amount);
                step.effects.push(Effect::Adjusted {
                    points,
                    amount,
                    reason,
                });
                tier::judge(step);
            }
        }
    }
}

fn points(programme: &Programme, attributes: &Attributes) -> Result<PointsIx, Refusal> {
    let name = attributes.get("points").ok_or(Refusal::MissingField)?;
    let name = name.as_text().ok_or(Refusal::BadAttribute)?;
    // By whatever name they ever had: who sends it may not know yet that they have another.
    let found = programme.points_called(name);
    found.ok_or(Refusal::UnknownPoints)
}

/// The hold that is named.
fn named(attributes: &Attributes) -> Result<Option<&str>, Refusal> {
    let Some(hold) = attributes.get("hold") else {
        return Ok(None);
    };
    let id = hold.as_text().filter(|id| EventId::new(id).is_ok());
    id.map(Some).ok_or(Refusal::BadAttribute)
}

fn amount_from_zero(attributes: &Attributes) -> Result<MicroPoints, Refusal> {
    let amount = amount(attributes)?;
    match amount < MicroPoints::ZERO {
        true => Err(Refusal::BadAttribute),
        false => Ok(amount),
    }
}

fn spendable(programme: &Programme, attributes: &Attributes) -> Result<PointsIx, Refusal> {
    let ix = points(programme, attributes)?;
    match programme.points[usize::from(ix.0)].kind {
        PointsKind::Spendable { .. } => Ok(ix),
        PointsKind::Status => Err(Refusal::NotSpendable),
    }
}

fn amount(attributes: &Attributes) -> Result<MicroPoints, Refusal> {
    let amount = attributes.get("amount").ok_or(Refusal::MissingField)?;
    let amount = amount.as_number().and_then(MicroPoints::from_decimal);
    amount
        .filter(|amount| amount.0.unsigned_abs() < POINTS_MAX)
        .ok_or(Refusal::BadAttribute)
}

/// How long a hold lasts that does not say it.
const WITHIN: Duration = Duration::Elapsed {
    ns: 24 * 3_600 * 1_000_000_000,
};

/// Below 10^15 points, as everywhere in a programme; in millionths.
const POINTS_MAX: u128 = 1_000_000_000_000_000_000_000;
