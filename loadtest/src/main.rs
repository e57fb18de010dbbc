//! `questline-load`: sends events at a rate that does not wait for answers, follows each to what it causes, and judges.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use loadtest::outcome::{Outcome, Verdict};
use loadtest::report;
use loadtest::rig;
use loadtest::run::{Sink, Target, listen, run};
use loadtest::scenario::Scenario;
use loadtest::server::LOOPBACK;
use loadtest::thresholds::Thresholds;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "\
Examples:
  questline-load check loadtest/scenarios/steady.toml
  questline-load run --scenario loadtest/scenarios/steady.toml --start
  questline-load run --scenario F --to http://127.0.0.1:8080 --key KEY --sink 127.0.0.1:9100

Exit codes: 0 pass, 1 a bar is missed, 2 set-up error, 3 INVALID (the tool was the limit), 64 bad usage.";

/// Sends events to a Questline server at a rate that does not wait for answers, and follows each to what it causes.
#[derive(Debug, Parser)]
#[command(name = "questline-load", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a scenario and judges it.
    #[command(after_help = EXAMPLES)]
    Run(Box<RunArguments>),
    /// Validates a scenario and says what it would send.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Prints the JSON schema of a result.
    Schema,
}

#[derive(Debug, Args)]
struct RunArguments {
    /// The scenario's file.
    #[arg(long)]
    scenario: PathBuf,
    /// Start a server for it: the `questline` binary beside this one, on a folder that is removed afterwards.
    #[arg(long, conflicts_with_all = ["to", "to_grpc", "key", "sink"])]
    start: bool,
    /// The server: http://HOST:PORT.
    #[arg(long, required_unless_present = "start")]
    to: Option<String>,
    /// The server's gRPC address, where a stream goes there.
    #[arg(long)]
    to_grpc: Option<String>,
    /// An API key with the scope ingest, one for each brand in the order of the scenario.
    #[arg(
        long,
        env = "QUESTLINE_KEY",
        hide_env_values = true,
        required_unless_present = "start"
    )]
    key: Vec<String>,
    /// The source that the keys speak for.
    #[arg(long, default_value = "load")]
    source: String,
    /// Listen there as a gateway: one of the server's has to point here.
    #[arg(long, required_unless_present = "start")]
    sink: Option<SocketAddr>,
    /// Bars to judge by, instead of the scenario's.
    #[arg(long)]
    thresholds: Option<PathBuf>,
    /// Another seed than the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// All rates so many times as high.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Where NAME.json goes.
    #[arg(long, default_value = "loadtest-results")]
    out: PathBuf,
    /// Also write the result as an HTML page, which needs no other file.
    #[arg(long)]
    report: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // There is nowhere else to say it.
            error.print().unwrap_or_default();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    match carried_out(cli).await {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(why) => {
            remark(&format!("error: {why:#}"));
            ExitCode::from(2)
        }
    }
}

async fn carried_out(cli: Cli) -> Result<Verdict> {
    match cli.command {
        Command::Run(arguments) => one(&arguments).await,
        Command::Check { file } => {
            let scenario = Scenario::read(&file)?;
            say(&format!(
                "{}: {}\n{:.0} events in {} s, by {} streams of {} brands",
                scenario.text.name,
                scenario.text.about,
                scenario.events(),
                scenario.text.lasts_s,
                scenario.text.streams.len(),
                scenario.programmes.len()
            ));
            Ok(Verdict::Pass)
        }
        Command::Schema => {
            say(&serde_json::to_string_pretty(&schemars::schema_for!(
                Outcome
            ))?);
            Ok(Verdict::Pass)
        }
    }
}

async fn one(arguments: &RunArguments) -> Result<Verdict> {
    ensure!(
        arguments.scale > 0.0 && arguments.scale.is_finite(),
        "--scale is above 0"
    );
    let mut scenario = Scenario::read(&arguments.scenario)?.times(arguments.scale);
    scenario.text.seed = arguments.seed.unwrap_or(scenario.text.seed);
    if let Some(file) = &arguments.thresholds {
        scenario.text.bars = Thresholds::read(file)?.bars;
    }
    let (sink, address) = listen(arguments.sink.unwrap_or(LOOPBACK))?;
    let folder = tempfile::tempdir()?;
    let (server, target) = if arguments.start {
        let (server, target) = rig::start(&scenario, None, folder.path(), address).await?;
        (Some(server), target)
    } else {
        let target = Target {
            http: arguments.to.clone().unwrap_or_default(),
            grpc: arguments.to_grpc.clone(),
            keys: arguments.key.clone(),
            source: arguments.source.clone(),
        };
        (None, target)
    };
    let outcome = measured(&scenario, &target, &sink).await?;
    drop(server);
    write(&outcome, &arguments.out)?;
    if let Some(file) = &arguments.report {
        std::fs::write(file, report::page(&outcome)).with_context(|| file.display().to_string())?;
        say(&format!("{} shows it", file.display()));
    }
    Ok(outcome.verdict)
}

async fn measured(scenario: &Scenario, target: &Target, sink: &Sink) -> Result<Outcome> {
    let id = jiff::Timestamp::now().as_millisecond().unsigned_abs();
    run(scenario, target, sink, id, remark).await
}

fn write(outcome: &Outcome, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let json = folder.join(format!("{}.json", outcome.scenario));
    std::fs::write(&json, serde_json::to_string_pretty(outcome)?)
        .with_context(|| json.display().to_string())?;
    for bar in &outcome.bars {
        let met = if bar.met { "met   " } else { "MISSED" };
        let value = bar
            .value
            .map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
        say(&format!(
            "{met}  {:<32} {value:>12}  {}",
            bar.figure, bar.bar
        ));
    }
    say(&format!(
        "{}: {}",
        outcome.scenario,
        outcome.verdict.as_str()
    ));
    for reason in &outcome.reasons {
        say(&format!("  {reason}"));
    }
    say(&format!("{} has everything", json.display()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the verdict is this tool's output")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "how it goes is for who watches")]
fn remark(line: &str) {
    eprintln!("{line}");
}
