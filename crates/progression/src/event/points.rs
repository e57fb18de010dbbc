//! `points_spent`, `points_adjusted`: movements that the player, or a person at the operator's, commands.
//!
//! They move points and nothing else is told: who commanded it knows. Spending never lowers a level; an adjustment counts as if it had
//! been earned or taken back, so that points that are brought along from elsewhere qualify.

use programme::model::{PointsIx, PointsKind, Programme};
use types::{Attributes, Event, MicroPoints, Value};

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
    },
    Adjust {
        points: PointsIx,
        amount: MicroPoints,
        reason: Option<Box<str>>,
    },
}

/// Spending: only what is there.
pub(super) fn spend(
    programme: &Programme,
    state: &State,
    event: &Event,
) -> Result<Command, Refusal> {
    let points = spendable(programme, &event.attributes)?;
    let amount = amount(&event.attributes)?;
    if amount < MicroPoints::ZERO {
        return Err(Refusal::BadAttribute);
    }
    if amount > state.available(points) {
        return Err(Refusal::NotEnoughPoints);
    }
    Ok(Command::Spend { points, amount })
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
        Command::Spend { points, amount } => {
            if amount > MicroPoints::ZERO {
                step.spend(points, amount);
            }
        }
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
    let mut all = (0..).map(PointsIx).zip(&programme.points);
    let found = all.find(|(_, points)| *points.id == *name);
    found.map(|(ix, _)| ix).ok_or(Refusal::UnknownPoints)
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

/// Below 10^15 points, as everywhere in a programme; in millionths.
const POINTS_MAX: u128 = 1_000_000_000_000_000_000_000;
