//! `questline send`: a file of events to a server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;

use super::block_on;
use crate::client::Client;
use crate::console::{Progress, grouped, remark, remark_tally, say};
use crate::exit::Failure;
use crate::feed::{self, Item};
use crate::mapping::Mapping;
use crate::send::{ProgressFile, Sender, Sent, digest_of};

/// What to send, and where.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline send --to http://127.0.0.1:8080 --key ql_... events.jsonl
  questline send --to http://127.0.0.1:8080 --key ql_... --mapping mapping.yaml orders.csv.gz

Interrupted, it goes on from where it was when it is run again: a small file next to the input says how far it came. Sending anything
twice is harmless. On a server with `--clock event` it ends with a tick at the last recorded time.")]
pub(crate) struct Args {
    /// Events as JSON lines, or what the mapping reads; may be packed by gzip
    file: PathBuf,
    /// The server's HTTP address
    #[arg(long, value_name = "URL", env = "QUESTLINE_URL")]
    to: String,
    /// The API key, with scope `ingest`
    #[arg(
        long,
        value_name = "KEY",
        env = "QUESTLINE_KEY",
        hide_env_values = true
    )]
    key: String,
    /// How the file's columns or paths become events
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Start from the first line, whatever an earlier run has sent
    #[arg(long)]
    from_start: bool,
    /// Send no faster than so many events a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// How long to go on trying while the server takes nothing, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    patience: u64,
    /// With `--clock event`: end when everything is folded and delivered to the gateways
    #[arg(long)]
    wait: bool,
    /// Show each rejected event, and why
    #[arg(short, long)]
    verbose: bool,
}

/// Sends the file.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mapping = args
        .mapping
        .as_deref()
        .map(Mapping::load)
        .transpose()
        .map_err(Failure::bad_input)?;
    let events = count(&args.file, mapping.as_ref())?;
    let client = Client::new(&args.to, &args.key)?;
    let mut progress = Progress::new("sending events", events);
    let verbose = args.verbose;
    let sender = Sender {
        client: &client,
        progress_file: (!args.from_start)
            .then(|| progress_file(args))
            .transpose()?,
        events_per_second: args.rate,
        wait: args.wait,
        patience: Duration::from_secs(args.patience),
        on_rejected: &mut |event, result| {
            if verbose {
                let id = result.id.as_deref().unwrap_or("?");
                let why = result.detail.as_deref().unwrap_or("");
                remark(format_args!("line {} ({id}): {why}", event.line));
            }
        },
    };
    let feed = feed::open(&args.file, mapping.as_ref())?;
    let sent = block_on(sender.send(feed, &mut progress))?;
    progress.finish();
    report(&sent)
}

fn count(file: &Path, mapping: Option<&Mapping>) -> Result<u64, Failure> {
    let mut events = 0;
    for item in feed::open(file, mapping)? {
        events += u64::from(matches!(item?, Item::Event(_)));
    }
    Ok(events)
}

fn progress_file(args: &Args) -> Result<ProgressFile, Failure> {
    let file = &args.file;
    let unreadable = |why| Failure::bad_input(format!("{}: {why}", file.display()));
    let mut digests = vec![digest_of(file).map_err(unreadable)?];
    if let Some(mapping) = &args.mapping {
        digests.push(digest_of(mapping)?);
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let digests: Vec<&[u8]> = digests.iter().map(Vec::as_slice).collect();
    Ok(ProgressFile::new(folder, &name, &args.to, &digests))
}

fn report(sent: &Sent) -> Result<(), Failure> {
    if sent.resumed_at > 0 {
        say(format_args!(
            "went on after {} events",
            grouped(sent.resumed_at)
        ))?;
    }
    let rate = (sent.sent - sent.resumed_at) as f64 / sent.took.as_secs_f64().max(0.001);
    say(format_args!(
        "sent {} events, {} accepted, {} rejected; {} a second",
        grouped(sent.sent),
        grouped(sent.accepted),
        grouped(sent.sent - sent.accepted),
        grouped(rate as u64)
    ))?;
    remark_tally("rejected", &sent.rejected);
    remark_tally("left out", &sent.left_out);
    Ok(())
}
