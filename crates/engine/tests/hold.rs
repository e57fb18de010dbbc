//! Partitions come and go while the engine runs: taken, warmed up, let go, lost, fenced.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use std::time::Duration;

use bench::{Bench, PROGRAMME};
use engine::{EngineError, EngineHandle, QueryError, Threads, Turn, TurnKind};
use progression::Outcome;
use tokio::time::Instant;
use types::{Epoch, Partition, Position};

/// A bench, and the partition in which `ann` is.
fn bench() -> (Bench, Partition) {
    let bench = Bench::new(PROGRAMME);
    let partition = bench.partition_of(&bench.entity("ann"));
    (bench, partition)
}

async fn ask(bench: &Bench, engine: &EngineHandle) -> Result<bool, QueryError> {
    let found = engine.player(&bench.entity("ann")).await;
    found.map(|player| player.is_some())
}

#[tokio::test]
async fn a_partition_answers_from_its_take_to_its_release() {
    let (bench, ann) = bench();
    let (engine, mut turns) = bench.open(1);
    assert_eq!(ask(&bench, &engine).await, Err(QueryError::Moving));
    assert_eq!(engine.take(ann).await.unwrap(), Epoch(1));
    assert_eq!(engine.take(ann).await.unwrap(), Epoch(1), "harmless");
    assert_eq!(engine.held(), [(ann, Epoch(1))]);
    let at = bench.order("ann", "o1", "10.00").await;
    engine.drained(&[(ann, at)]).await.unwrap();
    assert_eq!(ask(&bench, &engine).await, Ok(true));
    assert_eq!(engine.partition_status().await.unwrap().len(), 1);
    engine.release(ann).await;
    engine.release(ann).await;
    assert_eq!(ask(&bench, &engine).await, Err(QueryError::Moving));
    assert_eq!(engine.held(), []);
    let head = bench.head(ann).await;
    assert_eq!(
        (head.epoch, head.cursor),
        (Epoch(1), at),
        "with its last checkpoint"
    );
    assert_eq!(engine.take(ann).await.unwrap(), Epoch(2));
    assert_eq!(ask(&bench, &engine).await, Ok(true));
    for epoch in [1, 2] {
        let turn = turns.recv().await.unwrap();
        assert!(matches!(turn.kind, TurnKind::Held(Epoch(held)) if held == epoch));
    }
    engine.shutdown().await;
    assert_eq!(ask(&bench, &engine).await, Err(QueryError::Stopping));
    assert!(matches!(engine.take(ann).await, Err(EngineError::Stopped)));
}

