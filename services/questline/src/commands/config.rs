//! `questline config`: what `serve` would run with.

use clap::Parser;

use super::serve;
use crate::console::say;
use crate::exit::Failure;

/// What `serve` would be told.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline config --programme programme.yaml
  QUESTLINE_HTTP=0.0.0.0:80 questline config --config questline.toml > effective.toml

Prints what `questline serve` with the same flags would run with, as a TOML file that it reads back: defaults, then the file, then
variables (QUESTLINE_HTTP, QUESTLINE_BONUS_ENGINE__OPERATOR__URL), then flags.")]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    server: serve::Args,
}

/// Prints the configuration.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let config = args.server.config()?;
    let text = toml::to_string_pretty(&config).map_err(Failure::failed)?;
    say(text.trim_end())?;
    Ok(())
}
