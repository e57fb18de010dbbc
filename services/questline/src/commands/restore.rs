//! `questline restore`: a data folder from a backup.

use std::path::PathBuf;

use clap::Parser;
use embedded::backup;

use super::backup::failure;
use crate::console::{Progress, grouped, say};
use crate::exit::Failure;

/// What to restore, and where to.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline restore --from /backups/2026-11-25 --data ./data --erased /kept/erased.jsonl
  questline restore --from /backups/2026-11-25 --data ./data --none-erased-since
  questline audit --data ./data --programme programme.yaml

Every file is held against the backup's manifest. The folder is in its place when all of it is
durable, or not at all; one that is in use, or was, is never touched.

What was accepted after the backup is not in it: have the sources send again from its instant.
Events that are in it are known by their ids, and gateways know emissions by theirs.

Whoever was erased after the backup must not come back with it: name the newest list there is,
people/erased.jsonl of the data folder that was lost or of a later backup.")]
pub(crate) struct Args {
    /// The backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data folder to make: empty, or not there yet
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A list of erased players, newer than the backup; may be named several times
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "none_erased_since"
    )]
    erased: Vec<PathBuf>,
    /// Nobody was erased after the backup was taken
    #[arg(long, conflicts_with = "erased")]
    none_erased_since: bool,
}

/// Restores it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut progress: Option<Progress> = None;
    let restored = backup::restore(&args.from, &args.data, &args.erased, |bytes, total| {
        let progress = progress.get_or_insert_with(|| Progress::new("bytes", total));
        progress.add(bytes);
    });
    if let Some(progress) = progress {
        progress.finish();
    }
    let restored = restored.map_err(failure)?;
    say(format_args!(
        "{} is as it was at {}",
        args.data.display(),
        restored.taken_at
    ))?;
    if restored.erased > 0 {
        let players = grouped(restored.erased);
        say(format_args!(
            "erased after that, and erased here: {players} players"
        ))?;
    }
    Ok(())
}
