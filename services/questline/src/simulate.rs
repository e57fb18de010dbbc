//! The fold of a file: read, grouped by player, each player folded on its own, outputs in the order that every server has too.

mod fold;
mod read;
mod together;
mod town;

pub(crate) use fold::{Folded, Wanted, fold, fold_one};
pub(crate) use read::{Records, read};
pub(crate) use town::Town;
