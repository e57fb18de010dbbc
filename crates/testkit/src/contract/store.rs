//! The contract of [`StateStore`].

mod due;
mod head;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use ports::{Cas, Entity, Head, Over, OwnerId, Row, Stamp, StateStore};
use types::{BrandId, Epoch, Partition, PlayerId, Position};

pub use due::{
    due_rows_are_paged_by_minute_and_entity, forgotten_due_rows_keep_those_still_needed,
};
use head::set;
pub use head::{
    a_head_is_set_only_by_its_owner, a_head_is_set_only_over_the_expected_epoch,
    a_head_reads_back_whole, a_partition_never_owned_has_no_head,
    a_takeover_does_not_look_at_the_owner, a_takeover_from_a_head_that_its_owner_left_is_refused,
    of_concurrent_takeovers_one_succeeds,
};

/// Makes stores of at least two partitions.
pub trait StoreFixture: Send + Sync {
    /// Opens the fixture's store. Called again after everything of the store before is dropped, it gives a store that holds what
    /// was written.
    fn open(&self) -> impl Future<Output = Arc<dyn StateStore>> + Send;
}

/// One test for each sentence of the contract, run over what the expression makes: `store_contract!(fixture())`.
#[macro_export]
macro_rules! store_contract {
    ($fixture:expr) => {
        $crate::store_contract!(@each $fixture;
            a_partition_never_owned_has_no_head
            a_head_reads_back_whole
            a_head_is_set_only_over_the_expected_epoch
            a_head_is_set_only_by_its_owner
            a_takeover_does_not_look_at_the_owner
            a_takeover_from_a_head_that_its_owner_left_is_refused
            of_concurrent_takeovers_one_succeeds
            rows_read_back_in_the_order_asked_for
            the_higher_stamp_wins_in_either_order
            a_write_is_safe_to_repeat
            rows_of_partitions_do_not_mix
            outbox_rows_are_read_by_range
            quarantined_entities_are_listed
            entities_are_paged_in_byte_order
            what_was_written_is_there_after_opening_again
            a_forgotten_outbox_keeps_the_rows_still_needed
            due_rows_are_paged_by_minute_and_entity
            forgotten_due_rows_keep_those_still_needed
        );
    };
    (@each $fixture:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::store::$name(&$fixture).await;
            }
        )*
    };
}

const P0: Partition = Partition(0);
const P1: Partition = Partition(1);

fn entity(brand: &str, player: &str) -> Entity {
    Entity {
        brand: BrandId::new(brand).expect("a brand"),
        player: PlayerId::new(player).expect("a player"),
    }
}

fn head(owner: u128, epoch: u64, sequence: u64) -> Head {
    Head {
        owner: OwnerId(owner),
        epoch: Epoch(epoch),
        epoch_stamp: Stamp(epoch.cast_signed() * 1000),
        last_stamp: Stamp(epoch.cast_signed() * 1000 + 7),
        cursor: Position { sequence, index: 3 },
        fold: Bytes::from(format!("fold of {epoch}")),
    }
}

fn snapshot(entity: &Entity, bytes: &str) -> Row {
    Row::Snapshot {
        entity: entity.clone(),
        bytes: Bytes::copy_from_slice(bytes.as_bytes()),
    }
}

fn segment(entity: &Entity, number: u32, bytes: &str) -> Row {
    Row::Segment {
        entity: entity.clone(),
        number,
        bytes: Bytes::copy_from_slice(bytes.as_bytes()),
    }
}

fn outbox(number: u64) -> Row {
    Row::Outbox {
        number,
        bytes: Bytes::from(format!("emission {number}")),
    }
}

fn quarantine(entity: &Entity, bytes: &str) -> Row {
    Row::Quarantine {
        entity: entity.clone(),
        bytes: Bytes::copy_from_slice(bytes.as_bytes()),
    }
}

async fn write(store: &dyn StateStore, partition: Partition, stamp: i64, rows: Vec<Row>) {
    let written = store.write(partition, Stamp(stamp), rows).await;
    written.expect("written");
}

async fn standing(store: &dyn StateStore, partition: Partition) -> Option<Head> {
    store.head(partition).await.expect("an answer")
}

fn texts(rows: Vec<Option<Bytes>>) -> Vec<Option<String>> {
    let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
    rows.into_iter().map(|row| row.map(text)).collect()
}

async fn snapshots(
    store: &dyn StateStore,
    partition: Partition,
    entities: &[Entity],
) -> Vec<Option<String>> {
    texts(store.snapshots(partition, entities).await.expect("rows"))
}

