//! The journal: an entry for every record that said something new, sealed into numbered segments by number of entries alone.
//!
//! An entry holds what the record was, what it came to, why each rule and mission did or didn't count it, every movement, and enough
//! to rebuild its emissions with the same bytes. The newest entries lie in the state (the open tail); [`ENTRIES_PER_SEGMENT`] of them
//! become a segment, which never changes. What leaves the hot state (a closed mission period) is archived in the entry that drops it.

mod bet;
mod entry;
mod entry_codec;
mod explain;
mod filter;
mod history;
mod key;
mod segment;
mod tail;
mod verdicts;

pub use bet::{Bet, BetResult, Settled};
pub use entry::{Archived, Contribution, Entry, Gain, Reason, Reversal, Tombstone};
pub use explain::{entry_json, entry_line};
pub use history::History;
pub use verdicts::{Subjected, Verdicts};

pub(crate) use filter::{FIRST_CELL, Filter, HASH_BITS};
pub(crate) use history::Search;
pub(crate) use key::Key;
use key::Kinds;
pub(crate) use tail::Tail;
pub(crate) use verdicts::Ground;

use types::Event;

use crate::catalogue::{Catalogue, VersionId};
use crate::codec::DecodeError;
use crate::state::State;

/// How many entries a segment holds.
///
/// The open tail is written with each snapshot, so it is short; a segment is one row, so it is not tiny.
pub const ENTRIES_PER_SEGMENT: u64 = 16;

/// Whether the row of this number is no segment but a cell of the filter.
pub const fn is_cell(number: u32) -> bool {
    number >= FIRST_CELL
}

/// The cell without which it cannot be said whether an event is known; `None` while the state alone says it.
pub fn cell_of(state: &State, event: &Event) -> Option<u32> {
    let key = Key::event(&event.source, &event.id);
    state.filter.cell_of(key.first(HASH_BITS))
}

/// The entries that are not sealed yet, oldest first.
pub fn open_entries(state: &State) -> Vec<Entry> {
    state.tail.entries()
}

/// The entries of a sealed segment, oldest first.
pub fn decode_segment(bytes: &[u8], catalogue: &Catalogue) -> Result<Vec<Entry>, DecodeError> {
    segment::decode(bytes, catalogue)
}

/// The programme versions whose names a segment is read with.
pub fn versions(bytes: &[u8]) -> Result<Vec<VersionId>, DecodeError> {
    segment::versions(bytes)
}
