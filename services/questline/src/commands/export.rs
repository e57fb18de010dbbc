//! `questline export`: everything held about a player.

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;

use super::{Server, block_on};
use crate::client::CallError;
use crate::console::target;
use crate::exit::Failure;

/// Whose data, and where to.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline export 17850 --key ql_... > 17850.json
  questline export 17850 --key ql_... --out 17850.json

One JSON object: the profile, the state as it is shown, the whole journal, and every event of the
player that the log keeps, with what is personal in the clear. The key needs the scope `people`.")]
pub(crate) struct Args {
    /// The player
    player: String,
    #[command(flatten)]
    server: Server,
    /// A file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Exports.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    block_on(async {
        let segments = ["v1", "players", &args.player, "export"];
        let refused = |error| match error {
            CallError::Refused { detail, status, .. } if status.as_u16() == 404 => {
                Failure::bad_input(detail)
            }
            error => Failure::failed(error),
        };
        let mut pieces = client.pieces(&segments).await.map_err(refused)?;
        let mut out = target(args.out.as_deref())?;
        while let Some(piece) = pieces.chunk().await.map_err(Failure::failed)? {
            out.write_all(&piece)?;
        }
        out.flush()?;
        Ok(())
    })
}
