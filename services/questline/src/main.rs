//! The `questline` binary: wiring only.

use std::process::ExitCode;

/// Every event makes and frees small blocks: the system's allocator would take a third of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    questline::run(std::env::args_os())
}
