//! What of a mission decides how it is counted, worked out once for all events.

use programme::model::{Mission, MissionIx, Programme, Start};

use super::plain::Plain;
use super::{streak, trace};

/// How a mission is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nature {
    /// Every player's, whenever.
    pub(super) is_open: bool,
    /// Its events are kept one by one.
    pub(super) is_traced: bool,
    /// It has streaks, now or in a version before.
    pub(super) has_streaks: bool,
    /// Another mission waits for it.
    pub(super) is_awaited: bool,
    /// It is of the commonest kind.
    pub(super) plain: Option<Plain>,
}

impl Nature {
    pub(crate) fn of(programme: &Programme, ix: MissionIx, mission: &Mission) -> Self {
        let mut others = programme.missions.iter();
        let is_open = mission.start == Start::Automatic
            && mission.after.is_empty()
            && mission.audience.is_none()
            && mission.available_from.is_none()
            && mission.available_until.is_none();
        Self {
            is_open,
            is_traced: trace::is_traced(mission),
            has_streaks: streak::may_have_streaks(programme, mission),
            is_awaited: others.any(|other| other.after.contains(&ix)),
            plain: is_open.then(|| Plain::of(mission)).flatten(),
        }
    }
}
