//! Folding one record.

use programme::model::Programme;
use types::Record;

use crate::decision::{Decision, Outcome};
use crate::journal::History;
use crate::state::State;

/// The sealed segments that the record needs and `history` does not hold; ask again after adding them, until there are none.
pub fn wants(_: &Programme, _: &State, _: &History, _: &Record) -> Vec<u32> {
    Vec::new()
}

/// Folds one record into the state. Total: whatever stands in the log is applied, recognised as a repetition or refused.
pub fn apply(
    programme: &Programme,
    state: &mut State,
    _history: &History,
    record: &Record,
) -> Decision {
    state.bind(programme);
    state.applied = record.position;
    state.clock = state.clock.max(record.recorded_at);
    Decision {
        outcome: Outcome::Ticked,
        emissions: Vec::new(),
        sealed: Vec::new(),
        replayed: None,
    }
}
