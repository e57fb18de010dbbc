//! The notifications gateway: a durable inbox keyed by emission id, an in-app inbox per player.
//!
//! It takes what the engine delivers, acknowledges it once it is durable, and shows it to the player it is about. An emission
//! about a restricted player (`suppressed`) is recorded and never shown.

mod messages;
mod routes;

use std::path::PathBuf;

use inbox::{Inbox, Listeners, ServeError, Server};
use serde::Deserialize;
use telemetry::Exporter;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

pub use messages::Counts;

/// Its name as a sink.
pub const NAME: &str = "notifications";

/// The types of emission it takes unless configured otherwise.
pub const TYPES: [&str; 8] = [
    "mission_completed",
    "mission_reopened",
    "tier_changed",
    "grant_offered",
    "grant_claimed",
    "grant_revoked",
    "streak_broken",
    "points_expired",
];

/// Its configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// Where it keeps its journal and tables.
    pub folder: PathBuf,
}

/// Runs the gateway until `shutdown` is cancelled, or until it can't go on.
pub async fn run(
    config: Config,
    listeners: Listeners,
    exporter: Exporter,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let inbox = Inbox::<messages::Messages>::open(&config.folder, NAME).await?;
    let server = Server {
        inbox: inbox.clone(),
        listeners,
        exporter,
        shutdown,
    };
    server.run(RoutesBuilder::default(), routes::routes).await?;
    Ok(inbox.close().await?)
}
