//! How a process logs: to standard error, filtered by `RUST_LOG` (default [`FILTER`]).

use std::io::{IsTerminal, stderr};

use thiserror::Error;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::{json::Json, trace};

/// What is logged where nothing else is said: our own news, and of the libraries below only what worries them.
pub const FILTER: &str =
    "info,fjall=warn,lsm_tree=warn,actix_server=warn,h2=warn,hyper=warn,tower=warn";

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A person: coloured lines.
    Human,
    /// A machine: one JSON object a line, with `trace_id` and `span_id`.
    Json,
}

impl Format {
    /// For people on a terminal, for machines elsewhere.
    pub fn detect() -> Self {
        if stderr().is_terminal() {
            Self::Human
        } else {
            Self::Json
        }
    }
}

/// Why nothing is logged.
#[derive(Debug, Error)]
pub enum LogError {
    /// Logging was started before.
    #[error("logging was started before: {0}")]
    Started(#[from] TryInitError),
}

/// Starts logging: once, in `main`. `filter` is used where `RUST_LOG` is not set or cannot be read.
pub fn start(format: Format, filter: &str) -> Result<(), LogError> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let lines = match format {
        Format::Human => fmt::layer().with_writer(stderr).with_target(false).boxed(),
        Format::Json => Json::new(stderr).boxed(),
    };
    registry()
        .with(trace::layer())
        .with(lines)
        .with(filter)
        .try_init()?;
    Ok(())
}
