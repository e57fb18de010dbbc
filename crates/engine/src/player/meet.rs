//! A player meets the versions of the programme, one after the other.

use std::sync::Arc;

use programme::model::Programme;
use types::Timestamp;

use super::{Player, Worked};
use crate::fold::{self, History, State, Stop};

/// The publication that a state is folded under.
#[derive(Clone)]
pub(crate) struct Under {
    /// 0 before there is anything to fold.
    pub(crate) number: u64,
    pub(crate) programme: Arc<Programme>,
}

impl Player {
    /// Meets every publication that took effect since, up to one, each at its time; `now`: when one is met that is known and has not
    /// taken effect here. Never goes back: what was folded under a newer one stays so.
    pub(super) fn meet(
        &mut self,
        number: u64,
        now: Timestamp,
        history: &mut History,
        worked: &mut Worked,
    ) -> Result<(), Stop> {
        if number <= self.under.number {
            return Ok(());
        }
        let begins = self.under.number == 0;
        let mut steps = Vec::new();
        if !begins {
            let timeline = self.tenure.timeline.borrow();
            let active = timeline.between(&self.entity.brand, self.under.number, number);
            steps.extend(active.into_iter().map(|it| (it.number, it.at)));
        }
        if steps.last().is_none_or(|(last, _)| *last < number) {
            steps.push((number, now));
        }
        for (number, at) in steps {
            let programme = self.tenure.programme(&self.entity.brand, number);
            let missing = || Stop::Broken(format!("publication {number} is not here"));
            let programme = programme.ok_or_else(missing)?;
            if !begins {
                let before = &self.under.programme;
                let decided = fold::change(before, &programme, &mut self.state, at);
                self.adopt(decided, history, worked);
            }
            self.under = Under { number, programme };
        }
        Ok(())
    }

    /// Programme and state of a reader who looks now; `None` where they are those that are kept.
    pub(super) fn ahead(&self, number: u64) -> Option<(Arc<Programme>, State)> {
        if self.under.number == 0 || number <= self.under.number {
            return None;
        }
        let mut programme = Arc::clone(&self.under.programme);
        let mut state = self.state.clone();
        let timeline = self.tenure.timeline.borrow();
        for it in timeline.between(&self.entity.brand, self.under.number, number) {
            let next = self.tenure.programme(&self.entity.brand, it.number)?;
            fold::change(&programme, &next, &mut state, it.at);
            programme = next;
        }
        Some((programme, state))
    }
}
