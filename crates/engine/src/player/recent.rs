//! What of a player's journal is in memory.

use actix::{Handler, Message, MessageResult};
use types::{Position, Timestamp};

use super::Player;
use crate::fold::{self, Segments, View};

/// Asks for the journal's newest part.
pub(crate) struct Recent {
    /// Also for the player as the newest entry leaves it: only one answer can give both as of one moment.
    pub(crate) newest: bool,
}

/// What of the journal is in memory.
pub(crate) struct Journal {
    /// The open tail, oldest first.
    pub(crate) open: Vec<fold::Entry>,
    /// The number that the open tail will have.
    pub(crate) open_number: u32,
    /// Segments that the store may not have yet.
    pub(crate) sealed: Segments,
    pub(crate) replays: Vec<(Position, fold::Entry)>,
    pub(crate) known: bool,
    pub(crate) view: Option<View>,
}

impl Message for Recent {
    type Result = Journal;
}

impl Handler<Recent> for Player {
    type Result = MessageResult<Recent>;

    fn handle(&mut self, Recent { newest }: Recent, _: &mut Self::Context) -> Self::Result {
        // Nothing is due by the beginning of time: what has not fired is not in the journal either.
        let as_it_stands = || {
            fold::view(
                &self.under.programme,
                &self.state,
                &self.entity,
                Timestamp::MIN,
            )
        };
        MessageResult(Journal {
            open: fold::open_entries(&self.state),
            open_number: self.state.open_segment(),
            sealed: self.unwritten.segments.clone(),
            replays: self.replays.iter().cloned().collect(),
            known: self.state.is_known(),
            view: newest.then(as_it_stands),
        })
    }
}
