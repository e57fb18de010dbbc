//! The core from outside: programmes as they are written, events as they are sent.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what is not there fails the test"
)]

mod cells;
mod facts;
mod harness;
mod journal;
mod properties;
