//! `bonus-engine-service`: reads the configuration, listens, runs until SIGINT or SIGTERM.

use std::sync::Arc;

use bonus_engine_service::{Config, Ingest, IngestConfig, OperatorConfig, Postbacks, run};
use inbox::Settings;
use telemetry::Exporter;

/// Settings of its own.
#[derive(serde::Deserialize, serde::Serialize)]
struct Own {
    operator: OperatorConfig,
    /// Where the operator's reports go; absent: they wait here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ingest: Option<IngestConfig>,
}

// One thread is enough here: the journal, the tables and HTTP have threads of their own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let usual = Settings {
        folder: "data/bonus-engine".into(),
        grpc: ([127, 0, 0, 1], 9103).into(),
        http: ([127, 0, 0, 1], 9104).into(),
        own: Own {
            operator: OperatorConfig::new("http://127.0.0.1:9105/grants"),
            ingest: None,
        },
    };
    let process = inbox::begin("bonus-engine-service", "QUESTLINE_BONUS_ENGINE_", usual)?;
    let Own { operator, ingest } = process.settings.own;
    let ingest = ingest.as_ref().map(Ingest::new).transpose()?;
    let config = Config {
        folder: process.settings.folder,
        operator,
        postbacks: ingest.map(|ingest| Arc::new(ingest) as Arc<dyn Postbacks>),
    };
    let exporter = Exporter::install()?;
    Ok(run(config, process.listeners, exporter, process.shutdown).await?)
}
