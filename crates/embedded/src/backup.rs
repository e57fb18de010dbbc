//! A copy of a data folder in use, and a data folder made from a copy.
//!
//! **Everything is taken before what it speaks of**, so that nothing in a copy speaks of what is not in it:
//!
//! 1. the state, as it was at one instant: it says what gateways have acknowledged, and which records and versions were folded;
//! 2. what gateways keep: made of emissions, which come from records;
//! 3. the log, up to its last acknowledged record then: no cursor, no snapshot and no emission of the copy lies past it;
//! 4. people and programmes: a key is kept before anything in the log is sealed with it, a publication is set before the log says so.
//!
//! What was taken later may be ahead of what was taken earlier, as after a crash: the fold goes on from the state's cursors, emissions
//! that are with a gateway already are known there by their ids, a publication or an erasure without its records is carried to the log.
//!
//! ```text
//! COPY/state.rows        the rows of the state
//! COPY/log/..            segments; the last one up to its last whole frame
//! COPY/programmes/..     and what else lay in the folder, under its own name
//! COPY/meta.json
//! COPY/manifest.json     every file with its bytes and SHA-256; written last: a copy without it is not whole
//! ```

mod manifest;
mod restore;
mod rows;
mod source;
mod writing;

pub use manifest::BackupError;
pub use restore::{Restored, restore};
pub use source::{Beside, Gone, Piece, Source};
pub use writing::Writing;

/// The rows of the state.
const ROWS: &str = "state.rows";
/// What the copy consists of.
const MANIFEST: &str = "manifest.json";
/// Bytes handed over at once.
const CHUNK: usize = 256 << 10;
