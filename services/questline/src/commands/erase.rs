//! `questline erase`: who a player was is forgotten.

use clap::Parser;

use super::{Server, block_on};
use crate::client::CallError;
use crate::console::say;
use crate::exit::Failure;

/// Whom to forget.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline erase 17850 --key ql_...

For good: the player's key is destroyed, so that what is personal of its events cannot be read any
more, in the log, in checkpoints, in backups. What stands in the ledger stays, under the id, so that
the books balance. Emissions that wait for the player are dropped, later events are refused with
`player_erased`. Again, it says since when. The key needs the scope `people`.")]
pub(crate) struct Args {
    /// The player
    player: String,
    #[command(flatten)]
    server: Server,
}

/// Forgets.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let erased = block_on(async {
        let segments = ["v1", "players", &args.player];
        client.delete(&segments).await.map_err(|error| match error {
            CallError::Refused { detail, status, .. } if status.as_u16() == 404 => {
                Failure::bad_input(detail)
            }
            error => Failure::failed(error),
        })
    })?;
    let since = erased["erased_at"].as_str().unwrap_or("?");
    let player = &args.player;
    say(match erased["already"].as_bool() {
        Some(true) => format!("{player} was erased before: {since}"),
        _ => format!("{player} is erased: {since}"),
    })?;
    if erased["applied"] != true {
        say("what is left of it is folded so in a while")?;
    }
    Ok(())
}
