//! [`Queries`](crate::Queries) over gRPC: an ingest node asks the engine node that folds the player.

mod client;
mod server;
mod wire;

pub use client::{NoEndpoint, RemoteQueries};
pub use server::Asked;
