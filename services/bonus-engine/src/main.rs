//! `bonus-engine-service`: reads the configuration, listens, runs until SIGINT or SIGTERM.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use bonus_engine_service::{Config, OperatorConfig, run};
use clap::Parser;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use inbox::{Listeners, shutdown_on_signals};
use serde::{Deserialize, Serialize};
use telemetry::{Exporter, logs};

/// The bonus-engine gateway. Settings: built-in, then the file, then `QUESTLINE_BONUS_ENGINE_*`.
#[derive(Parser)]
struct Arguments {
    /// A TOML file.
    #[arg(long)]
    config: Option<PathBuf>,
}

#[derive(Deserialize, Serialize)]
struct Settings {
    folder: PathBuf,
    grpc: SocketAddr,
    http: SocketAddr,
    operator: OperatorConfig,
}

// One thread is enough here: the journal, the tables and HTTP have threads of their own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    logs::start(logs::Format::detect(), logs::FILTER)?;
    let mut figment = Figment::from(Serialized::defaults(Settings {
        folder: "data/bonus-engine".into(),
        grpc: ([127, 0, 0, 1], 9103).into(),
        http: ([127, 0, 0, 1], 9104).into(),
        operator: OperatorConfig::new("http://127.0.0.1:9105/grants"),
    }));
    if let Some(file) = arguments.config {
        figment = figment.merge(Toml::file_exact(file));
    }
    let settings: Settings = figment
        .merge(Env::prefixed("QUESTLINE_BONUS_ENGINE_").split("__"))
        .extract()?;
    let listeners = Listeners {
        grpc: TcpListener::bind(settings.grpc)?,
        http: TcpListener::bind(settings.http)?,
    };
    let shutdown = shutdown_on_signals()?;
    let config = Config {
        folder: settings.folder,
        operator: settings.operator,
    };
    Ok(run(config, listeners, Exporter::install()?, shutdown).await?)
}
