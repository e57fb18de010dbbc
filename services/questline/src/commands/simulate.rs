//! `questline simulate`: folds a file of events, or stored history, through the core, without a server.

mod history;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Parser};
use types::Timestamp;

use self::history::WhatIf;
use crate::console::{Progress, grouped, remark, remark_tally};
use crate::exit::Failure;
use crate::mapping::Mapping;
use crate::simulate::{Folded, Records, Wanted, fold, read};
use crate::{feed, programmes};

/// What to fold, and where to write it.
#[derive(Debug, Parser)]
#[command(group = ArgGroup::new("of").required(true).args(["events", "from_data", "from_server"]))]
#[command(after_help = "Examples:
  questline simulate --programme programme.yaml --events events.jsonl
  questline simulate --programme programme.yaml --events orders.csv.gz --mapping mapping.yaml \\
      --players-out players.jsonl --emissions-out emissions.jsonl

Events are taken by `recorded_at`, else `occurred_at`; equal times in file order. Lines that are no valid events are skipped and
counted on stderr by reason. The players go to stdout where no file is named for them.

What a draft would have given, from real history:
  questline simulate --programme draft.yaml --from-data ./data
  questline simulate --programme draft.yaml --from-data ./data --since 2026-01-01T00:00:00Z --cost voucher_5=5.00 --html report.html
  questline simulate --programme draft.yaml --from-server http://127.0.0.1:8080 --key ql_... --json

Every event that is stored is folded twice, through the draft and through the programme in effect now, as if each had always been;
with --since as if the draft had been published then, so that what is running goes by its `on_change`. The server or data folder is
only read. Ctrl-C ends it and leaves nothing behind.")]
pub(crate) struct Args {
    /// The programme
    #[arg(long, value_name = "FILE")]
    programme: PathBuf,
    /// Events as JSON lines, or what the mapping reads; may be packed by gzip
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// How the file's columns or paths become events
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    mapping: Option<PathBuf>,
    /// Where the players go, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    players_out: Option<PathBuf>,
    /// Where the emissions go, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    emissions_out: Option<PathBuf>,
    /// Where the journal goes, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    journal_out: Option<PathBuf>,
    /// End here: later events are not read, what is due by then happens [default: the last recorded time]
    #[arg(long, value_name = "TIME", conflicts_with = "history")]
    until: Option<Timestamp>,
    /// Show each line that is left out, and why
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    what_if: WhatIf,
}

/// Reads, folds, writes.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let programme = programmes::load(&args.programme)?;
    let Some(events) = &args.events else {
        return args.what_if.run(programme);
    };
    let mapping = args
        .mapping
        .as_deref()
        .map(Mapping::load)
        .transpose()
        .map_err(Failure::bad_input)?;
    let items = feed::open(events, mapping.as_ref())?;
    let records = read(items, &programme, args.until, args.verbose)
        .map_err(|why| Failure::bad_input(format!("{}: {why}", events.display())))?;
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
