//! The fold of a file: read, grouped by player, each player folded on its own, outputs in the order that every server has too.

mod fold;
mod read;
mod together;

pub(crate) use fold::{Folded, Wanted, fold};
pub(crate) use read::{Records, read};
