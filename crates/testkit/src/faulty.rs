//! Fakes of the ports that misbehave as their contracts allow, repeatably by a seed.
//!
//! Nothing here uses the wall clock or a thread: under tokio's paused time a seed gives the same run every time. Several processes may
//! share a fake, each over a [`Link`] of its own.

mod dice;
mod fault;
mod link;
mod liveness;
mod log;
mod programmes;
mod sink;
mod store;

pub use dice::Dice;
pub use fault::{Fault, Tally};
pub use link::{Crash, History, Link, Service, Weather};
pub use liveness::FaultyLiveness;
pub use log::MemoryLog;
pub use programmes::FaultyProgrammes;
pub use sink::{FaultySink, Received};
pub use store::{FaultyStore, HeadSet};
