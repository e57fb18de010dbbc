//! `questline backup`: a copy of the data folder, also while it is in use.

use std::path::PathBuf;

use clap::Parser;
use embedded::backup::{BackupError, Gone, Piece, Writing};
use embedded::{DataFolder, Options};
use proto::cluster::v1::BackupRequest;

use super::block_on;
use super::cluster::At;
use crate::console::{Progress, grouped, say};
use crate::exit::Failure;
use crate::serve::{backup_piece, beside, wall_clock};

/// What to copy, and where to.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline backup --to /backups/2026-11-25                 of a running server, from wherever it is reached
  questline backup --to /backups/2026-11-25 --data ./data   while no server runs on the folder

The log, the checkpoints, programmes, keys and the gateways' inboxes, as they belong together:
nothing in a backup speaks of what is not in it. Its manifest.json, written last, has the
SHA-256 of every file. `questline restore` makes a data folder of it.")]
pub(crate) struct Args {
    /// Where the backup goes: a folder that is empty, or not there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    at: At,
    /// A data folder on which no server runs
    #[arg(long, value_name = "DIR", conflicts_with = "at")]
    data: Option<PathBuf>,
}

/// Copies it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (files, bytes) = match &args.data {
        Some(data) => {
            if !data.join("meta.json").is_file() {
                let why = format!("{}: no data folder", data.display());
                return Err(Failure::bad_input(why));
            }
            let options = Options::new(wall_clock());
            let folder = DataFolder::open(data, options).map_err(Failure::failed)?;
            let mut taking = Taking::begin(args)?;
            let copied = folder.backup.copy(&beside(), &mut |piece| {
                taking.take(piece);
                taking.failed.is_none().then_some(()).ok_or(Gone)
            });
            match (copied, taking.failed.take()) {
                (_, Some(why)) => return Err(failure(why)),
                (copied, None) => copied.map_err(failure)?,
            }
            taking.finish()?
        }
        None => block_on(from_server(args))?,
    };
    say(format_args!(
        "backed up to {}: {} files, {} bytes",
        args.to.display(),
        grouped(files),
        grouped(bytes)
    ))?;
    Ok(())
}

async fn from_server(args: &Args) -> Result<(u64, u64), Failure> {
    let mut server = args.at.backups().await?;
    let told = |status: tonic::Status| Failure::failed(status.message());
    let mut stream = server
        .backup(BackupRequest {})
        .await
        .map_err(told)?
        .into_inner();
    let mut taking = Taking::begin(args)?;
    while let Some(response) = stream.message().await.map_err(told)? {
        let piece = backup_piece(response);
        let piece = piece.ok_or_else(|| Failure::failed("the server is of a later version"))?;
        taking.take(piece);
        if let Some(why) = taking.failed.take() {
            return Err(failure(why));
        }
    }
    taking.finish()
}

/// A copy that is being written.
struct Taking {
    writing: Writing,
    progress: Progress,
    failed: Option<BackupError>,
}

impl Taking {
    fn begin(args: &Args) -> Result<Self, Failure> {
        Ok(Self {
            writing: Writing::begin(&args.to).map_err(failure)?,
            progress: Progress::new("bytes", 0),
            failed: None,
        })
    }

    fn take(&mut self, piece: Piece) {
        match &piece {
            Piece::Total(bytes) => self.progress = Progress::new("bytes", *bytes),
            Piece::File(_) => {}
            Piece::Bytes(bytes) => self.progress.add(bytes.len() as u64),
        }
        self.failed = self.writing.take(piece).err();
    }

    fn finish(self) -> Result<(u64, u64), Failure> {
        self.progress.finish();
        self.writing.finish().map_err(failure)
    }
}

/// What is wrong with a place or a copy is bad input, the rest failed.
pub(super) fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Used { .. } | BackupError::Unsound { .. } => Failure::bad_input(error),
        BackupError::Io { .. } | BackupError::State(_) | BackupError::Gone => {
            Failure::failed(error)
        }
    }
}
