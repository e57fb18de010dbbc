//! `questline players`: every player of a server, as `simulate` writes them.

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;

use super::{Server, block_on};
use crate::client::Client;
use crate::console::target;
use crate::exit::Failure;

/// Players on a page.
const PAGE: u32 = 500;

/// From where, and to where.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline players --key ql_...
  questline players --from http://127.0.0.1:8080 --key ql_... --out players.jsonl

One JSON object a line, by the bytes of the player's id: what `questline simulate` writes for the same events.")]
pub(crate) struct Args {
    #[command(flatten)]
    server: Server,
    /// Where the players go [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads all pages and writes each player as a line.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    block_on(write_all(&client, &mut target(args.out.as_deref())?))
}

async fn write_all(client: &Client, target: &mut impl Write) -> Result<(), Failure> {
    let mut token = String::new();
    loop {
        let page = client
            .players(&token, PAGE)
            .await
            .map_err(Failure::failed)?;
        for player in page.players {
            writeln!(target, "{}", player.get())?;
        }
        match page.next_page_token {
            Some(next) if !next.is_empty() => token = next,
            _ => break,
        }
    }
    Ok(target.flush()?)
}
