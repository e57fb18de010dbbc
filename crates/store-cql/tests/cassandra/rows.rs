//! Rows in number and in size, and giving room back.

use bytes::Bytes;
use ports::{Due, Row, Stamp, StateStore, StoreError};
use store_cql::CqlStore;
use testkit::servers::cassandra::Cassandra;
use types::Partition;

use crate::support::{config, entity, open, snapshot};

async fn store() -> CqlStore {
    open(&config(Cassandra::shared(), "rows")).await
}

fn outbox(number: u64) -> Row {
    Row::Outbox {
        number,
        bytes: Bytes::from_static(b"emission"),
    }
}

async fn numbers(store: &CqlStore, partition: Partition) -> Vec<u64> {
    let rows = store.outbox(partition, 0, u64::MAX).await.expect("rows");
    rows.into_iter().map(|(number, _)| number).collect()
}

fn due(minute: u32, player: &str) -> Due {
    Due {
        minute,
        entity: entity(player),
    }
}

/// More of one minute than several pages hold, over all of its table partitions, with a last page that is not full.
#[tokio::test]
async fn what_falls_due_in_one_minute_is_paged_to_the_end() {
    let (store, p) = (store().await, Partition(0));
    let players: Vec<String> = (0..2_500).map(|n| format!("{n:05}")).collect();
    let mut rows: Vec<Row> = players
        .iter()
        .map(|player| Row::Due(due(7, player)))
        .collect();
    rows.push(Row::Due(due(8, "00000")));
    store.write(p, Stamp(1), rows).await.unwrap();
    let mut expected: Vec<Due> = players.iter().map(|player| due(7, player)).collect();
    expected.push(due(8, "00000"));
    for page in [7, 1024, 5_000] {
        // Pages of seven are looked at for a while only.
        let wanted = expected.len().min(page * 40);
        let mut found: Vec<Due> = Vec::new();
        while found.len() < wanted {
            let more = store.due(p, 0, 9, found.last(), page).await.unwrap();
            assert_eq!(
                more.len(),
                page.min(expected.len() - found.len()),
                "pages of {page}"
            );
            found.extend(more);
        }
        assert_eq!(found, expected[..found.len()], "pages of {page}");
    }
}

/// A page of one call: those of one bucket are asked for together, more than once where they are many.
#[tokio::test]
async fn many_snapshots_come_in_the_order_asked_for() {
    let (store, p) = (store().await, Partition(1));
    let players: Vec<String> = (0..900).map(|n| n.to_string()).collect();
    let written = players
        .iter()
        .step_by(2)
        .map(|player| snapshot(player, player));
    store.write(p, Stamp(1), written.collect()).await.unwrap();
    let asked: Vec<_> = players.iter().rev().map(|player| entity(player)).collect();
    let found = store.snapshots(p, &asked).await.unwrap();
    for (asked, found) in players.iter().rev().zip(&found) {
        let is_written = asked.parse::<usize>().unwrap() % 2 == 0;
        assert_eq!(
            found.as_deref(),
            is_written.then_some(asked.as_bytes()),
            "{asked}"
        );
    }
    let listed = store.entities(p, None, 10_000).await.unwrap();
    assert_eq!(listed.len(), 450);
}

/// A row that is larger than a batch may be goes alone; one that a server would refuse is not sent, nor is what came with it.
#[tokio::test]
async fn large_rows_are_written_and_huge_ones_refused() {
    let (store, p) = (store().await, Partition(2));
    let large = "x".repeat(1 << 20);
    let rows = vec![snapshot("small", "s"), snapshot("large", &large)];
    store.write(p, Stamp(1), rows).await.unwrap();
    let found = store
        .snapshots(p, &[entity("large"), entity("small")])
        .await
        .unwrap();
    let sizes: Vec<usize> = found
        .into_iter()
        .flatten()
        .map(|bytes| bytes.len())
        .collect();
    assert_eq!(sizes, [1 << 20, 1]);

    let huge = "x".repeat(8 << 20);
    let rows = vec![snapshot("other", "o"), snapshot("huge", &huge)];
    let Err(StoreError::Unavailable(why)) = store.write(p, Stamp(2), rows).await else {
        panic!("a row of 8 MB was sent");
    };
    assert!(
        why.starts_with("nothing was written: a row of player_state of 83886"),
        "{why}"
    );
    assert_eq!(
        store.snapshots(p, &[entity("other")]).await.unwrap(),
        [None]
    );
}

/// Only spans that lie wholly below go, and what is written later under a higher stamp stands, also in one of them.
#[tokio::test]
async fn forgotten_spans_of_the_outbox_are_gone() {
    let (store, p) = (store().await, Partition(3));
    let all = [1, 4_095, 4_096, 8_191, 8_192];
    let rows: Vec<Row> = all.into_iter().map(outbox).collect();
    store.write(p, Stamp(10), rows).await.unwrap();
    store.forget_outbox(p, 8_000).await.unwrap();
    assert_eq!(numbers(&store, p).await, all[2..]);
    store.write(p, Stamp(11), vec![outbox(2)]).await.unwrap();
    assert_eq!(numbers(&store, p).await, [2, 4_096, 8_191, 8_192]);
    store.forget_outbox(p, 9_000).await.unwrap();
    assert_eq!(numbers(&store, p).await, [8_192]);
}

#[tokio::test]
async fn forgotten_minutes_are_gone() {
    let (store, p) = (store().await, Partition(4));
    let all = [due(6, "a"), due(7, "b"), due(8, "c")];
    let rows = all.iter().cloned().map(Row::Due).collect();
    store.write(p, Stamp(10), rows).await.unwrap();
    store.forget_due(p, 7).await.unwrap();
    assert_eq!(store.due(p, 0, 9, None, 9).await.unwrap(), all[1..]);
    store
        .write(p, Stamp(11), vec![Row::Due(due(6, "z"))])
        .await
        .unwrap();
    let left = [due(6, "z"), due(7, "b"), due(8, "c")];
    assert_eq!(store.due(p, 0, 9, None, 9).await.unwrap(), left);
}

/// A fenced owner that gives room back takes nothing of its successor's: it deletes under its own stamps.
#[tokio::test]
async fn a_fenced_owner_forgets_only_its_own_rows() {
    let (old, new, p) = (store().await, store().await, Partition(5));
    old.write(p, Stamp(10), vec![outbox(1)]).await.unwrap();
    new.write(p, Stamp(1_000), vec![outbox(2)]).await.unwrap();
    old.forget_outbox(p, 5_000).await.unwrap();
    assert_eq!(numbers(&new, p).await, [2]);
}

/// A process that wrote nothing has no stamp to delete under.
#[tokio::test]
async fn a_reader_forgets_nothing() {
    let (writer, reader, p) = (store().await, store().await, Partition(6));
    let rows = vec![outbox(1), Row::Due(due(3, "a"))];
    writer.write(p, Stamp(10), rows).await.unwrap();
    reader.forget_outbox(p, 9_000).await.unwrap();
    reader.forget_due(p, 9).await.unwrap();
    assert_eq!(numbers(&reader, p).await, [1]);
    assert_eq!(reader.due(p, 0, 9, None, 9).await.unwrap().len(), 1);
}
