//! Players that were set aside and are repaired, over ports that behave: after it all is as if nothing had been.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use bench::{Bench, PROGRAMME};
use bytes::Bytes;
use engine::{EngineHandle, QueryError, RepairError};
use ports::Stamp;

/// A player with a history, whose snapshot is damaged; an engine that has set it aside while more came in, for it and for another.
async fn set_aside(bench: &Bench) -> (EngineHandle, Bytes, Stamp) {
    let engine = bench.start().await.unwrap();
    for order in 0..40 {
        bench.order("ann", &format!("o{order}"), "1.00").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    let (good, stamp) = bench.break_snapshot("ann").await;
    let engine = bench.start().await.unwrap();
    for player in ["ann", "bob"] {
        for order in 30..60 {
            bench.order(player, &format!("o{order}"), "1.00").await;
        }
    }
    bench.drained(&engine).await;
    let asked = engine.player(&bench.entity("ann")).await;
    assert!(matches!(asked, Err(QueryError::Quarantined(_))));
    let aside = engine.set_aside().await.unwrap();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(aside[0].entity, bench.entity("ann"));
    assert_eq!(bench.seen(&engine, "bob").await, bench.oracle("bob"));
    (engine, good, stamp)
}

/// Sound, also for the records that come from now on and after a restart.
async fn as_if_nothing_had_been(bench: &Bench, engine: EngineHandle) {
    assert_eq!(engine.set_aside().await.unwrap(), []);
    bench.order("ann", "later", "3.00").await;
    bench.drained(&engine).await;
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    bench.order("ann", "latest", "3.00").await;
    bench.drained(&engine).await;
    assert_eq!(bench.seen(&engine, "ann").await, bench.oracle("ann"));
    engine.shutdown().await;
}

#[tokio::test]
async fn once_the_cause_is_gone_the_records_that_waited_are_folded() {
    let bench = Bench::new(PROGRAMME);
    let (engine, good, stamp) = set_aside(&bench).await;
    bench.write_snapshot("ann", stamp, good).await;
    engine.repair(&bench.entity("ann"), false).await.unwrap();
    as_if_nothing_had_been(&bench, engine).await;
}

/// The next owner, for which more has come.
async fn taken_over(bench: &Bench, engine: EngineHandle) -> EngineHandle {
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    bench.order("ann", "o60", "2.00").await;
    bench.drained(&engine).await;
    engine
}

#[tokio::test]
async fn a_player_waits_for_its_repair_across_restarts() {
    let bench = Bench::new(PROGRAMME);
    let (engine, good, stamp) = set_aside(&bench).await;
    let engine = taken_over(&bench, engine).await;
    bench.write_snapshot("ann", stamp, good).await;
    engine.repair(&bench.entity("ann"), false).await.unwrap();
    as_if_nothing_had_been(&bench, engine).await;
}

/// An owner that was fenced while it repaired a player may have lifted it in a row that lands after the takeover, where its snapshot did
/// not: the player stays set aside.
#[tokio::test]
async fn a_row_of_a_fenced_owner_lifts_nobody() {
    let bench = Bench::new(PROGRAMME);
    let (engine, good, stamp) = set_aside(&bench).await;
    taken_over(&bench, engine).await.shutdown().await;
    bench.lift_late("ann").await;
    let engine = bench.start().await.unwrap();
    let aside = engine.set_aside().await.unwrap();
    assert_eq!(aside.len(), 1, "{aside:?}");
    bench.write_snapshot("ann", stamp, good).await;
    engine.repair(&bench.entity("ann"), false).await.unwrap();
    as_if_nothing_had_been(&bench, engine).await;
}

#[tokio::test]
async fn a_player_whose_snapshot_is_lost_is_folded_from_the_beginning_of_the_log() {
    let bench = Bench::new(PROGRAMME);
    let (engine, ..) = set_aside(&bench).await;
    let ann = bench.entity("ann");
    let tried = engine.repair(&ann, false).await.unwrap_err();
    assert!(matches!(tried, RepairError::StillBroken(_)), "{tried}");
    let repaired = engine.repair(&ann, true).await.unwrap();
    assert_eq!(repaired.records, 70);
    as_if_nothing_had_been(&bench, engine).await;
}

#[tokio::test]
async fn what_is_not_set_aside_is_not_repaired() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    bench.order("ann", "o1", "1.00").await;
    bench.drained(&engine).await;
    for player in ["ann", "nobody"] {
        let refused = engine.repair(&bench.entity(player), true).await;
        assert_eq!(refused, Err(RepairError::NotSetAside), "{player}");
    }
    engine.shutdown().await;
}
