//! Threads that take what the others leave of the processor. Nobody waits for a checkpoint, a flush or a compaction; somebody waits for
//! each event, and with few cores it would wait for them.

use std::io;
use std::thread;

/// By how much: under full load a third of another thread's share, so that checkpoints still come to their end.
const NICE: i32 = 5;

/// Lets this thread, and those that it starts, step back behind the others.
pub(super) fn step_back() {
    // Elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "checkpoints are written at the priority of everything else");
    }
}

/// Runs something on a thread that steps back, and waits for it: threads that it starts do the same.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("state-open".to_owned());
        let running = thread.spawn_scoped(scope, || {
            step_back();
            work()
        })?;
        running
            .join()
            .map_err(|_| io::Error::other("opening the state panicked"))
    })
}
