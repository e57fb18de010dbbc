//! `mission_claimed`: the player collects what a completion offers.
//!
//! Of the mission and period that are named, else the oldest that is open. What has lapsed is open no more.

use programme::model::{MissionIx, Programme};
use types::{Event, Timestamp};

use super::opt_in::named;
use crate::decision::Refusal;
use crate::mission::claim;
use crate::period::Period;
use crate::state::State;
use crate::step::Step;
use crate::tier;

const PERIOD: &str = "period";

/// The offer that is claimed.
pub(super) fn check(
    programme: &Programme,
    state: &State,
    event: &Event,
    now: Timestamp,
) -> Result<(MissionIx, Period), Refusal> {
    let mission = named(programme, event)?;
    let period = match event.attributes.get(PERIOD) {
        None => None,
        Some(value) => Some(value.as_text().ok_or(Refusal::BadAttribute)?),
    };
    let occurred_at = event.occurred_at.min(now);
    if state.restrictions.hold(occurred_at) || state.restrictions.hold(now) {
        return Err(Refusal::Restricted);
    }
    claim::open(state, mission, period).ok_or(Refusal::NothingToClaim)
}

pub(super) fn carry_out(step: &mut Step<'_>, event: &Event, ix: MissionIx, period: Period) {
    claim::claim(step, ix, period, event.occurred_at.min(step.now));
    tier::judge(step);
}
