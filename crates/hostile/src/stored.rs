//! What the engine finds in a store.

use progression::State;
use progression::journal::{decode_segment, entry_json};
use types::Timestamp;

use crate::world::{self, CATALOGUE, PLAYERS};

/// A player's snapshot.
pub(crate) fn snapshot(bytes: &[u8]) -> bool {
    let _inner = engine::snapshot(bytes);
    let Ok(mut state) = State::decode(bytes, &CATALOGUE) else {
        return false;
    };
    let mut written = Vec::new();
    state.encode(&mut written);
    assert_eq!(State::decode(&written, &CATALOGUE).as_ref(), Ok(&state));
    let programme = world::programme_of(&state);
    let at = state.clock().max(Timestamp::MIN);
    if let Some(order) = world::order(programme, at) {
        world::fold(programme, &mut state, order);
    }
    true
}

/// A sealed segment of a player's journal.
pub(crate) fn segment(bytes: &[u8]) -> bool {
    let Ok(entries) = decode_segment(bytes, &CATALOGUE) else {
        return false;
    };
    for entry in entries {
        assert!(!entry_json(&entry).is_empty());
        assert!(
            entry
                .emissions()
                .all(|emission| !emission.kind().is_empty())
        );
        entry.cause();
    }
    true
}

/// A partition's fold state in its head.
pub(crate) fn head(bytes: &[u8]) -> bool {
    reads_back(bytes, engine::fuzz::head)
}

/// An emission that waits for a gateway.
pub(crate) fn outbox_row(bytes: &[u8]) -> bool {
    reads_back(bytes, engine::fuzz::outbox_row)
}

/// What `rewrite` reads and writes again, it writes the same the next time.
fn reads_back(bytes: &[u8], rewrite: fn(&[u8]) -> Option<Vec<u8>>) -> bool {
    let Some(written) = rewrite(bytes) else {
        return false;
    };
    assert_eq!(rewrite(&written).as_ref(), Some(&written));
    true
}

/// Snapshots of players of every kind.
pub(crate) fn snapshots() -> Vec<Vec<u8>> {
    let players = PLAYERS.iter().map(|player| {
        let mut bytes = Vec::new();
        player.state.encode(&mut bytes);
        bytes
    });
    players.collect()
}

/// Segments with every kind of entry.
pub(crate) fn segments() -> Vec<Vec<u8>> {
    PLAYERS
        .iter()
        .flat_map(|player| player.segments.iter().cloned())
        .collect()
}
