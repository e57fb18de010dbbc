//! How far the files of a process may grow: a full disk for that process alone, without a file system of its own and without root.
//!
//! The limit is the kernel's RLIMIT_FSIZE, set on the running process. A write that would make a file longer fails, with EFBIG where a
//! full disk says ENOSPC; what is in the files already can be read, synced and written over.

use anyhow::{Context, Result};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

/// No file of the process grows any more.
pub(super) fn none(pid: u32) -> Result<()> {
    limit(pid, Some(0))
}

/// Files grow again, as far as those of this process.
pub(super) fn back(pid: u32) -> Result<()> {
    limit(pid, getrlimit(Resource::Fsize).current)
}

fn limit(pid: u32, current: Option<u64>) -> Result<()> {
    let pid = Pid::from_raw(pid.cast_signed()).context("no process id")?;
    let limit = Rlimit {
        current,
        // Who is not root could not raise it again.
        maximum: getrlimit(Resource::Fsize).maximum,
    };
    prlimit(Some(pid), Resource::Fsize, limit)?;
    Ok(())
}
