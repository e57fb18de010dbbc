//! Checks of this workspace that the compiler does not make. `make verify` runs them all.

mod layers;
mod lints;
mod mutants;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Checks of this workspace that the compiler does not make.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Who may depend on whom, as `layers.toml` says.
    Layers,
    /// Every crate takes the workspace's lints and describes itself.
    Lints,
    /// Long files, leftovers, sleeps in tests, paths of a machine.
    Tidy,
    /// All of them.
    All,
    /// Takes rules of the protocol away, one at a time and in a copy, and runs the simulation until it notices. Hours of a core.
    Mutants {
        /// Those whose name contains this.
        #[arg(default_value = "")]
        only: String,
        /// So many seeds are tried.
        #[arg(long, default_value_t = 1_000)]
        seeds: u64,
    },
}

fn main() -> Result<ExitCode> {
    let workspace = workspace::load()?;
    let findings = match Arguments::parse().command {
        Command::Layers => layers::check(&workspace)?,
        Command::Lints => lints::check(&workspace)?,
        Command::Tidy => tidy::check(&workspace.root)?,
        Command::Mutants { only, seeds } => {
            return Ok(match mutants::run(&workspace.root, &only, seeds)? {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            });
        }
        Command::All => [
            layers::check(&workspace)?,
            lints::check(&workspace)?,
            tidy::check(&workspace.root)?,
        ]
        .concat(),
    };
    Ok(report(&findings))
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks on both"
)]
fn report(findings: &[String]) -> ExitCode {
    for finding in findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        println!("xtask: nothing found");
        return ExitCode::SUCCESS;
    }
    eprintln!("xtask: {} findings", findings.len());
    ExitCode::FAILURE
}
