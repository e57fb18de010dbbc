//! [`Queries`](crate::Queries) over gRPC: an ingest node asks the engine node that folds the player.

mod client;
mod hints;
mod nodes;
mod server;
mod wire;

pub use client::RemoteQueries;
pub use hints::Hints;
pub use nodes::NoEndpoint;
pub use server::Asked;
