//! What was acknowledged is there after the server was killed while it was written to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ports::{Cas, Over, OwnerId, Row, Stamp, StateStore};
use store_cql::CqlStore;
use testkit::servers::cassandra::Cassandra;
use tokio::sync::Notify;
use types::{Epoch, Partition};

use crate::support::{config, head, open, snapshot};

const WRITERS: u16 = 4;
/// Checkpoints that are acknowledged before the server is killed.
const BEFORE: usize = 60;
/// More than any writer gets to.
const CHECKPOINTS: i64 = 100_000;
const ROWS: i64 = 8;
/// How often the store may fail before it is connected again; the driver waits longer after each failure.
const TRIES: usize = 600;

/// The number of the last checkpoint of a partition that was acknowledged, rows and head.
async fn checkpoints(
    store: Arc<CqlStore>,
    partition: Partition,
    done: Arc<AtomicUsize>,
    enough: Arc<Notify>,
) -> i64 {
    let owner = OwnerId(u128::from(partition.0));
    let first = head(owner.0, 1, 0, "0");
    let set = store.set_head(partition, Over::Nothing, first).await;
    assert_eq!(set.expect("a head"), Cas::Applied);
    let own = Over::Own {
        epoch: Epoch(1),
        owner,
    };
    for number in 1..CHECKPOINTS {
        let rows = (0..ROWS).map(|row| Row::Outbox {
            number: (number * ROWS + row).unsigned_abs(),
            bytes: Bytes::from(vec![7; 1_000]),
        });
        let written = store.write(partition, Stamp(number), rows.collect()).await;
        let next = head(owner.0, 1, number, "next");
        let set = match written {
            Ok(()) => store.set_head(partition, own, next).await,
            Err(error) => Err(error),
        };
        if !matches!(set, Ok(Cas::Applied)) {
            return number - 1;
        }
        if done.fetch_add(1, Ordering::Relaxed) + 1 == BEFORE {
            enough.notify_one();
        }
    }
    CHECKPOINTS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    let start = tokio::task::spawn_blocking(Cassandra::start);
    let mut server = start.await.expect("a thread").expect("a server");
    let config = config(&server, "durability");
    let store = Arc::new(open(&config).await);
    let (done, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let writers: Vec<_> = (0..WRITERS)
        .map(|partition| {
            let (done, enough) = (Arc::clone(&done), Arc::clone(&enough));
            let partition = Partition(partition);
            tokio::spawn(checkpoints(Arc::clone(&store), partition, done, enough))
        })
        .collect();
    enough.notified().await;
    server.kill().expect("killed");
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.push(writer.await.expect("a writer"));
    }
    assert!(acknowledged.iter().sum::<i64>() >= BEFORE as i64);

    let restarted = tokio::task::spawn_blocking(move || server.restart().map(|()| server));
    let server = restarted.await.expect("a thread").expect("a server");
    let after = open(&config).await;
    for (partition, acknowledged) in (0..WRITERS).map(Partition).zip(acknowledged) {
        let stands = after.head(partition).await.expect("an answer");
        let last = stands.expect("a head").last_stamp;
        // The one under way when the server died may be there too.
        assert!(
            [acknowledged, acknowledged + 1].contains(&last.0),
            "{last:?} for {acknowledged}"
        );
        let to = ((acknowledged + 1) * ROWS).unsigned_abs();
        let rows = after.outbox(partition, 0, to).await.expect("rows");
        assert_eq!(rows.len() as i64, acknowledged * ROWS);
    }
    goes_on(&store, &after).await;
    drop(server);
}

/// The store that was open when the server died connects again by itself, as soon as it tries.
async fn goes_on(store: &CqlStore, after: &CqlStore) {
    let mut tries = tokio::time::interval(Duration::from_millis(100));
    let partition = Partition(0);
    let stands = after.head(partition).await.expect("an answer");
    for _ in 0..TRIES {
        tries.tick().await;
        if let Ok(read) = store.head(partition).await {
            assert_eq!(read, stands);
            let rows = vec![snapshot("ann", "after")];
            let written = store.write(partition, Stamp(CHECKPOINTS), rows).await;
            return written.expect("written");
        }
    }
    panic!("the store did not connect again");
}
