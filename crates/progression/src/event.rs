//! Event kinds: what each asks for. One kind, one file.

mod bet;
mod claim;
mod countable;
mod erased;
mod grant;
mod opt_in;
pub(crate) mod part;
mod points;
mod profile;
mod restricted;
mod reversal;
mod settlement;

pub(crate) use bet::SETTLED;

use programme::model::{BuiltIn, MissionIx, Programme};
use types::{Event, Timestamp};

use crate::decision::{Outcome, Refusal};
use crate::emission::Subject;
use crate::fact::Fact;
use crate::journal::{Entry, Search};
use crate::mission;
use crate::period::Period;
use crate::report::Reported;
use crate::restriction::Status;
use crate::state::State;
use crate::step::Step;
use crate::stock::{self, Answer, Keep};
use crate::waiting;

/// What an event will do, with everything older that it needs.
pub(crate) enum Plan<'e> {
    /// Rules and missions look at it.
    Count(Box<countable::Count<'e>>),
    /// As above; then it changes the profile.
    Profile(Box<countable::Count<'e>>),
    /// The player joins a mission.
    OptIn(MissionIx),
    /// The player collects a reward.
    Claim(MissionIx, Period),
    /// It takes back what an earlier event caused.
    Reverse(Box<reversal::Reverse>),
    /// It changes whether the player may be rewarded.
    Restrict(Status),
    /// It commands points to move.
    Move(points::Command),
    /// It says what became of a grant.
    Report(Reported),
    /// It is a bet's result.
    Settle(Box<settlement::Settle>),
    /// A stock is asked for a unit, or given one back.
    Keep(Keep),
    /// A stock answers the player.
    Answer(Answer),
    /// Who the player was is forgotten.
    Erase,
    /// It is written down and does nothing.
    Refuse(Refusal),
}

impl Plan<'_> {
    /// Whether a window that runs from the player's first record may begin with it: with anything but what undoes, restricts or is
    /// refused.
    fn is_a_record(&self) -> bool {
        match self {
            Self::Count(count) | Self::Profile(count) => !count.is_gone(),
            Self::Settle(settle) => !settle.is_a_return(),
            Self::OptIn(_) | Self::Claim(..) | Self::Move(_) | Self::Report(_) => true,
            Self::Reverse(_) | Self::Restrict(_) | Self::Refuse(_) => false,
            Self::Keep(_) | Self::Answer(_) | Self::Erase => false,
        }
    }
}

pub(crate) fn plan<'e>(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    event: &'e Event,
    now: Timestamp,
) -> Plan<'e> {
    let planned = try_plan(programme, state, search, event, now);
    planned.unwrap_or_else(Plan::Refuse)
}

fn try_plan<'e>(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    event: &'e Event,
    now: Timestamp,
) -> Result<Plan<'e>, Refusal> {
    if stock::is_tell(event) {
        return match event.player.shared_name() {
            Some(name) => Keep::of(programme, search, event, name).map(Plan::Keep),
            None if *event.kind == *Event::ERASED => match state.erased {
                true => Err(Refusal::Erased),
                false => Ok(Plan::Erase),
            },
            None => stock::answer(event).map(Plan::Answer),
        };
    }
    if state.erased {
        return Err(Refusal::Erased);
    }
    let ix = programme
        .event_types
        .find(&event.kind)
        .ok_or(Refusal::UnknownType)?;
    let count = |search: &mut Search<'_>| {
        let fact = Fact::of(programme, event, ix, now)?;
        let count = countable::Count::of(programme, state, search, fact);
        Ok::<_, Refusal>(Box::new(count))
    };
    match programme.event_types.get(ix).built_in {
        Some(BuiltIn::OrderRefunded | BuiltIn::OrderCancelled | BuiltIn::BetRolledBack) => {
            reversal::Reverse::of(programme, state, search, event, now)
                .map(|it| Plan::Reverse(Box::new(it)))
        }
        Some(BuiltIn::PlayerRestricted) => restricted::status(event).map(Plan::Restrict),
        Some(BuiltIn::PointsSpent) => points::spend(programme, state, event, now).map(Plan::Move),
        Some(BuiltIn::PointsHeld) => points::hold(programme, state, event, now).map(Plan::Move),
        Some(BuiltIn::HoldReleased) => points::release(state, event).map(Plan::Move),
        Some(BuiltIn::PointsAdjusted) => points::adjust(programme, event).map(Plan::Move),
        Some(BuiltIn::GrantUpdated) => grant::status(event).map(Plan::Report),
        Some(BuiltIn::BetSettled) => settlement::Settle::of(programme, state, search, event, now)
            .map(|it| Plan::Settle(Box::new(it))),
        Some(BuiltIn::ProfileChanged) => {
            profile::check(event)?;
            count(search).map(Plan::Profile)
        }
        Some(BuiltIn::MissionClaimed) => {
            claim::check(programme, state, event, now).map(|(ix, period)| Plan::Claim(ix, period))
        }
        Some(BuiltIn::MissionOptedIn) => {
            opt_in::check(programme, state, event, now).map(Plan::OptIn)
        }
        Some(BuiltIn::BetPlaced | BuiltIn::Deposit | BuiltIn::Withdrawal | BuiltIn::Order) => {
            if event.amount.is_none() || event.currency.is_none() {
                return Err(Refusal::MissingAmount);
            }
            count(search).map(Plan::Count)
        }
        None | Some(BuiltIn::Registered | BuiltIn::SessionStarted) => {
            count(search).map(Plan::Count)
        }
    }
}

pub(crate) fn carry_out(
    step: &mut Step<'_>,
    event: &Event,
    plan: Plan<'_>,
    entry: &mut Entry,
) -> Outcome {
    if plan.is_a_record() {
        mission::begin(step, event.occurred_at.min(step.now));
    }
    match plan {
        Plan::Count(mut count) => count.carry_out(step, entry),
        Plan::Profile(mut count) => {
            count.carry_out(step, entry);
            profile::carry_out(step, event);
        }
        Plan::Claim(ix, period) => claim::carry_out(step, event, ix, period),
        Plan::OptIn(ix) => opt_in::carry_out(step, event, ix),
        Plan::Reverse(reverse) => reverse.carry_out(step, event, entry),
        Plan::Restrict(status) => restricted::carry_out(step, event, status),
        Plan::Move(command) => points::carry_out(step, command),
        Plan::Report(status) => grant::carry_out(step, event, status),
        Plan::Settle(settle) => settle.carry_out(step, event, entry),
        Plan::Keep(keep) => return keep.carry_out(step, event, entry),
        Plan::Answer(answer) => {
            let subject = Subject {
                brand: &step.programme.brand,
                player: &event.player,
            };
            if let Some(occasion) = waiting::settle(step, subject, answer) {
                entry.by = Some(Box::new((occasion.source, occasion.id)));
            }
        }
        Plan::Erase => erased::carry_out(step),
        Plan::Refuse(refusal) => return Outcome::Refused(refusal),
    }
    Outcome::Applied
}
