//! `questline serve`: everything in one process on the embedded store.

use std::path::PathBuf;

use clap::Parser;

use crate::console::say;
use crate::exit::Failure;
use crate::serve::{self, Config, Flags, Running};

/// What to serve.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline key create --data ./data --brand acme --source shop --scopes ingest,read
  questline serve --data ./data --programme programme.yaml
  questline serve --data ./data                             with what was published in it
  questline serve --config questline.toml --role notifications

Settings: defaults, then --config, then variables such as QUESTLINE_HTTP or QUESTLINE_BONUS_ENGINE__OPERATOR__URL, then flags; `questline
config` shows the result. SIGTERM and SIGINT stop it with a last checkpoint.")]
pub(crate) struct Args {
    /// A TOML file of settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

impl Args {
    /// The configuration in effect.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::load(self.config.as_deref(), &self.flags)
    }
}

/// Serves until told to stop, or until a part cannot go on.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let config = args.config()?;
    telemetry::logs::start(telemetry::logs::Format::detect(), telemetry::logs::FILTER)
        .map_err(Failure::failed)?;
    serve::runtime()?.block_on(async {
        let stop = serve::stop_signal()?;
        let running = Running::start(config).await?;
        for (name, url) in running.addresses() {
            say(format_args!("{name:<14} {url}"))?;
        }
        say("ready")?;
        running.until(stop).await
    })
}
