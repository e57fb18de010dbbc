//! Metric names, logs and traces: one place, one grammar.
//!
//! - [`names`] lists every metric that Questline exports; nothing else invents one.
//! - [`Exporter`] renders them for Prometheus.
//! - [`logs`] starts logging: for people on a terminal, else JSON lines with `trace_id`.
//! - [`trace`] carries the W3C trace context from a request to the log record and on to the gateways.

pub mod exporter;
mod json;
pub mod logs;
pub mod names;
pub mod trace;

pub use exporter::Exporter;
pub use trace::Traceparent;