#[tokio::test]
async fn what_is_written_ahead_of_a_release_is_written_while_the_partition_goes_on() {
    let (bench, ann) = bench();
    let (engine, _turns) = bench.open(1);
    engine.take(ann).await.unwrap();
    let at = bench.order("ann", "o1", "10.00").await;
    engine.drained(&[(ann, at)]).await.unwrap();
    engine.write_ahead(ann).await;
    assert_eq!(bench.head(ann).await.cursor, at);
    assert_eq!(ask(&bench, &engine).await, Ok(true));
    // With nothing new it says nothing, and where the partition is not there neither.
    let head = bench.head(ann).await;
    engine.write_ahead(ann).await;
    engine.release(ann).await;
    engine.write_ahead(ann).await;
    assert_eq!(bench.head(ann).await, head);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_fence_stops_all_without_a_checkpoint_and_the_successor_says_the_same_again() {
    let (bench, ann) = bench();
    let (engine, _turns) = bench.open(1);
    for number in 0..3 {
        engine.take(Partition(number)).await.unwrap();
    }
    bench.order("ann", "o1", "10.00").await;
    bench.drained(&engine).await;
    let seen = bench.seen(&engine, "ann").await;
    engine.fence().await;
    assert_eq!(engine.held(), []);
    assert_eq!(ask(&bench, &engine).await, Err(QueryError::Moving));
    assert_eq!(bench.head(ann).await.cursor, Position::START);
    let (next, _turns) = bench.open(2);
    next.take(ann).await.unwrap();
    let sent = bench.received();
    let at = bench.order("ann", "o2", "1.00").await;
    next.drained(&[(ann, at)]).await.unwrap();
    let (_, ids) = bench.seen(&next, "ann").await;
    assert!(bench.received() > sent, "offered again");
    assert!(ids.is_superset(&seen.1));
    // Fenced is not ended: it may come back.
    assert_eq!(engine.take(ann).await.unwrap(), Epoch(3));
    engine.shutdown().await;
    next.shutdown().await;
}

#[tokio::test]
async fn a_partition_whose_head_names_another_stops_alone() {
    let (bench, ann) = bench();
    let other = Partition((ann.0 + 1) % 3);
    let (engine, mut turns) = bench.open(1);
    engine.take(ann).await.unwrap();
    engine.take(other).await.unwrap();
    engine.confirm(ann).await.unwrap();
    let (next, _turns) = bench.open(2);
    next.take(ann).await.unwrap();
    assert_eq!(engine.confirm(ann).await, Err(QueryError::Moving));
    let lost = loop {
        let Turn { partition, kind } = turns.recv().await.unwrap();
        if let TurnKind::Lost(why) = kind {
            break (partition, why);
        }
    };
    assert_eq!(lost.0, ann);
    assert!(matches!(
        lost.1,
        EngineError::Fenced {
            epoch: Epoch(1),
            ..
        }
    ));
    assert_eq!(engine.held(), [(other, Epoch(1))]);
    assert_eq!(ask(&bench, &engine).await, Err(QueryError::Moving));
    engine.confirm(other).await.unwrap();
    engine.shutdown().await;
    next.shutdown().await;
}

#[tokio::test]
async fn a_take_that_hangs_ends_with_a_fence_and_with_a_release() {
    let (bench, ann) = bench();
    for fenced in [true, false] {
        let (engine, _turns) = bench.open(1);
        bench.crash.after(1);
        let taking = {
            let engine = engine.clone();
            tokio::spawn(async move { engine.take(ann).await })
        };
        bench.crash.reached().await;
        match fenced {
            true => engine.fence().await,
            false => engine.release(ann).await,
        }
        let taken = taking.await.unwrap();
        assert!(matches!(taken, Err(EngineError::Stopped)), "{taken:?}");
        engine.take(ann).await.unwrap();
        engine.shutdown().await;
    }
}

#[tokio::test]
async fn nothing_is_answered_that_nobody_vouches_for() {
    let (bench, ann) = bench();
    let (engine, _turns) = bench.open(1);
    engine.take(ann).await.unwrap();
    engine.vouch(Instant::now() + Duration::from_secs(600));
    assert_eq!(ask(&bench, &engine).await, Ok(false));
    engine.vouch(Instant::now());
    assert_eq!(ask(&bench, &engine).await, Err(QueryError::Moving));
    assert_eq!(engine.held(), [(ann, Epoch(1))], "it goes on folding");
    engine.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_told_only_under_a_head_seen_within_three_seconds() {
    let (mut bench, ann) = bench();
    bench.threads = Threads::Current;
    let told = async {
        let (engine, _turns) = bench.open(1);
        engine.vouch(Instant::now() + Duration::from_secs(600));
        engine.take(ann).await.unwrap();
        let (next, _others) = bench.open(2);
        next.take(ann).await.unwrap();
        let mut told = Vec::new();
        for id in ["o1", "o2"] {
            let at = bench.order("ann", id, "10.00").await;
            let outcome = engine.outcome(&bench.entity("ann"), at).await;
            told.push(outcome.map(|outcome| outcome.outcome));
            tokio::time::advance(Duration::from_secs(3)).await;
        }
        told
    };
    let told = tokio::task::LocalSet::new().run_until(told).await;
    assert_eq!(told, [Ok(Outcome::Applied), Err(QueryError::Moving)]);
}

#[tokio::test]
async fn who_is_active_is_warmed_up_and_read_in_with_the_takeover() {
    let (bench, ann) = bench();
    let (engine, _turns) = bench.open(1);
    engine.take(ann).await.unwrap();
    let at = bench.order("ann", "o1", "10.00").await;
    engine.drained(&[(ann, at)]).await.unwrap();
    let (next, _others) = bench.open(2);
    assert_eq!(next.warm(ann).await.unwrap(), 1);
    assert_eq!(
        bench.head(ann).await.epoch,
        Epoch(1),
        "nothing is owned by it"
    );
    assert_eq!(next.held(), []);
    engine.release(ann).await;
    next.take(ann).await.unwrap();
    let status = next.partition_status().await.unwrap();
    assert_eq!(
        status[0].resident, 1,
        "though nobody asked, and no record came"
    );
    // The last checkpoint covers all: who is warmed up now has nothing in the log.
    assert_eq!(engine.warm(ann).await.unwrap(), 0);
    engine.shutdown().await;
    next.shutdown().await;
}
