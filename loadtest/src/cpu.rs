//! CPU time as the kernel counts it: the steady figure on a noisy machine.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Kernel ticks are hundredths of a second on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of the calling thread so far, to the nanosecond.
pub fn of_this_thread() -> Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")
        .context("no scheduler statistics here")?;
    let nanos = text
        .split(' ')
        .next()
        .context("empty scheduler statistics")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// CPU time of a process and all its threads so far, to a hundredth of a second.
pub fn of_process(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is gone"))?;
    // The second field is the program's name in brackets and may hold blanks.
    let fields: Vec<&str> = text
        .rsplit_once(") ")
        .context("strange process statistics")?
        .1
        .split(' ')
        .collect();
    let ticks = |index: usize| -> Result<u32> {
        Ok(fields
            .get(index)
            .context("short process statistics")?
            .parse()?)
    };
    Ok(TICK * (ticks(11)? + ticks(12)?))
}

/// Resident memory of a process, in bytes.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no resident size")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::{of_process, of_this_thread, resident_bytes};

    #[test]
    fn this_process_has_used_some_and_never_less_than_before() {
        let before = of_this_thread().unwrap();
        let sum: u64 = (0..1_000_000u64)
            .map(|number| number ^ (number << 1))
            .fold(0, u64::wrapping_add);
        assert_ne!(sum, 1);
        assert!(of_this_thread().unwrap() >= before);
        assert!(of_process(std::process::id()).is_ok());
        assert!(resident_bytes(std::process::id()).unwrap() > 100_000);
    }
}
