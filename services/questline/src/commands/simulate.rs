//! `questline simulate`: folds a file of events through the core, without a server.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Parser;
use types::Timestamp;

use crate::console::{Progress, grouped, remark, remark_tally};
use crate::exit::Failure;
use crate::mapping::Mapping;
use crate::simulate::{Folded, Records, Wanted, fold, read};
use crate::{feed, programmes};

/// What to fold, and where to write it.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline simulate --programme programme.yaml --events events.jsonl
  questline simulate --programme programme.yaml --events orders.csv.gz --mapping mapping.yaml \\
      --players-out players.jsonl --emissions-out emissions.jsonl

Events are taken by `recorded_at`, else `occurred_at`; equal times in file order. Lines that are no valid events are skipped and
counted on stderr by reason. The players go to stdout where no file is named for them.")]
pub(crate) struct Args {
    /// The programme
    #[arg(long, value_name = "FILE")]
    programme: PathBuf,
    /// Events as JSON lines, or what the mapping reads; may be packed by gzip
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// How the file's columns or paths become events
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Where the players go, one JSON object a line
    #[arg(long, value_name = "FILE")]
    players_out: Option<PathBuf>,
    /// Where the emissions go, one JSON object a line
    #[arg(long, value_name = "FILE")]
    emissions_out: Option<PathBuf>,
    /// Where the journal goes, one JSON object a line
    #[arg(long, value_name = "FILE")]
    journal_out: Option<PathBuf>,
    /// End here: later events are not read, what is due by then happens [default: the last recorded time]
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Show each line that is left out, and why
    #[arg(short, long)]
    verbose: bool,
}

/// Reads, folds, writes.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let programme = programmes::load(&args.programme)?;
    let mapping = args
        .mapping
        .as_deref()
        .map(Mapping::load)
        .transpose()
        .map_err(Failure::bad_input)?;
    let items = feed::open(&args.events, mapping.as_ref())?;
    let records = read(items, &programme, args.until, args.verbose)
        .map_err(|why| Failure::bad_input(format!("{}: {why}", args.events.display())))?;
    report(&records);

    let wanted = Wanted {
        emissions: args.emissions_out.is_some(),
        journal: args.journal_out.is_some(),
    };
    let mut progress = Progress::new("folding players", records.players.len() as u64);
    let folded = fold(&programme, &records, wanted, &mut |players| {
        progress.add(players)
    })?;
    progress.finish();
    write(args, &folded)?;
    Ok(())
}

fn report(records: &Records) {
    remark(format_args!(
        "{} events of {} players",
        grouped(records.events),
        grouped(records.players.len() as u64)
    ));
    remark_tally("left out", &records.left_out);
    remark_tally("rejected", &records.rejected);
}

fn write(args: &Args, folded: &Folded) -> Result<(), Failure> {
    match &args.players_out {
        Some(file) => write_lines(file, &folded.players)?,
        None => lines_to(io::stdout().lock(), &folded.players)?,
    }
    if let Some(file) = &args.emissions_out {
        write_lines(file, &folded.emissions)?;
    }
    if let Some(file) = &args.journal_out {
        write_lines(file, &folded.journal)?;
    }
    Ok(())
}

fn write_lines(file: &Path, lines: &[Vec<u8>]) -> Result<(), Failure> {
    File::create(file)
        .and_then(|target| lines_to(target, lines))
        .map_err(|why| Failure::failed(format!("{}: {why}", file.display())))
}

fn lines_to(target: impl Write, lines: &[Vec<u8>]) -> io::Result<()> {
    let mut target = BufWriter::new(target);
    for line in lines {
        target.write_all(line)?;
        target.write_all(b"\n")?;
    }
    target.flush()
}
