//! The programme language: what a marketer writes, parsed strictly, validated as a whole and compiled once.
//!
//! [`model`] is what the core folds with. Knows neither players nor I/O.

pub mod model;
