//! The demonstration: a server in this process, a stand-in for the operator, and a real shop's year through HTTP.

pub(crate) mod bundled;
mod latency;
mod replay;
mod standings;
mod summary;

pub(crate) use replay::replay;
pub(crate) use summary::summary;
