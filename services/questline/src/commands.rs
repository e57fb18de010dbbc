//! One file a command: its flags, and what it does with them.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod erase;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fmt;
pub(crate) mod key;
pub(crate) mod players;
pub(crate) mod preview;
pub(crate) mod programme;
pub(crate) mod repair;
pub(crate) mod restore;
pub(crate) mod schema;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod simulate;

use clap::Args;

use crate::client::Client;
use crate::exit::Failure;

/// A server, and a key to it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Server {
    /// The server's HTTP address
    #[arg(
        long = "from",
        value_name = "URL",
        env = "QUESTLINE_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    url: String,
    /// The API key (`questline key create`)
    #[arg(
        long,
        value_name = "KEY",
        env = "QUESTLINE_KEY",
        hide_env_values = true
    )]
    key: String,
}

impl Server {
    /// A client of it.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(&self.url, &self.key)?)
    }
}

/// Runs a command that waits for a server.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
