//! What a log is told that it may forget, and what it is never told.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use std::time::Duration;

use bench::{Bench, PROGRAMME};
use engine::{QueryError, RepairError, Retention};
use ports::{EventLog, ReadError};
use types::{Partition, Position};

/// A bench whose log forgets everything that is not needed and older than `keep` seconds; its records are a second apart.
fn forgetful(keep: u64) -> Bench {
    let mut bench = Bench::new(PROGRAMME);
    bench.step = 1;
    bench.retention = Some(Retention {
        keep: Duration::from_secs(keep),
        every: Duration::from_millis(20),
    });
    bench
}

async fn orders(bench: &Bench, player: &str, numbers: std::ops::Range<u32>) -> Vec<Position> {
    let mut positions = Vec::new();
    for number in numbers {
        positions.push(bench.order(player, &format!("o{number}"), "1.00").await);
    }
    positions
}

/// Orders that are folded, with a checkpoint behind them.
async fn checkpointed(bench: &Bench, player: &str, numbers: std::ops::Range<u32>) -> Vec<Position> {
    let engine = bench.start().await.unwrap();
    let positions = orders(bench, player, numbers).await;
    bench.drained(&engine).await;
    engine.shutdown().await;
    positions
}

fn of(bench: &Bench, player: &str) -> Partition {
    bench.partition_of(&bench.entity(player))
}

#[tokio::test]
async fn the_log_forgets_what_is_older_than_the_retention_and_the_fold_goes_on() {
    let bench = forgetful(10);
    let at = checkpointed(&bench, "ann", 0..40).await;
    let engine = bench.start().await.unwrap();
    // The last one stands 39 s after the first: of what is kept the first is 10 s older than the last.
    assert_eq!(bench.log.truncated(of(&bench, "ann"), at[28]).await, at[28]);
    orders(&bench, "ann", 30..50).await;
    bench.drained(&engine).await;
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}

#[tokio::test]
async fn what_a_player_set_aside_still_needs_is_kept() {
    let bench = forgetful(0);
    let (ann, partition) = (bench.entity("ann"), of(&bench, "ann"));
    let first = checkpointed(&bench, "ann", 0..10).await;
    let (good, stamp) = bench.break_snapshot("ann").await;

    let engine = bench.start().await.unwrap();
    orders(&bench, "ann", 10..20).await;
    bench.drained(&engine).await;
    let asked = engine.player(&ann).await;
    assert!(
        matches!(asked, Err(QueryError::Quarantined(_))),
        "{asked:?}"
    );
    let other = beside(&bench, "ann");
    let last = orders(&bench, &other, 0..30).await;
    bench.drained(&engine).await;
    engine.shutdown().await;
    // The cursor stands at the end of the other's records, and the log is kept from where hers begin to wait.
    let engine = bench.start().await.unwrap();
    assert_eq!(bench.log.truncated(partition, first[9]).await, first[9]);

    bench.write_snapshot("ann", stamp, good).await;
    engine.repair(&ann, false).await.unwrap();
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    // Then nobody needs it any more.
    bench.log.truncated(partition, last[28]).await;
    engine.shutdown().await;
}

#[tokio::test]
async fn a_player_is_not_folded_from_the_beginning_of_a_log_that_was_cut() {
    let bench = forgetful(0);
    let (ann, partition) = (bench.entity("ann"), of(&bench, "ann"));
    let at = checkpointed(&bench, "ann", 0..10).await;
    let engine = bench.start().await.unwrap();
    bench.log.truncated(partition, at[8]).await;
    engine.shutdown().await;
    let (good, stamp) = bench.break_snapshot("ann").await;

    let engine = bench.start().await.unwrap();
    orders(&bench, "ann", 10..12).await;
    bench.drained(&engine).await;
    bench.write_snapshot("ann", stamp, good).await;
    let refused = engine.repair(&ann, true).await.unwrap_err();
    assert!(
        matches!(&refused, RepairError::StillBroken(why) if why.contains("was removed")),
        "{refused}"
    );
    // On its snapshot it still can.
    engine.repair(&ann, false).await.unwrap();
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}

#[tokio::test]
async fn without_a_retention_everything_is_kept() {
    let mut bench = forgetful(0);
    bench.retention = None;
    checkpointed(&bench, "ann", 0..10).await;
    checkpointed(&bench, "ann", 10..20).await;
    let begins = bench.log.read(of(&bench, "ann"), Position::START).await;
    assert!(!matches!(begins, Err(ReadError::Truncated { .. })));
}

/// A player of the same partition.
fn beside(bench: &Bench, player: &str) -> String {
    let names = (0..).map(|number| format!("p{number}"));
    let mut names = names.filter(|name| of(bench, name) == of(bench, player));
    names.next().unwrap()
}
