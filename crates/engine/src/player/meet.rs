//! A player meets what changes: versions of the programme, and of the logic, one after the other.

use std::sync::Arc;

use programme::model::Programme;
use types::Timestamp;

use super::{Player, Worked};
use crate::fold::{self, History, State, Stop};
use crate::logic::Rules;

/// What a state is folded under.
#[derive(Clone)]
pub(crate) struct Under {
    pub(crate) rules: Rules,
    pub(crate) programme: Arc<Programme>,
}

impl Player {
    /// Meets all that took effect since, up to `to`, each at its time; `now`: when a publication is met that is known and has not taken
    /// effect here. Never goes back: what was folded under a newer one stays so.
    pub(super) fn meet(
        &mut self,
        to: Rules,
        now: Timestamp,
        history: &mut History,
        worked: &mut Worked,
    ) -> Result<(), Stop> {
        let from = self.under.rules;
        let to = from.or_newer(to);
        if to == from {
            return Ok(());
        }
        let mut steps = Vec::new();
        if from.is_any() {
            let timeline = self.tenure.timeline.borrow();
            steps = timeline.steps(&self.entity.brand, from, to);
        }
        if steps.last().is_none_or(|(last, _)| *last != to) {
            steps.push((to, now));
        }
        for (rules, at) in steps {
            let programme = self.tenure.programme(&self.entity.brand, rules);
            let missing = || {
                let Rules { number, logic } = rules;
                Stop::Broken(format!(
                    "publication {number} under logic version {logic} is not here"
                ))
            };
            let programme = programme.ok_or_else(missing)?;
            if from.is_any() {
                let before = &self.under.programme;
                let decided = fold::change(before, &programme, &mut self.state, at);
                self.adopt(decided, history, worked);
            }
            self.under = Under { rules, programme };
        }
        Ok(())
    }

    /// Programme and state of a reader who looks now; `None` where they are those that are kept.
    pub(super) fn ahead(&self, to: Rules) -> Option<(Arc<Programme>, State)> {
        let from = self.under.rules;
        let to = from.or_newer(to);
        if !from.is_any() || to == from {
            return None;
        }
        let mut programme = Arc::clone(&self.under.programme);
        let mut state = self.state.clone();
        let timeline = self.tenure.timeline.borrow();
        for (rules, at) in timeline.steps(&self.entity.brand, from, to) {
            let next = self.tenure.programme(&self.entity.brand, rules)?;
            fold::change(&programme, &next, &mut state, at);
            programme = next;
        }
        Some((programme, state))
    }
}
