//! What a draft would mean for a player.

use std::sync::Arc;

use actix::{Handler, Message, MessageResult};
use programme::model::Programme;
use progression::Foresight;
use types::Timestamp;

use super::Player;
use crate::logic::Rules;

/// Asks what a draft would mean, if it took effect now.
#[derive(Clone)]
pub(crate) struct Foresee {
    pub(crate) draft: Arc<Programme>,
    /// What is in effect.
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

/// `None` for a player that never had an event.
impl Message for Foresee {
    type Result = Option<Foresight>;
}

impl Handler<Foresee> for Player {
    type Result = MessageResult<Foresee>;

    fn handle(&mut self, asked: Foresee, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.foresee(&asked))
    }
}

impl Player {
    /// From where the player stands, every publication in effect met.
    pub(crate) fn foresee(&self, asked: &Foresee) -> Option<Foresight> {
        if !self.state.is_known() {
            return None;
        }
        let ahead = self.ahead(asked.rules);
        let (programme, state) = match &ahead {
            Some((programme, state)) => (programme, state),
            None => (&self.under.programme, &self.state),
        };
        Some(progression::foresee(
            programme,
            &asked.draft,
            state,
            asked.now,
        ))
    }
}
