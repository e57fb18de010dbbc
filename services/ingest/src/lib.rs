//! HTTP and gRPC in front of the log: authenticates, bounds, validates, appends.
//!
//! An event is answered `accepted` after it is durable in the log, never before. The service decides nothing about players: it asks
//! [`Queries`], which the engine answers. [`run`] serves until it is told to stop.

mod admin;
mod appender;
mod budget;
mod config;
mod editing;
mod export;
mod grpc;
mod history;
mod http;
mod intake;
pub mod keys;
mod listing;
mod metrics;
mod people;
pub mod preview;
mod problem;
mod programmes;
mod queries;
mod rate;
mod refusal;
mod remote;
mod results;
mod serve;
mod stale;

pub use config::Config;
pub use export::attributes_json;
pub use http::ROUTES;
pub use keys::{Keys, NewKey, Scope};
pub use problem::{Kind, Problem};
pub use programmes::{InEffect, ProgrammeError, Programmes, Publish};
pub use queries::{
    Applied, Draft, JournalAnswer, OutcomeAnswer, PlayerAnswer, PreviewAnswer, Queries, QueryError,
};
pub use remote::{Asked, Hints, NoEndpoint, RemoteQueries};
pub use serve::{Deps, Listeners, ServeError, probes, run};
