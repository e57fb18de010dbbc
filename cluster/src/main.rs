//! `questline-cluster`: a whole cluster on this machine.

mod commands;

use anyhow::Result;
use clap::{Parser, Subcommand};
use commands::{Chaos, Cost, Idle, Up};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A whole cluster on loopback: NATS, Cassandra, an engine node, two ingest nodes, both gateways.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  questline-cluster up           a real shop's year through a cluster, compared with simulate; stays up
  questline-cluster up --exit    the same, and ends
  questline-cluster chaos        every part is killed, paused or restarted in turn, under load
  questline-cluster cost         what an event costs each process and the store
  questline-cluster idle         what each process uses while nothing comes

NATS and Cassandra are those that `make test` fetches into .tools/. Exit codes: 0 equal to simulate, or nothing lost, doubled or
reordered; 1 not so, or something failed; 2 bad usage."
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
    /// Counts what an event costs each process, in CPU time, and the store, in rows: few who play often, many who play seldom
    Cost(Cost),
    /// Counts what each process uses while nothing comes; fails where an engine node uses more than 1 % of a core
    Idle(Idle),
}

#[tokio::main]
async fn main() -> Result<()> {
    let command = Args::parse().command;
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    match command {
        Command::Up(up) => up.run(&stop).await,
        Command::Chaos(chaos) => chaos.run(&stop).await,
        Command::Cost(cost) => cost.run(&stop).await,
        Command::Idle(idle) => idle.run(&stop).await,
    }
}
