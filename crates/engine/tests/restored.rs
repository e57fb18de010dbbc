//! A log that was put back to an older copy: found at the start, told, and nothing that was acted on is undone or done twice.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use bench::{Bench, PROGRAMME};
use engine::QueryError;

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

/// A publisher that was not told sends a record again, and it comes to stand where it stood, at the cursor, behind another one.
#[tokio::test]
async fn the_same_record_at_the_cursor_behind_another_one_is_not_the_same_log() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    for id in ["o0", "o1", "o2"] {
        bench.order("ann", id, "10.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    bench.restore_log("ann", 1);
    for id in ["new", "o2"] {
        bench.order("ann", id, "10.00").await;
    }
    let engine = bench.start().await.unwrap();
    bench.drained(&engine).await;
    let status = engine.partition_status().await.unwrap();
    assert_eq!(status.iter().filter_map(|one| one.restored).count(), 1);
    // Of all four orders, the lost one too, and five for the mission.
    let (seen, _) = bench.seen(&engine, "ann").await;
    assert_eq!(seen["balances"]["xp"], "405");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_log_put_back_while_it_cannot_be_reached_is_found_by_the_reader_that_was_kept() {
    let bench = Bench::new(PROGRAMME);
    let partition = bench.partition_of(&bench.entity("ann"));
    let engine = bench.start().await.unwrap();
    for id in ["o0", "o1", "o2"] {
        bench.order("ann", id, "10.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    // Its reader is open then, behind a replay that is in no checkpoint.
    bench.order("ann", "o2", "10.00").await;
    bench.drained(&engine).await;
    bench.log.cut_off(partition).await;
    // It comes back with another record where the reader stands, and one behind it: only that reader can tell.
    bench.restore_log("ann", 2);
    for id in ["new", "newer", "newest"] {
        bench.order("ann", id, "7.00").await;
    }
    bench.log.mend(partition);
    match bench.try_drained(&engine).await {
        // The tenure that read the old log.
        Err(QueryError::Moving) => bench.drained(&engine).await,
        drained => drained.unwrap(),
    }
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_log_put_back_under_its_reader_is_found_without_a_restart() {
    let bench = put_back().await;
    let engine = bench.start().await.unwrap();
    for id in ["o1", "o2"] {
        bench.order("ann", id, "10.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    let began = bench.incarnation();
    // Its reader is open then; a replay, so that nothing hangs on whether it came into a checkpoint.
    bench.order("ann", "o2", "10.00").await;
    bench.drained(&engine).await;
    bench.restore_log("ann", 1);
    // One more than had been there: the end alone would not tell.
    for id in ["a", "b", "c", "d"] {
        bench.order("ann", id, "10.00").await;
    }
    match bench.try_drained(&engine).await {
        // The tenure that read the old log.
        Err(QueryError::Moving) => bench.drained(&engine).await,
        drained => drained.unwrap(),
    }
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    assert_eq!(bench.incarnation(), began + 1, "the others hear of it");
    engine.shutdown().await;
}

#[tokio::test]
async fn partitions_of_which_nothing_folded_is_left_are_still_of_this_log() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    let of_ann = engine.partition_of(&bench.entity("ann"));
    let elsewhere = ["bob", "cyd", "dan", "eve"]
        .into_iter()
        .find(|name| engine.partition_of(&bench.entity(name)) != of_ann);
    let players = ["ann", elsewhere.unwrap()];
    for player in players {
        bench.order(player, "lost", "10.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    for player in players {
        bench.restore_log(player, 0);
    }
    // So each finds the next incarnation, and no record of its own.
    bench.told_by_another().await;
    let engine = bench.start().await.unwrap();
    for player in players {
        bench.order(player, "new", "10.00").await;
    }
    bench.drained(&engine).await;
    for player in players {
        let seen = bench.seen(&engine, player).await;
        assert_eq!(seen, bench.oracle(player), "{player}");
    }
    assert_eq!(bench.incarnation(), 2, "one number for all");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_gap_stops_the_partition_and_says_what_to_do() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    bench.order("ann", "o1", "10.00").await;
    bench.drained(&engine).await;
    engine.shutdown().await;
    for id in ["o2", "o3", "o4"] {
        bench.order("ann", id, "10.00").await;
    }
    bench.lose_message("ann", 3);
    let engine = bench.start().await.unwrap();
    let why = engine.failed().await.to_string();
    let says = [
        "cannot be read on after 2.0",
        "gap in the log",
        "put a backup of the log back",
    ];
    assert!(says.iter().all(|part| why.contains(part)), "{why}");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_gap_at_the_cursor_refuses_the_start() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    for id in ["o1", "o2", "o3"] {
        bench.order("ann", id, "10.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    bench.order("ann", "o4", "10.00").await;
    bench.lose_message("ann", 3);
    let why = bench.start().await.err().unwrap().to_string();
    assert!(why.contains("gap in the log after 2.0"), "{why}");
}
