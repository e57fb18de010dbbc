//! `questline-cluster`: a whole cluster on this machine.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use cluster::{Cluster, EMITTED, Fault, Intensity, Orders, PROGRAMME, Plan, chaos, compare, usage};
use tokio::signal::unix::{SignalKind, signal};

/// A whole cluster on loopback: NATS, Cassandra, an engine node, two ingest nodes, both gateways.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  questline-cluster up           a real shop's year through a cluster, compared with simulate; stays up
  questline-cluster up --exit    the same, and ends
  questline-cluster chaos        every part is killed, paused or restarted in turn, under load

NATS and Cassandra are those that `make test` fetches into .tools/. Exit codes: 0 equal to simulate, 1 not, or something failed."
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a cluster, sends the bundled orders through it, and compares
    Up(Up),
    /// Kills, pauses and restarts every part in turn, under load, and says what became of every event
    Chaos(Chaos),
}

/// How much.
#[derive(Debug, clap::Args)]
struct Chaos {
    /// Events a second
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// Seconds before each fault, and after it is over
    #[arg(long, default_value_t = 10)]
    calm: u64,
    /// Seconds for which what is paused stands still
    #[arg(long, default_value_t = 30)]
    pause: u64,
    /// Only these faults
    #[arg(long, value_delimiter = ',')]
    only: Vec<Fault>,
    /// The `questline` binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

impl Chaos {
    async fn run(self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let programme = folder.path().join("chaos.yaml");
        std::fs::write(&programme, PROGRAMME)?;
        let plan = Plan {
            binary: match self.binary {
                Some(binary) => binary,
                None => beside_this("questline")?,
            },
            programme,
            brand: "chaos".to_owned(),
            nats: 3,
            partitions: 16,
            event_clock: false,
            notified: Some(vec![EMITTED.to_owned()]),
        };
        let mut cluster = Cluster::start(plan, say).await?;
        let intensity = Intensity {
            rate: self.rate,
            calm: Duration::from_secs(self.calm),
            pause: Duration::from_secs(self.pause),
        };
        let faults = match self.only.is_empty() {
            true => Fault::ALL.to_vec(),
            false => self.only,
        };
        say("");
        say(
            "fault                       back in s   accepted  retried  longest silence s    lost  doubled  reordered",
        );
        let mut clean = true;
        for (run, fault) in (1..).zip(faults) {
            let verdict = chaos(&mut cluster, fault, run, intensity).await?;
            say(&format!(
                "{:<26} {:>10.1} {:>10} {:>8} {:>18.2} {:>7} {:>8} {:>10}",
                fault.to_string(),
                verdict.fault_lasted.as_secs_f64(),
                verdict.accepted,
                verdict.retried,
                verdict.longest_silence.as_secs_f64(),
                verdict.lost,
                verdict.doubled,
                verdict.reordered
            ));
            clean &= verdict.is_clean();
        }
        cluster.stop().await?;
        match clean {
            true => {
                say("lost=0 doubled=0 reordered=0");
                Ok(())
            }
            false => bail!("events were lost, doubled or reordered"),
        }
    }
}

/// What to start.
#[derive(Debug, clap::Args)]
struct Up {
    /// End after the summary
    #[arg(long)]
    exit: bool,
    /// NATS servers: 1 or 3
    #[arg(long, default_value_t = 3)]
    nats: usize,
    /// Partitions of the log
    #[arg(long, default_value_t = 64)]
    partitions: u16,
    /// The `questline` binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let command = Args::parse().command;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    // What was started ends with the future that holds it.
    tokio::select! {
        done = command.run() => done,
        _ = terminate.recv() => bail!("ended by SIGTERM"),
        _ = interrupt.recv() => bail!("ended by Ctrl-C"),
    }
}

impl Command {
    async fn run(self) -> Result<()> {
        match self {
            Self::Up(up) => up.run().await,
            Self::Chaos(chaos) => chaos.run().await,
        }
    }
}

impl Up {
    async fn run(self) -> Result<()> {
        let orders = Orders::bundled();
        let plan = Plan {
            binary: match self.binary {
                Some(binary) => binary,
                None => beside_this("questline")?,
            },
            programme: orders.programme.clone(),
            brand: "online-retail".to_owned(),
            nats: self.nats,
            partitions: self.partitions,
            event_clock: true,
            notified: None,
        };
        let cluster = Cluster::start(plan, say).await?;
        say(&format!("files       {}", cluster.folder().display()));
        say("");
        let started = Instant::now();
        let sent = orders.send(&cluster, say).await?;
        let took = started.elapsed();
        let comparison = compare(&cluster, &orders).await?;
        say("");
        say(&format!(
            "{} rows in {} months through two ingest nodes in {:.1} s. The cluster equals simulate: {} players; the gateways hold\n\
             exactly its {} completions and tier changes, and its {} grants.",
            sent.rows,
            sent.months,
            took.as_secs_f64(),
            comparison.players,
            comparison.notified,
            comparison.grants
        ));
        say("");
        say("process            pid      CPU s   us/row   resident MiB");
        for one in usage(&cluster)? {
            let micros = one.cpu.as_secs_f64() * 1e6 / sent.rows as f64;
            say(&format!(
                "{:<16} {:>6} {:>9.2} {micros:>8.1} {:>14}",
                one.name,
                one.pid,
                one.cpu.as_secs_f64(),
                one.resident >> 20
            ));
        }
        if !self.exit {
            say("");
            say("It stays up until Ctrl-C:");
            say(&format!("  export KEY={}", cluster.key));
            say(&format!(
                "  curl -H \"Authorization: Bearer $KEY\" {}/v1/players/17850",
                cluster.http(0)?
            ));
            say(&format!(
                "  questline cluster status --at {}",
                cluster.engine.url("cluster")?
            ));
            std::future::pending::<()>().await;
        }
        cluster.stop().await
    }
}

fn beside_this(name: &str) -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name(name);
    if !binary.is_file() {
        bail!(
            "{} is not there: build it, as `make cluster` does",
            binary.display()
        );
    }
    binary.canonicalize().context("the binary beside this one")
}

/// Writes a line. There is nobody left to tell where that fails.
fn say(text: &str) {
    writeln!(io::stdout().lock(), "{text}").unwrap_or_default();
}
