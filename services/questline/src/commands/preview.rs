//! `questline preview`: what a draft would mean for every stored player, before it is published.

use std::path::PathBuf;

use clap::Parser;
use serde_json::json;

use super::{Server, block_on};
use crate::console::{Progress, say};
use crate::exit::Failure;
use crate::preview::{Seen, page, text, whole};
use crate::programmes;

/// What to look at.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline preview draft.yaml --key ql_...                      who completes, whose progress falls, whose tier changes
  questline preview draft.yaml --key ql_... --html preview.html  a page to show around; it needs nothing else
  questline preview draft.yaml --key ql_... --json               for a program

Nothing is changed and nobody notices: the server looks at its players a few at a time, beside its work. The key needs the scope
`programme`. What a draft would have given over a past year is another question: questline simulate --from-server.

Exit codes: 0 done, 1 failed, 2 the draft is wrong, and every error of it is printed")]
pub(crate) struct Args {
    #[command(flatten)]
    server: Server,
    /// The draft
    file: PathBuf,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Write a page here too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Asks page by page, and reports.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let draft = programmes::load(&args.file)?;
    let client = args.server.client()?;
    let mut progress = Progress::new("looking at players", 0);
    let seen: Seen = block_on(whole(&client, &draft, &mut |players| progress.add(players)))?;
    progress.finish();
    if let Some(file) = &args.html {
        std::fs::write(file, page(&draft, &seen))
            .map_err(|why| Failure::failed(format!("{}: {why}", file.display())))?;
    }
    match args.json {
        true => say(json!({
            "version": *draft.version.0,
            "base": seen.base,
            "cannot_follow": seen.cannot_follow,
            "preview": seen.sums,
            "gives": seen.sums.gives(),
        }))?,
        false => say(text(&draft, &seen))?,
    }
    Ok(())
}
