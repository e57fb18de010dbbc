//! One binary: serve, demo, check, simulate, send and the other commands.
//!
//! [`run`] is the whole of it: reads the command line, does what it says, gives the exit code.

mod cli;
mod client;
mod commands;
mod console;
mod demo;
mod exit;
mod feed;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod ledger;
mod lines;
mod mapping;
mod preview;
mod programmes;
mod send;
mod serve;
mod simulate;
mod whatif;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use console::remark;

/// Runs a command line.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors. Where they cannot be printed there is nobody to tell.
            error.print().unwrap_or_default();
            let code = if error.use_stderr() {
                exit::BAD_USAGE
            } else {
                0
            };
            return ExitCode::from(code);
        }
    };
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        // Who read the output has read enough.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_quiet() {
                remark(&failure);
            }
            failure.code()
        }
    }
}
