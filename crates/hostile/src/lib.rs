//! Every input from outside as one function over bytes: whatever they are, it returns.
//!
//! [`TARGETS`] is the list. The test in `tests/` gives each of them a bounded number of seeded hostile inputs and bounds the memory that
//! they take; the folder `fuzz/` gives them to libFuzzer for as long as one likes. A target also checks what must hold of an input that
//! is taken: what is written again reads back the same, and the core folds it.

mod events_in;
mod layout;
mod predicate;
mod stored;
mod target;
mod world;

pub use target::{TARGETS, Target, run};
