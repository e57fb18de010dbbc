//! The core from outside: programmes as they are written, events as they are sent.

mod facts;
mod harness;
mod journal;
mod properties;
mod scenarios;
