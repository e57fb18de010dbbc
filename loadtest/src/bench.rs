//! `questline-bench`: the numbers of this project in one command. Prints them and writes them as JSON.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use loadtest::end_to_end::{self, EndToEnd};
use loadtest::fold::{self, Fold, Pace};
use loadtest::population::Shape;
use serde::Serialize;

/// The server's own, so that what is measured is what runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the fold alone and the whole path.
#[derive(Debug, Parser)]
#[command(name = "questline-bench", version)]
struct Arguments {
    /// Where the JSON goes
    #[arg(long, default_value = "bench-results")]
    out: PathBuf,
    /// Events folded in each run of the fold
    #[arg(long, default_value_t = 1_500_000)]
    events: usize,
    /// Only the runs of the fold with so many players
    #[arg(long)]
    players: Option<u32>,
    /// Seconds of each end-to-end run
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Only this part
    #[arg(long, value_enum)]
    only: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Fold,
    EndToEnd,
}

#[derive(Serialize)]
struct Results {
    version: &'static str,
    cores: usize,
    fold: Vec<Fold>,
    end_to_end: Option<EndToEnd>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let mut results = Results {
        version: env!("CARGO_PKG_VERSION"),
        cores: std::thread::available_parallelism()?.get(),
        fold: Vec::new(),
        end_to_end: None,
    };
    if arguments.only != Some(Part::EndToEnd) {
        say(
            "fold: 20 rules, 20 missions, fdatasync for each 1,024 events\n  players    shape  checkpoints   CPU ns/event  wall ns/event  bytes/state  resident",
        );
        for (players, shape, pace) in [
            (1_000, Shape::Uniform, Pace::ReplayBudget),
            (100_000, Shape::Uniform, Pace::ReplayBudget),
            (100_000, Shape::Zipf, Pace::ReplayBudget),
            (1_000_000, Shape::Uniform, Pace::ReplayBudget),
            (100_000, Shape::Uniform, Pace::EachGroup),
        ] {
            if arguments.players.is_some_and(|only| only != players) {
                continue;
            }
            let run = fold::run(players, shape, pace, arguments.events, folder.path())?;
            say(&format!(
                "{:>9}  {:>7}  {:>11}  {:>13.0}  {:>13.0}  {:>11.0}  {:>8.0}",
                run.players,
                format!("{:?}", run.shape).to_lowercase(),
                run.checkpoints,
                run.cpu_ns_per_event,
                run.wall_ns_per_event,
                run.state_bytes,
                run.resident_bytes_per_player
            ));
            results.fold.push(run);
        }
    }
    if arguments.only != Some(Part::Fold) {
        let run = end_to_end::run(100_000, arguments.seconds, folder.path()).await?;
        describe(&run);
        results.end_to_end = Some(run);
    }
    fs::create_dir_all(&arguments.out)?;
    let file = arguments.out.join("bench.json");
    fs::write(&file, serde_json::to_string_pretty(&results)?)
        .with_context(|| file.display().to_string())?;
    say(&format!("written to {}", file.display()));
    Ok(())
}

fn describe(run: &EndToEnd) {
    say(&format!(
        "end to end: HTTP batches of 100 in, gRPC out, {} players, generator on the same cores",
        run.players
    ));
    for (name, one) in [("flat out", &run.flat_out), ("half of it", &run.half)] {
        let latency = &one.received.accepted_to_delivered;
        say(&format!(
            "  {name:<10} {:>8.0} events/s durable, {:.1} CPU us/event ({:.1} server); accepted to delivered p50 {:.1} p99 {:.1} p99.9 {:.1} ms; failed {}, skipped {}",
            one.events_per_second,
            one.cpu_us_per_event,
            one.server_cpu_us_per_event,
            latency.p50_ms,
            latency.p99_ms,
            latency.p99_9_ms,
            one.sent.failed,
            one.sent.skipped,
        ));
    }
    let mib = |bytes: u64| bytes / (1024 * 1024);
    say(&format!(
        "  resident: {} MiB empty, {} MiB with {} hot players",
        mib(run.resident_empty_bytes),
        mib(run.resident_hot_bytes),
        run.players
    ));
}

#[expect(clippy::print_stdout, reason = "the figures are this tool's output")]
fn say(line: &str) {
    println!("{line}");
}
