//! `notifications-service`: reads the configuration, listens, runs until SIGINT or SIGTERM.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::Parser;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use inbox::{Listeners, shutdown_on_signals};
use notifications_service::{Config, run};
use serde::{Deserialize, Serialize};
use telemetry::{Exporter, logs};

/// The notifications gateway. Settings: built-in, then the file, then `QUESTLINE_NOTIFICATIONS_*`.
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
}

// One thread is enough here: the journal, the tables and HTTP have threads of their own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    logs::start(logs::Format::detect(), logs::FILTER)?;
    let mut figment = Figment::from(Serialized::defaults(Settings {
        folder: "data/notifications".into(),
        grpc: ([127, 0, 0, 1], 9101).into(),
        http: ([127, 0, 0, 1], 9102).into(),
    }));
    if let Some(file) = arguments.config {
        figment = figment.merge(Toml::file_exact(file));
    }
    let settings: Settings = figment
        .merge(Env::prefixed("QUESTLINE_NOTIFICATIONS_"))
        .extract()?;
    let listeners = Listeners {
        grpc: TcpListener::bind(settings.grpc)?,
        http: TcpListener::bind(settings.http)?,
    };
    let shutdown = shutdown_on_signals()?;
    let config = Config {
        folder: settings.folder,
    };
    Ok(run(config, listeners, Exporter::install()?, shutdown).await?)
}
