//! Measuring Questline: an open-loop load generator that follows every event from HTTP in to gRPC out, and the fold alone.

pub mod cpu;
pub mod end_to_end;
pub mod fold;
pub mod latency;
pub mod population;
pub mod receive;
pub mod send;
pub mod server;
pub mod traffic;
