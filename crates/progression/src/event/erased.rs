//! `player_erased`: who the player was is forgotten.
//!
//! What stands in the ledger stays, since it is the operator's book and has to balance: points, levels, completions, the journal, all under
//! the player's id, which by itself is nobody's name. The profile goes. Nothing more happens: no timer fires, every later event is
//! refused, what was asked of a stock goes back when it comes.

use crate::effect::Effect;
use crate::profile::Profile;
use crate::step::Step;

pub(super) fn carry_out(step: &mut Step<'_>) {
    step.state.profile = Profile::default();
    step.state.waiting.clear();
    step.state.erased = true;
    step.effects.push(Effect::Erased);
}
