//! What callers of a running engine see, over ports that behave, on threads of its own.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use bench::{Bench, PROGRAMME, of_epoch};
use engine::{EngineError, EngineHandle, QueryError};
use progression::Outcome;
use types::{EventId, Position, SourceId};

fn event(id: &str) -> (SourceId, EventId) {
    ("shop".parse().unwrap(), id.parse().unwrap())
}

#[tokio::test]
async fn an_applied_record_is_answered_with_what_it_caused() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    let ann = bench.entity("ann");
    let at = bench.order("ann", "o1", "30.00").await;
    let outcome = engine.outcome(&ann, at).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::Applied);
    assert!(!outcome.emissions.is_empty());
    let again = bench.order("ann", "o1", "30.00").await;
    let replay = engine.outcome(&ann, again).await.unwrap();
    assert_eq!(replay.outcome, Outcome::Replayed);
    assert_eq!(replay.emissions, outcome.emissions);
    let other = bench.order("ann", "o1", "31.00").await;
    let conflict = engine.outcome(&ann, other).await.unwrap();
    assert_eq!(conflict.outcome, Outcome::Conflict);
    let seen = engine.player(&ann).await.unwrap().unwrap();
    assert_eq!((seen.as_of, seen.view.applied), (other, 1));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_journal_is_paged_newest_first_across_its_segments() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    let ann = bench.entity("ann");
    for order in 0..150 {
        bench.order("ann", &format!("o{order}"), "1.00").await;
    }
    bench.drained(&engine).await;
    let (mut numbers, mut before) = (Vec::new(), None);
    loop {
        let page = engine.journal(&ann, before, 40).await.unwrap().unwrap();
        numbers.extend(page.entries.iter().map(|entry| entry.number));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(numbers, (0..150).rev().collect::<Vec<u64>>());
    let (source, id) = event("o3");
    let found = engine.explain(&ann, &source, &id).await.unwrap().unwrap();
    assert_eq!(found.entry.number, 3);
    let (source, id) = event("never");
    assert!(engine.explain(&ann, &source, &id).await.unwrap().is_none());
    engine.shutdown().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_the_shutdown_left_off() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    bench.order("ann", "o1", "10.00").await;
    bench.drained(&engine).await;
    let before = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
    engine.shutdown().await;
    assert_eq!(
        engine.player(&bench.entity("ann")).await.unwrap_err(),
        QueryError::Stopping
    );
    let engine = bench.start().await.unwrap();
    let after = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
    assert_eq!((before.view, before.as_of), (after.view, after.as_of));
    let status = engine.partition_status().await.unwrap();
    assert!(status.iter().all(|one| one.epoch.0 == 2 && one.lag == 0));
    // The shutdown's checkpoint covers everything, so that nothing is folded again.
    assert!(status.iter().all(|one| one.cursor == one.end));
    let mut known = Vec::new();
    for one in &status {
        known.extend(engine.entities(one.partition, None, 10).await.unwrap());
    }
    assert_eq!(known, [bench.entity("ann")]);
    engine.shutdown().await;
}

#[tokio::test]
async fn nobody_knows_a_player_without_events() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    assert!(engine.player(&bench.entity("eve")).await.unwrap().is_none());
    let journal = engine.journal(&bench.entity("eve"), None, 5).await;
    assert!(journal.unwrap().is_none());
    engine.shutdown().await;
}

#[tokio::test]
async fn another_programme_than_the_folded_one_is_refused_with_a_sentence() {
    let mut bench = Bench::new(PROGRAMME);
    bench.start().await.unwrap().shutdown().await;
    bench.set_programme(&PROGRAMME.replace("rate: 10", "rate: 11"));
    let refused = bench.start().await.unwrap_err();
    assert!(matches!(refused, EngineError::OtherProgramme { .. }));
    assert!(refused.to_string().contains("start it with that programme"));
}

#[tokio::test]
async fn a_poison_record_and_a_damaged_snapshot_stop_nobody_else() {
    let bench = Bench::new(PROGRAMME);
    bench.damage_snapshot("bob").await;
    bench.poison("ann").await;
    let engine = bench.start().await.unwrap();
    bench.order("bob", "o1", "10.00").await;
    let at = bench.order("ann", "o1", "10.00").await;
    let outcome = engine.outcome(&bench.entity("ann"), at).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::Applied);
    bench.drained(&engine).await;
    let bob = engine.player(&bench.entity("bob")).await;
    assert!(matches!(bob, Err(QueryError::Quarantined(_))));
    engine.shutdown().await;
    // The row is in the store before the cursor passed, so the next tenure knows without looking.
    let engine = bench.start().await.unwrap();
    let bob = engine.player(&bench.entity("bob")).await;
    assert!(matches!(bob, Err(QueryError::Quarantined(_))));
    engine.shutdown().await;
}

