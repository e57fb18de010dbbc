//! The command line: names, flags and examples.

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, backup, check, cluster, config, demo, diff, erase, explain, export, fmt, key, players,
    preview, programme, repair, restore, schema, send, serve, simulate,
};

/// Missions, streaks and tiers that never lose, double or reorder an event.
#[derive(Debug, Parser)]
#[command(
    name = "questline",
    version,
    propagate_version = true,
    after_help = "Examples:
  questline demo                                        a real shop's year, live, on this machine
  questline check programme.yaml                        is the programme right?
  questline simulate --programme programme.yaml --events events.jsonl
  questline serve --data ./data --programme programme.yaml

Exit codes: 0 done, 1 failed, 2 bad input, 64 bad usage"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process on the embedded store
    Serve(Box<serve::Args>),
    /// Serve, replay a real shop's year through HTTP, and show what came of it
    Demo(Box<demo::Args>),
    /// API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Validate a programme
    Check(check::Args),
    /// What differs between two programmes, in the words of the programme
    Diff(diff::Args),
    /// Format programmes, comments kept
    Fmt(fmt::Args),
    /// What a draft would mean for every stored player, before it is published
    Preview(preview::Args),
    /// The JSON Schema of programmes, for editors
    Schema(schema::Args),
    /// Fold a file of events, or stored history through a draft, without a server
    Simulate(Box<simulate::Args>),
    /// Send a file of events to a server; resumable
    Send(send::Args),
    /// Every player of a server, as `simulate` writes them
    Players(players::Args),
    /// The programme of a server: read it, edit it, publish it
    #[command(subcommand)]
    Programme(programme::Command),
    /// Why an event counted, or did not, rule by rule
    Explain(explain::Args),
    /// Recompute every balance from the journal
    Audit(audit::Args),
    /// The effective configuration of `serve`
    Config(Box<config::Args>),
    /// Partitions and their owners
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Players that are set aside: list them, or fold one's waiting records once the cause is gone
    Repair(repair::Args),
    /// Forget who a player was, for good
    Erase(erase::Args),
    /// Everything held about a player, as JSON
    Export(export::Args),
    /// Copy a data folder, also while a server runs on it
    Backup(backup::Args),
    /// Make a data folder of a backup
    Restore(restore::Args),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), crate::exit::Failure> {
        match self {
            Self::Serve(args) => serve::run(*args),
            Self::Demo(args) => demo::run(*args),
            Self::Key(command) => key::run(command),
            Self::Check(args) => check::run(&args),
            Self::Diff(args) => diff::run(&args),
            Self::Fmt(args) => fmt::run(&args),
            Self::Preview(args) => preview::run(&args),
            Self::Schema(args) => schema::run(&args),
            Self::Simulate(args) => simulate::run(&args),
            Self::Send(args) => send::run(&args),
            Self::Players(args) => players::run(&args),
            Self::Programme(command) => programme::run(command),
            Self::Explain(args) => explain::run(&args),
            Self::Audit(args) => audit::run(&args),
            Self::Config(args) => config::run(*args),
            Self::Cluster(command) => cluster::run(command),
            Self::Repair(args) => repair::run(args),
            Self::Erase(args) => erase::run(&args),
            Self::Export(args) => export::run(&args),
            Self::Backup(args) => backup::run(&args),
            Self::Restore(args) => restore::run(&args),
        }
    }
}
