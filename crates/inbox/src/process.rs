//! What the process of a gateway does before its own: arguments, logs, settings, listeners, signals.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use telemetry::logs;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::server::Listeners;
use crate::signals::shutdown_on_signals;

/// Settings that every gateway has, beside its own.
#[derive(Debug, Deserialize, Serialize)]
pub struct Settings<S> {
    /// Where it keeps its journal and tables.
    pub folder: PathBuf,
    /// Where it takes emissions.
    pub grpc: SocketAddr,
    /// Where it is asked.
    pub http: SocketAddr,
    /// Its own.
    #[serde(flatten)]
    pub own: S,
}

/// A process that may begin to serve.
#[derive(Debug)]
pub struct Process<S> {
    /// What is in effect.
    pub settings: Settings<S>,
    /// Listening, not yet answered.
    pub listeners: Listeners,
    /// Cancelled by SIGINT and SIGTERM.
    pub shutdown: CancellationToken,
}

/// Why the process does not begin.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The log.
    #[error(transparent)]
    Log(#[from] logs::LogError),
    /// A setting.
    #[error("{0}")]
    Settings(#[from] Box<figment::Error>),
    /// An address.
    #[error("cannot listen at {address}: {why}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The operating system's answer.
        why: io::Error,
    },
    /// Signals.
    #[error("signals: {0}")]
    Signals(io::Error),
}

#[derive(Parser)]
struct Arguments {
    /// A TOML file.
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Begins: settings are `usual`, then the file named by `--config`, then variables of the `prefix`. Called once, from `main`.
pub fn begin<S: DeserializeOwned + Serialize>(
    name: &'static str,
    prefix: &str,
    usual: Settings<S>,
) -> Result<Process<S>, ProcessError> {
    let about = format!("Settings: built-in, then the file, then variables {prefix}*.");
    let matches = Arguments::command().name(name).about(about).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    logs::start(logs::Format::detect(), logs::FILTER)?;
    let mut figment = Figment::from(Serialized::defaults(usual));
    if let Some(file) = arguments.config {
        figment = figment.merge(Toml::file_exact(file));
    }
    let settings: Settings<S> = figment
        .merge(Env::prefixed(prefix).split("__"))
        .extract()
        .map_err(Box::new)?;
    let listen =
        |address| TcpListener::bind(address).map_err(|why| ProcessError::Listen { address, why });
    Ok(Process {
        listeners: Listeners {
            grpc: listen(settings.grpc)?,
            http: listen(settings.http)?,
        },
        shutdown: shutdown_on_signals().map_err(ProcessError::Signals)?,
        settings,
    })
}
