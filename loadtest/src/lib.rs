//! Measuring Questline: an open-loop load generator that follows every event from HTTP in to gRPC out, and the fold alone.

pub mod cpu;
pub mod end_to_end;
pub mod figures;
pub mod fold;
pub mod fold_part;
pub mod instructions;
pub mod keep_alive;
pub mod latency;
pub mod micro;
pub mod midnight;
pub mod offline;
pub mod population;
pub mod receive;
pub mod recovery;
pub mod send;
pub mod server;
pub mod snapshots;
pub mod tables;
pub mod thresholds;
pub mod traffic;
