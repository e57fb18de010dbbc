//! Fakes of the ports that misbehave as their contracts allow, repeatably by a seed.
//!
//! Nothing here uses the wall clock or a thread: under tokio's paused time a seed gives the same run every time.

mod dice;
mod liveness;
mod log;
mod programmes;
mod sink;
mod store;

pub use dice::Dice;
pub use liveness::FaultyLiveness;
pub use log::MemoryLog;
pub use programmes::FaultyProgrammes;
pub use sink::{FaultySink, Received};
pub use store::{Crash, FaultyStore};
