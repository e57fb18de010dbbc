//! The `questline` binary: wiring only.

use std::process::ExitCode;

fn main() -> ExitCode {
    questline::run(std::env::args_os())
}
