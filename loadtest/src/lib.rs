//! An open-loop load generator that follows every event from HTTP in to gRPC out: traffic, arrivals, the receiving end, latencies.

pub mod latency;
pub mod population;
pub mod receive;
pub mod send;
pub mod traffic;
