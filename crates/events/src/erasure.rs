//! The record that erases a player.

use types::{Attributes, Event, EventId, PlayerId, SourceId, Timestamp};

/// What the log of the player's partition is told: the same values however often it is, so that it counts once.
pub fn erasure(player: &PlayerId, at: Timestamp) -> Event {
    Event {
        id: EventId::of_hash(0),
        source: SourceId::questline(),
        kind: Event::ERASED.into(),
        player: player.clone(),
        occurred_at: at,
        amount: None,
        currency: None,
        refers_to: None,
        rate: None,
        attributes: Attributes::new(),
        sealed: None,
    }
}