async fn outbox_numbers(
    store: &dyn StateStore,
    partition: Partition,
    from: u64,
    to: u64,
) -> Vec<u64> {
    let rows = store.outbox(partition, from, to).await.expect("rows");
    for (number, bytes) in &rows {
        assert_eq!(*bytes, format!("emission {number}"));
    }
    rows.into_iter().map(|(number, _)| number).collect()
}

/// Snapshots and segments come in the order asked for, with `None` for those that are not there.
pub async fn rows_read_back_in_the_order_asked_for(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let (ann, bob, eve) = (entity("b", "ann"), entity("b", "bob"), entity("b", "eve"));
    let rows = vec![
        snapshot(&ann, "ann's"),
        snapshot(&bob, ""),
        segment(&ann, 0, "zero"),
        segment(&ann, 300, "three hundred"),
        segment(&ann, 1 << 30, "a cell of the filter"),
        segment(&ann, u32::MAX, "the last"),
        segment(&bob, 1, "bob's"),
    ];
    write(&*store, P0, 1, rows).await;
    let read = snapshots(&*store, P0, &[bob, eve, ann.clone()]).await;
    assert_eq!(read, [Some(String::new()), None, Some("ann's".to_owned())]);
    let segments = store
        .segments(P0, &ann, &[300, 1, u32::MAX, 0, 1 << 30])
        .await;
    assert_eq!(
        texts(segments.expect("rows")),
        [
            Some("three hundred".to_owned()),
            None,
            Some("the last".to_owned()),
            Some("zero".to_owned()),
            Some("a cell of the filter".to_owned()),
        ]
    );
}

/// Per row the write with the higher stamp wins, whenever it lands, for every kind of row.
pub async fn the_higher_stamp_wins_in_either_order(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let (early, late, other) = (entity("b", "early"), entity("b", "late"), entity("b", "o"));
    write(&*store, P0, 10, vec![snapshot(&early, "10")]).await;
    write(&*store, P0, 20, vec![snapshot(&early, "20")]).await;
    write(
        &*store,
        P0,
        40,
        vec![snapshot(&late, "40"), segment(&late, 0, "40")],
    )
    .await;
    let zombie = vec![
        snapshot(&late, "30"),
        segment(&late, 0, "30"),
        snapshot(&other, "30"),
        quarantine(&other, "30"),
    ];
    write(&*store, P0, 30, zombie).await;
    write(&*store, P0, 29, vec![quarantine(&other, "29")]).await;
    let read = snapshots(&*store, P0, &[early, late.clone(), other.clone()]).await;
    let expected = ["20", "40", "30"].map(|text| Some(text.to_owned()));
    assert_eq!(read, expected);
    let segments = store.segments(P0, &late, &[0]).await.expect("rows");
    assert_eq!(texts(segments), [Some("40".to_owned())]);
    let quarantined = store.quarantined(P0).await.expect("rows");
    assert_eq!(quarantined, [(other, Bytes::from_static(b"30"))]);
}

/// Writing rows again with the same stamp changes nothing, also after newer ones.
pub async fn a_write_is_safe_to_repeat(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let ann = entity("b", "ann");
    for _ in 0..2 {
        write(&*store, P0, 5, vec![snapshot(&ann, "five"), outbox(1)]).await;
    }
    write(&*store, P0, 6, vec![snapshot(&ann, "six")]).await;
    write(&*store, P0, 5, vec![snapshot(&ann, "five"), outbox(1)]).await;
    let read = snapshots(&*store, P0, std::slice::from_ref(&ann)).await;
    assert_eq!(read, [Some("six".to_owned())]);
    assert_eq!(outbox_numbers(&*store, P0, 0, 9).await, [1]);
}

/// A row belongs to its partition; stamps of one partition say nothing about another's.
pub async fn rows_of_partitions_do_not_mix(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let ann = entity("b", "ann");
    let rows = vec![snapshot(&ann, "p0"), outbox(1), quarantine(&ann, "p0")];
    write(&*store, P0, 9, rows).await;
    assert_eq!(
        snapshots(&*store, P1, std::slice::from_ref(&ann)).await,
        [None]
    );
    assert!(outbox_numbers(&*store, P1, 0, 9).await.is_empty());
    assert!(store.quarantined(P1).await.expect("rows").is_empty());
    assert!(store.entities(P1, None, 9).await.expect("rows").is_empty());
    write(&*store, P1, 3, vec![snapshot(&ann, "p1")]).await;
    let one = std::slice::from_ref(&ann);
    assert_eq!(snapshots(&*store, P0, one).await, [Some("p0".to_owned())]);
    assert_eq!(snapshots(&*store, P1, one).await, [Some("p1".to_owned())]);
}