#[tokio::test]
async fn an_owner_that_meets_a_snapshot_of_a_newer_epoch_stops() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    bench.order("ann", "o1", "10.00").await;
    bench.drained(&engine).await;
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    let newer = of_epoch(&bench.snapshot("ann").await, 3);
    bench.put_snapshot("ann", newer).await;
    let sent = bench.received();
    bench.order("ann", "o2", "10.00").await;
    let failed = engine.failed().await;
    assert!(matches!(failed, EngineError::Fenced { epoch, .. } if epoch.0 == 2));
    let asked = engine.player(&bench.entity("ann")).await;
    assert_eq!(asked.unwrap_err(), QueryError::Moving);
    assert_eq!(bench.received(), sent, "nothing was decided any more");
    engine.shutdown().await;
}

/// A world whose log was lost, while the snapshot of `ann` lies past its head: it has one order, `o1` for 10.00, applied.
async fn lost_log() -> Bench {
    let before = Bench::new(PROGRAMME);
    let engine = before.start().await.unwrap();
    before.order("ann", "o1", "10.00").await;
    before.drained(&engine).await;
    engine.shutdown().await;
    let bench = Bench::new(PROGRAMME);
    bench.start().await.unwrap().shutdown().await;
    let stamp = bench.next_stamp("ann").await;
    bench
        .write_snapshot("ann", stamp, before.snapshot("ann").await)
        .await;
    bench
}

#[tokio::test]
async fn a_record_passed_over_that_is_not_the_applied_one_is_folded_beside_it() {
    let bench = lost_log().await;
    let engine = bench.start().await.unwrap();
    bench.order("ann", "other", "10.00").await;
    // The tenure in which it was found ends.
    if let Err(error) = bench.try_drained(&engine).await {
        assert_eq!(error, QueryError::Moving);
        bench.drained(&engine).await;
    }
    let ann = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
    assert_eq!(ann.view.applied, 2);
    let status = engine.partition_status().await.unwrap();
    let told: Vec<_> = status.iter().filter_map(|one| one.restored).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].times, told[0].kept), (1, Position::START));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_record_applied_past_the_head_is_passed_over_and_its_emissions_offered_again() {
    let bench = lost_log().await;
    let engine = bench.start().await.unwrap();
    let at = bench.order("ann", "o1", "10.00").await;
    bench.drained(&engine).await;
    let ann = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
    assert_eq!((ann.as_of, ann.view.applied), (at, 1));
    assert_eq!(bench.received(), 3);
    engine.shutdown().await;
}

/// How many events of `ann` count in epoch 4 where epoch 1 left a snapshot past the head that epoch 3 took over, and a write of
/// epoch 2 with less in it lands only after epoch 3 has ended.
async fn applied_after_a_late_write() -> u64 {
    let before = Bench::new(PROGRAMME);
    let engine = before.start().await.unwrap();
    before.order("ann", "o1", "10.00").await;
    before.drained(&engine).await;
    engine.shutdown().await;
    let behind = of_epoch(&before.snapshot("ann").await, 2);
    let engine = before.start().await.unwrap();
    before.order("ann", "o2", "10.00").await;
    before.drained(&engine).await;
    engine.shutdown().await;
    let ahead = of_epoch(&before.snapshot("ann").await, 1);

    let bench = Bench::new(PROGRAMME);
    bench.start().await.unwrap().shutdown().await;
    let first = bench.next_stamp("ann").await;
    bench.start().await.unwrap().shutdown().await;
    let second = bench.next_stamp("ann").await;
    bench.order("ann", "o1", "10.00").await;
    bench.order("ann", "o2", "10.00").await;
    bench.write_snapshot("ann", first, ahead).await;
    let engine = bench.start().await.unwrap();
    bench.drained(&engine).await;
    engine.shutdown().await;
    bench.write_snapshot("ann", second, behind).await;
    let engine = bench.start().await.unwrap();
    let ann = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
    engine.shutdown().await;
    ann.view.applied
}

/// Three owners must each do their part for this, which random lives with one owner at a time hardly ever do.
#[tokio::test]
async fn a_snapshot_past_the_head_is_written_again_so_that_no_late_write_undoes_it() {
    assert_eq!(applied_after_a_late_write().await, 2);
}

