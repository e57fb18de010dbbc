//! What if: stored history folded through a draft and through the programme in effect, and what differs.
//!
//! Records go to workers by partition; a worker folds each of its players twice. Where players share something (a stock, a limit for
//! all together) one worker has them all, in the order in which the history was written.

mod costs;
mod difference;
mod fold;
mod history;
mod html;
mod player;
mod ranges;
mod rows;
mod run;
mod server;
mod spread;
mod tally;
mod text;

pub(crate) use costs::{Cost, Costs};
pub(crate) use history::History;
pub(crate) use html::page;
pub(crate) use run::{Asked, compare};
pub(crate) use server::ServerHistory;
pub(crate) use text::text;