/// `outbox` gives the rows numbered in `from..to`, by number, and leaves out those that are not there.
pub async fn outbox_rows_are_read_by_range(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let numbers = [300, 2, 1, 256, 255, 7];
    write(&*store, P0, 1, numbers.into_iter().map(outbox).collect()).await;
    assert_eq!(outbox_numbers(&*store, P0, 2, 256).await, [2, 7, 255]);
    assert_eq!(
        outbox_numbers(&*store, P0, 0, u64::MAX).await,
        [1, 2, 7, 255, 256, 300]
    );
    assert!(outbox_numbers(&*store, P0, 7, 7).await.is_empty());
    assert!(outbox_numbers(&*store, P0, 9, 3).await.is_empty());
}

/// All quarantined entities of a partition are listed with their bytes.
pub async fn quarantined_entities_are_listed(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let (ann, bob) = (entity("b", "ann"), entity("c", "bob"));
    let rows = vec![quarantine(&bob, "why"), quarantine(&ann, "because")];
    write(&*store, P0, 1, rows).await;
    let mut listed = store.quarantined(P0).await.expect("rows");
    listed.sort();
    let expected = [
        (ann, Bytes::from_static(b"because")),
        (bob, Bytes::from_static(b"why")),
    ];
    assert_eq!(listed, expected);
}

/// `entities` gives those with a snapshot, in byte order of (brand, player), up to `limit`, from after `after`.
pub async fn entities_are_paged_in_byte_order(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let names = [
        ("b", "1"),
        ("b", "10"),
        ("b", "2"),
        ("b", "é"),
        ("b-1", "0"),
        ("b1", "a/b c"),
        ("c", "~"),
    ];
    let mut expected: Vec<Entity> = names.map(|(brand, player)| entity(brand, player)).to_vec();
    expected.sort();
    let rows = expected.iter().rev().map(|entity| snapshot(entity, "s"));
    write(&*store, P0, 1, rows.collect()).await;
    let unknown = entity("b", "journal only");
    write(&*store, P0, 1, vec![segment(&unknown, 0, "j")]).await;
    for limit in [1, 2, 3, 100] {
        let mut listed: Vec<Entity> = Vec::new();
        loop {
            let page = store.entities(P0, listed.last(), limit).await;
            let page = page.expect("rows");
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, expected, "pages of {limit}");
    }
    let between = entity("b", "11");
    let page = store.entities(P0, Some(&between), 1).await.expect("rows");
    assert_eq!(page, [entity("b", "2")]);
}

/// `Ok` from `write` and an applied head are durable, and stamps go on to count.
pub async fn what_was_written_is_there_after_opening_again(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let ann = entity("b", "ann");
    let rows = vec![snapshot(&ann, "seven"), segment(&ann, 2, "two"), outbox(4)];
    write(&*store, P0, 7, rows).await;
    // A store may know its log: no head lies past the end of an empty one.
    let taken = Head {
        cursor: Position::START,
        ..head(1, 1, 0)
    };
    set(&*store, Over::Nothing, &taken).await;
    drop(store);

    let store = fixture.open().await;
    write(&*store, P0, 6, vec![snapshot(&ann, "six")]).await;
    let one = std::slice::from_ref(&ann);
    assert_eq!(
        snapshots(&*store, P0, one).await,
        [Some("seven".to_owned())]
    );
    let segments = store.segments(P0, &ann, &[2]).await.expect("rows");
    assert_eq!(texts(segments), [Some("two".to_owned())]);
    assert_eq!(outbox_numbers(&*store, P0, 0, 9).await, [4]);
    assert_eq!(standing(&*store, P0).await, Some(taken.clone()));
    let refused = set(&*store, Over::Nothing, &head(2, 1, 0)).await;
    assert_eq!(refused, Cas::Refused(Some(taken)));
}

/// `forget_outbox` is a hint: rows at or past its number stay.
pub async fn a_forgotten_outbox_keeps_the_rows_still_needed(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    write(&*store, P0, 1, (0..10).map(outbox).collect()).await;
    write(&*store, P1, 1, vec![outbox(2)]).await;
    store.forget_outbox(P0, 6).await.expect("an answer");
    assert_eq!(outbox_numbers(&*store, P0, 6, 99).await, [6, 7, 8, 9]);
    assert_eq!(outbox_numbers(&*store, P1, 0, 99).await, [2]);
}
