//! Appends with a sync for each group, and reading all of it again: `cargo bench -p embedded`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use embedded::{DataFolder, Options};
use ports::{Entry, EventLog as _};
use types::{Partition, Position, Timestamp};

const PARTITIONS: u16 = 8;
const RECORDS: usize = 800_000;
const BATCH: usize = 50;
const BODY_BYTES: usize = 200;
/// Appends in flight in each partition.
const CALLERS: usize = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let temporary = tempfile::tempdir()?;
    let options = Options::new(Arc::new(|| Timestamp::MIN));
    let data = DataFolder::open(temporary.path(), options)?;
    let started = Instant::now();
    let callers: Vec<_> = (0..usize::from(PARTITIONS) * CALLERS)
        .map(|caller| {
            let log = Arc::clone(&data.log);
            let partition = Partition((caller % usize::from(PARTITIONS)) as u16);
            tokio::spawn(async move {
                let entry = Entry {
                    recorded_at: None,
                    body: Bytes::from(vec![b'x'; BODY_BYTES]),
                };
                for _ in 0..RECORDS / (usize::from(PARTITIONS) * CALLERS * BATCH) {
                    log.append(partition, vec![entry.clone(); BATCH]).await?;
                }
                Ok::<(), ports::AppendError>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    report("append and sync", started);
    drop(data);

    let options = Options::new(Arc::new(|| Timestamp::MIN));
    let started = Instant::now();
    let data = DataFolder::open(temporary.path(), options)?;
    report("open", started);
    let started = Instant::now();
    let readers: Vec<_> = (0..PARTITIONS)
        .map(|partition| {
            let log = Arc::clone(&data.log);
            tokio::spawn(async move {
                let (end, _) = log.end(Partition(partition)).await?;
                let mut reader = log.read(Partition(partition), Position::START).await?;
                let mut last = Position::START;
                while last < end {
                    for record in reader.next(1024).await? {
                        last = record.position;
                    }
                }
                Ok::<(), ports::ReadError>(())
            })
        })
        .collect();
    for reader in readers {
        reader.await??;
    }
    report("read all partitions", started);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark's report")]
fn report(what: &str, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let rate = RECORDS as f64 / seconds;
    println!("{what}: {RECORDS} records of {BODY_BYTES} B in {seconds:.3} s, {rate:.0}/s");
}
