//! The commands, and what they have in common.

mod chaos;
mod cost;
mod idle;
mod up;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use loadtest::server::beside_this;
use tokio_util::sync::CancellationToken;

pub(crate) use chaos::Chaos;
pub(crate) use cost::Cost;
pub(crate) use idle::Idle;
pub(crate) use up::Up;

/// Which server runs in every part.
#[derive(Debug, clap::Args)]
struct Server {
    /// The `questline` binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

impl Server {
    fn binary(self) -> Result<PathBuf> {
        self.binary.map_or_else(|| beside_this("questline"), Ok)
    }
}

/// Works until done or told to stop. What was started ends with the future that holds it.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    match stop.run_until_cancelled(work).await {
        Some(done) => done,
        None => bail!("ended by a signal"),
    }
}

/// Writes a line. There is nobody left to tell where that fails.
fn say(text: &str) {
    writeln!(io::stdout().lock(), "{text}").unwrap_or_default();
}
