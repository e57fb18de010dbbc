//! A log that was put back to an older copy: found at the start, told, and nothing that was acted on is undone or done twice.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use bench::{Bench, PROGRAMME};

/// Three checkpoints, a restart after each; at the end the log has only its first message.
async fn put_back() -> Bench {
    let bench = Bench::new(PROGRAMME);
    for order in 0..3 {
        let engine = bench.start().await.unwrap();
        bench.order("ann", &format!("o{order}"), "10.00").await;
        bench.drained(&engine).await;
        engine.shutdown().await;
    }
    bench.restore_log("ann", 1);
    bench
}

#[tokio::test]
async fn a_shorter_log_is_told_and_what_was_folded_stays() {
    let bench = put_back().await;
    let engine = bench.start().await.unwrap();
    let status = engine.partition_status().await.unwrap();
    let told: Vec<_> = status.iter().filter_map(|one| one.restored).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (
            told[0].times,
            told[0].kept.sequence,
            told[0].folded.sequence
        ),
        (1, 1, 3)
    );
    for (id, amount) in [("o1", "10.00"), ("new", "7.00"), ("newer", "7.00")] {
        bench.order("ann", id, amount).await;
    }
    bench.drained(&engine).await;
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    let status = engine.partition_status().await.unwrap();
    let told: Vec<_> = status.iter().filter_map(|one| one.restored).collect();
    assert_eq!((told.len(), told[0].times), (1, 1), "told, and not again");
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_log_that_grew_again_past_the_cursor_is_found_by_its_checksums() {
    let bench = put_back().await;
    for id in ["o1", "a", "b", "c", "d"] {
        bench.order("ann", id, "10.00").await;
    }
    let engine = bench.start().await.unwrap();
    bench.drained(&engine).await;
    let status = engine.partition_status().await.unwrap();
    assert_eq!(status.iter().filter_map(|one| one.restored).count(), 1);
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}
