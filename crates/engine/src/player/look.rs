//! A player as a reader sees it.

use actix::{Handler, Message, MessageResult};
use types::{Position, Timestamp};

use super::Player;
use crate::fold::{self, View};
use crate::logic::Rules;

/// Asks for the player's view.
pub(crate) struct Look {
    pub(crate) now: Timestamp,
    /// What is in effect.
    pub(crate) rules: Rules,
}

/// The view and the position it is as of; `None` for a player that never had an event.
impl Message for Look {
    type Result = Option<(View, Position)>;
}

impl Handler<Look> for Player {
    type Result = MessageResult<Look>;

    fn handle(&mut self, Look { now, rules }: Look, _: &mut Self::Context) -> Self::Result {
        let ahead = self.ahead(rules);
        let (programme, state) = match &ahead {
            Some((programme, state)) => (programme, state),
            None => (&self.under.programme, &self.state),
        };
        let view = fold::view(programme, state, &self.entity, now);
        MessageResult(self.state.is_known().then(|| (view, self.state.applied())))
    }
}
