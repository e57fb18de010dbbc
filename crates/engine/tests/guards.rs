//! Logs, stores and clocks that do not belong together: the sentence that an operator reads, and nothing written.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use bench::{Bench, NOW, PROGRAMME};
use engine::{EngineError, check_store};
use ports::{Cas, EventLog, Head, Over, StateStore};
use types::{Epoch, Partition, Timestamp};

/// Another log's number, as far from 1 as any that is drawn.
const OTHER: u64 = 1 << 40;

async fn heads(bench: &Bench) -> Vec<Option<Head>> {
    let mut heads = Vec::new();
    for partition in (0..3).map(Partition) {
        heads.push(bench.store.head(partition).await.unwrap());
    }
    heads
}

async fn run_once(bench: &Bench, orders: u32) {
    let engine = bench.start().await.unwrap();
    for order in 0..orders {
        bench.order("ann", &format!("o{order}"), "1.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
}

/// The refusal of a start, which leaves the head of what is refused as it was.
async fn refused(bench: &Bench) -> String {
    let refused = usize::from(bench.partition_of(&bench.entity("ann")).0);
    let before = heads(bench).await.swap_remove(refused);
    let error = bench.start().await.map(drop).unwrap_err();
    assert_eq!(heads(bench).await.swap_remove(refused), before);
    error.to_string()
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[tokio::test]
async fn a_store_that_was_folded_from_another_log() {
    // Something was folded, or partitions were taken and nothing more.
    for orders in [3, 0] {
        let bench = Bench::new(PROGRAMME);
        run_once(&bench, orders).await;
        assert!(check_store(&*bench.log, &*bench.store).await.is_ok());
        bench.log.set_incarnation(OTHER);
        bench
            .log
            .restore(bench.partition_of(&bench.entity("ann")), 0);
        let said = check_store(&*bench.log, &*bench.store).await.unwrap_err();
        assert!(matches!(said, EngineError::ForeignLog { .. }), "{said}");
        says(
            &refused(&bench).await,
            &[
                "the log is not the one that the store was folded from",
                "another keyspace",
            ],
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_ahead_of_the_logs() {
    for (behind_s, fits) in [
        (-600, true),
        (0, true),
        (60, true),
        (61, false),
        (600, false),
    ] {
        let bench = Bench::new(PROGRAMME);
        let logs = Timestamp::from_nanos(NOW - behind_s * 1_000_000_000).unwrap();
        bench.log.set_clock(logs);
        if fits {
            run_once(&bench, 1).await;
            continue;
        }
        let ahead = format!("{behind_s} s ahead of the log's");
        says(&refused(&bench).await, &[&ahead, "60 s is the most", "NTP"]);
    }
}

#[tokio::test]
async fn a_head_that_a_newer_release_has_written() {
    let bench = Bench::new(PROGRAMME);
    run_once(&bench, 1).await;
    let partition = bench.partition_of(&bench.entity("ann"));
    let before = bench.head(partition).await;
    // A field that this release does not know.
    let fold = [&before.fold[..], &[200, 0, 0, 0, 0]].concat();
    let newer = Head {
        epoch: Epoch(before.epoch.0 + 1),
        fold: fold.into(),
        ..before.clone()
    };
    let set = bench
        .store
        .set_head(partition, Over::seen(Some(&before)), newer);
    assert!(matches!(set.await, Ok(Cas::Applied)));
    let said = check_store(&*bench.log, &*bench.store).await.unwrap_err();
    let newer = "the head was written by another version";
    says(&said.to_string(), &[newer]);
    says(&refused(&bench).await, &[newer]);
}

#[tokio::test]
async fn a_store_that_is_behind_what_the_log_keeps() {
    let bench = Bench::new(PROGRAMME);
    run_once(&bench, 3).await;
    let partition = bench.partition_of(&bench.entity("ann"));
    bench.order("ann", "later", "1.00").await;
    let (end, _) = bench.log.end(partition).await.unwrap();
    bench
        .log
        .truncate(partition, end, Timestamp::MAX)
        .await
        .unwrap();
    says(
        &refused(&bench).await,
        &["the log cannot be read on", "was removed"],
    );
    // Of an empty store the same, from the beginning.
    bench.store.wipe();
    says(
        &refused(&bench).await,
        &[
            "the store has nothing of it",
            "was removed",
            "backup of the store",
        ],
    );
}

#[tokio::test]
async fn a_store_that_is_wiped_under_a_running_engine() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    bench.order("ann", "o1", "1.00").await;
    bench.drained(&engine).await;
    bench.order("ann", "o2", "1.00").await;
    bench.store.wipe();
    // As whoever serves does before it tells an outcome.
    let asked = engine
        .confirm(bench.partition_of(&bench.entity("ann")))
        .await;
    assert!(asked.is_err());
    let failed = engine.failed().await;
    assert!(matches!(failed, EngineError::HeadGone { .. }), "{failed}");
    assert_eq!(heads(&bench).await, [None, None, None]);
    engine.shutdown().await;
    // Started again it folds the log anew, to the same.
    let engine = bench.start().await.unwrap();
    bench.drained(&engine).await;
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}
