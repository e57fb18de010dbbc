//! `questline schema`: the JSON Schema of programmes, for editors.

use clap::Parser;

use crate::console::say;
use crate::exit::Failure;

/// Nothing to choose.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline schema > programme.schema.json

The first line `# yaml-language-server: $schema=programme.schema.json` of a programme makes editors complete, explain and check it.")]
pub(crate) struct Args {}

/// Prints it.
pub(crate) fn run(Args {}: &Args) -> Result<(), Failure> {
    say(format_args!("{:#}", programme::json_schema()))?;
    Ok(())
}
