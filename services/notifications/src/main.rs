//! `notifications-service`: reads the configuration, listens, runs until SIGINT or SIGTERM.

use inbox::Settings;
use notifications_service::{Config, run};
use telemetry::Exporter;

/// It has no settings of its own.
#[derive(serde::Deserialize, serde::Serialize)]
struct Own {}

// One thread is enough here: the journal, the tables and HTTP have threads of their own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let usual = Settings {
        folder: "data/notifications".into(),
        grpc: ([127, 0, 0, 1], 9101).into(),
        http: ([127, 0, 0, 1], 9102).into(),
        own: Own {},
    };
    let process = inbox::begin("notifications-service", "QUESTLINE_NOTIFICATIONS_", usual)?;
    let config = Config {
        folder: process.settings.folder,
    };
    let exporter = Exporter::install()?;
    Ok(run(config, process.listeners, exporter, process.shutdown).await?)
}
