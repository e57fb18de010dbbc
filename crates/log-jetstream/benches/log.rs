//! What the log costs on one server with `sync_interval: always`: CPU of this process and of the server for each record, and of 64
//! partitions that nothing happens in. Wall time is the machine's matter; compare CPU. `cargo bench -p log-jetstream`.

#![expect(clippy::print_stdout, reason = "the figures are this bench's output")]

use std::fs;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::{join_all, select_all};
use log_jetstream::{JetStreamLog, Login, Settings, Syncing};
use ports::{Entry, EventLog as _, LogReader};
use testkit::servers::nats::{Nats, Options, USER};
use types::{Partition, Position};

const PARTITIONS: u16 = 64;
const BODY_BYTES: usize = 200;
const BATCHES: usize = 40;
const IDLE: Duration = Duration::from_secs(5);

/// On-CPU nanoseconds of a process's threads.
fn cpu_ns(process: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Runs `work` and says what each record cost.
async fn measured<T>(name: &str, server: &str, records: usize, work: impl Future<Output = T>) -> T {
    let (here, there, begun) = (cpu_ns("self"), cpu_ns(server), Instant::now());
    let done = work.await;
    let each = |spent: u64| spent as f64 / records as f64;
    println!(
        "{name:<28} {:>9.0} ns/record here {:>9.0} ns/record in the server {:>9.0} records/s",
        each(cpu_ns("self") - here),
        each(cpu_ns(server) - there),
        records as f64 / begun.elapsed().as_secs_f64()
    );
    done
}

async fn append_all(log: &JetStreamLog, batch: usize) {
    let entry = Entry {
        recorded_at: None,
        body: Bytes::from(vec![b'x'; BODY_BYTES]),
    };
    let partitions = (0..PARTITIONS).map(|partition| {
        let entry = entry.clone();
        async move {
            for _ in 0..BATCHES {
                let entries = vec![entry.clone(); batch];
                let appended = log.append(Partition(partition), entries).await;
                appended.expect("appended");
            }
        }
    });
    join_all(partitions).await;
}

async fn read_all(log: &JetStreamLog, each: usize) -> Vec<Box<dyn LogReader>> {
    let partitions = (0..PARTITIONS).map(|partition| async move {
        let reader = log.read(Partition(partition), Position::START).await;
        let mut reader = reader.expect("a reader");
        let mut read = 0;
        while read < each {
            read += reader.next(1_024).await.expect("records").len();
        }
        reader
    });
    join_all(partitions).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let nats = Nats::start(Options::default()).await;
    let server = nats.pid(0).to_string();
    let settings = Settings {
        login: Login::User {
            user: USER.0.to_owned(),
            password: USER.1.to_owned(),
        },
        replicas: 1,
        stream_bytes: 1 << 30,
        ..Settings::new(nats.urls(), "bench", Syncing::Accepted)
    };
    for batch in [1, 50] {
        let settings = Settings {
            prefix: format!("bench{batch}"),
            ..settings.clone()
        };
        let log = JetStreamLog::open(&settings).await.expect("a log");
        let records = usize::from(PARTITIONS) * BATCHES * batch;
        let name = format!("append, {batch} a message");
        measured(&name, &server, records, append_all(&log, batch)).await;
        let name = format!("read, {batch} a message");
        let reading = read_all(&log, BATCHES * batch);
        let mut readers = measured(&name, &server, records, reading).await;
        let (here, there) = (cpu_ns("self"), cpu_ns(&server));
        let waiting = select_all(readers.iter_mut().map(|reader| reader.next(1)));
        assert!(tokio::time::timeout(IDLE, waiting).await.is_err(), "idle");
        let share = |spent: u64| 100.0 * spent as f64 / IDLE.as_nanos() as f64;
        println!(
            "{PARTITIONS} idle partitions           {:>9.2} % of a core here {:>9.2} % in the server",
            share(cpu_ns("self") - here),
            share(cpu_ns(&server) - there)
        );
    }
}