#[tokio::test]
async fn a_player_with_10_000_events_is_active_again_after_32_kib() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    for order in 0..10_000 {
        let id = format!("order-2026-{order:010}");
        bench.order("ann", &id, "12.30").await;
    }
    bench.drained(&engine).await;
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    let before = bench.bytes_read();
    let at = bench.order("ann", "order-2026-0000010000", "12.30").await;
    let ann = bench.entity("ann");
    let outcome = engine.outcome(&ann, at).await.unwrap();
    assert_eq!(outcome.outcome, Outcome::Applied);
    let read = bench.bytes_read() - before;
    assert!((1..=32 * 1024).contains(&read), "{read} bytes");
    // One that came before is found exactly, wherever it lies.
    let again = bench.order("ann", "order-2026-0000000007", "12.30").await;
    let replay = engine.outcome(&ann, again).await.unwrap();
    assert_eq!(replay.outcome, Outcome::Replayed);
    engine.shutdown().await;
}

/// So many orders of one player, from one on.
async fn orders(bench: &Bench, ids: std::ops::Range<u64>) {
    for order in ids {
        bench
            .order("ann", &format!("order-2026-{order:010}"), "12.30")
            .await;
    }
}

/// What orders of these ids and this amount come to.
async fn outcomes(bench: &Bench, engine: &EngineHandle, ids: &[u64], amount: &str) -> Vec<Outcome> {
    let ann = bench.entity("ann");
    let mut outcomes = Vec::new();
    for order in ids {
        let at = bench
            .order("ann", &format!("order-2026-{order:010}"), amount)
            .await;
        outcomes.push(engine.outcome(&ann, at).await.unwrap().outcome);
    }
    outcomes
}

#[tokio::test]
async fn of_a_player_with_more_events_than_its_state_keeps_one_cell_is_read_for_an_id() {
    let bench = Bench::new(PROGRAMME);
    let engine = bench.start().await.unwrap();
    orders(&bench, 0..20_000).await;
    bench.drained(&engine).await;
    engine.shutdown().await;
    let engine = bench.start().await.unwrap();
    let before = bench.bytes_read();
    assert_eq!(
        outcomes(&bench, &engine, &[20_000], "12.30").await,
        [Outcome::Applied]
    );
    let activated = bench.bytes_read() - before;
    assert!(
        (8_000..=32 * 1024).contains(&activated),
        "{activated} bytes"
    );
    assert_eq!(
        outcomes(&bench, &engine, &[20_001], "12.30").await,
        [Outcome::Applied]
    );
    let cell = bench.bytes_read() - before - activated;
    assert!((2_000..=5_120).contains(&cell), "{cell} bytes");
    let all = [0, 7, 16_383, 16_384, 19_999, 20_001];
    let again = outcomes(&bench, &engine, &all, "12.30").await;
    assert_eq!(again, [Outcome::Replayed; 6]);
    let other = outcomes(&bench, &engine, &all, "12.31").await;
    assert_eq!(other, [Outcome::Conflict; 6]);
    let seen = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
    assert_eq!(seen.view.applied, 20_002);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_crash_while_the_cells_are_written_loses_no_identity_and_doubles_none() {
    for steps in [3, 20, 40, 45] {
        let bench = Bench::new(PROGRAMME);
        let engine = bench.start().await.unwrap();
        orders(&bench, 0..16_000).await;
        bench.drained(&engine).await;
        engine.shutdown().await;
        let engine = bench.start().await.unwrap();
        orders(&bench, 16_000..16_500).await;
        bench.drained(&engine).await;
        // The last cut has some thirty segments, the cells, the snapshot and the head.
        bench.crash.after(steps);
        let stopped = tokio::spawn(async move { engine.shutdown().await });
        bench.crash.reached().await;
        bench.crash.after(0);
        stopped.abort();
        let engine = bench.start().await.unwrap();
        bench.drained(&engine).await;
        let all = [0, 7, 16_000, 16_383, 16_384, 16_499];
        let again = outcomes(&bench, &engine, &all, "12.30").await;
        assert_eq!(again, [Outcome::Replayed; 6], "after {steps} steps");
        assert_eq!(
            outcomes(&bench, &engine, &[16_500], "1").await,
            [Outcome::Applied]
        );
        let seen = engine.player(&bench.entity("ann")).await.unwrap().unwrap();
        assert_eq!(seen.view.applied, 16_501, "after {steps} steps");
        engine.shutdown().await;
    }
}
