//! The contract of [`EventLog`].

mod truncated;

pub use truncated::{
    an_open_reader_leaves_nothing_out, another_logs_cursor_truncates_nothing,
    nothing_after_the_cursor_is_truncated, what_is_young_is_not_truncated,
    what_was_truncated_stays_so,
};

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use ports::{Entry, EventLog, LogReader, LogRecord, ReadError};
use types::{Partition, Position, Timestamp};

/// Makes logs of at least two partitions.
pub trait LogFixture: Send + Sync {
    /// Opens the fixture's log. Called again after everything of the log before is dropped, it gives a log that holds what was
    /// acknowledged.
    fn open(&self) -> impl Future<Output = Arc<dyn EventLog>> + Send;
}

/// One test for each sentence of the contract, run over what the expression makes: `log_contract!(fixture())`.
#[macro_export]
macro_rules! log_contract {
    ($fixture:expr) => {
        $crate::log_contract!(@each $fixture;
            an_empty_log_ends_at_the_start
            a_batch_is_one_message_with_indexes_from_0
            positions_of_a_partition_strictly_increase
            batches_of_one_caller_stand_in_order
            concurrent_appends_all_stand_once
            partitions_do_not_mix
            a_reader_begins_after_any_position
            a_reader_gives_no_more_than_asked
            a_reader_waits_for_the_next_record
            a_dropped_wait_loses_nothing
            readers_do_not_disturb_each_other
            time_never_runs_back_in_a_partition
            the_end_is_the_last_record
            what_was_acknowledged_is_there_after_opening_again
            a_batch_of_large_bodies_reads_back
            who_ends_an_incarnation_gets_the_one_that_stands_then
            another_incarnation_is_not_ended
            nothing_after_the_cursor_is_truncated
            what_was_truncated_stays_so
            what_is_young_is_not_truncated
            another_logs_cursor_truncates_nothing
            an_open_reader_leaves_nothing_out
        );
    };
    (@each $fixture:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::log::$name(&$fixture).await;
            }
        )*
    };
}

const P0: Partition = Partition(0);
const P1: Partition = Partition(1);

fn entry(body: impl Into<Bytes>) -> Entry {
    Entry {
        recorded_at: None,
        body: body.into(),
    }
}

fn text(number: usize) -> Entry {
    entry(format!("record {number}"))
}

async fn append(log: &dyn EventLog, partition: Partition, entries: Vec<Entry>) -> Position {
    log.append(partition, entries)
        .await
        .expect("appended")
        .first
}

async fn reader(log: &dyn EventLog, partition: Partition, after: Position) -> Box<dyn LogReader> {
    log.read(partition, after).await.expect("a reader")
}

/// The next `count` records.
async fn take(reader: &mut dyn LogReader, count: usize) -> Vec<LogRecord> {
    let mut records = Vec::new();
    while records.len() < count {
        let more = reader.next(count - records.len()).await.expect("records");
        assert!(!more.is_empty(), "a reader gives at least one record");
        records.extend(more);
    }
    records
}

fn bodies(records: &[LogRecord]) -> Vec<String> {
    records
        .iter()
        .map(|record| String::from_utf8_lossy(&record.body).into_owned())
        .collect()
}

/// Appends batches of 1, 2, 3, .. records numbered from 0; gives how many.
async fn fill(log: &dyn EventLog, partition: Partition, batches: usize) -> usize {
    let mut count = 0;
    for batch in 1..=batches {
        append(log, partition, (count..count + batch).map(text).collect()).await;
        count += batch;
    }
    count
}

fn numbered(from: usize, to: usize) -> Vec<String> {
    (from..to)
        .map(|number| format!("record {number}"))
        .collect()
}

/// `end` of a partition without records is the start.
pub async fn an_empty_log_ends_at_the_start(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    assert!(log.partitions() >= 2, "the suite needs two partitions");
    let end = log.end(P1).await.expect("an end");
    assert_eq!(end, (Position::START, Timestamp::MIN));
}

/// The batch becomes one log message: one sequence, indexes from 0.
pub async fn a_batch_is_one_message_with_indexes_from_0(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let first = append(&*log, P0, (0..3).map(text).collect()).await;
    assert_eq!(first.index, 0);
    assert!(first > Position::START);
    let records = take(&mut *reader(&*log, P0, Position::START).await, 3).await;
    let positions: Vec<Position> = records.iter().map(|record| record.position).collect();
    let expected: Vec<Position> = (0..3)
        .map(|index| Position {
            sequence: first.sequence,
            index,
        })
        .collect();
    assert_eq!(positions, expected);
}

/// Records of a partition have strictly increasing positions.
pub async fn positions_of_a_partition_strictly_increase(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 6).await;
    let records = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    assert!(
        records
            .windows(2)
            .all(|pair| pair[0].position < pair[1].position)
    );
}

/// Batches appended by one caller, one after the other, stand in that order.
pub async fn batches_of_one_caller_stand_in_order(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 7).await;
    let records = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    assert_eq!(bodies(&records), numbered(0, count));
}

/// What several callers append at the same time stands there once, each caller's in its order.
pub async fn concurrent_appends_all_stand_once(fixture: &impl LogFixture) {
    const CALLERS: usize = 8;
    const EACH: usize = 12;
    let log = fixture.open().await;
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for number in 0..EACH {
                    append(&*log, P0, vec![entry(format!("{caller}:{number}"))]).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller");
    }
    let records = take(
        &mut *reader(&*log, P0, Position::START).await,
        CALLERS * EACH,
    )
    .await;
    let stand = bodies(&records);
    for caller in 0..CALLERS {
        let prefix = format!("{caller}:");
        let of_caller: Vec<&String> = stand
            .iter()
            .filter(|body| body.starts_with(&prefix))
            .collect();
        let expected: Vec<String> = (0..EACH).map(|n| format!("{caller}:{n}")).collect();
        assert_eq!(of_caller, expected.iter().collect::<Vec<_>>());
    }
}

/// A reader gives the records of its partition only.
pub async fn partitions_do_not_mix(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    for number in 0..10 {
        append(&*log, P0, vec![entry(format!("p0 {number}"))]).await;
        append(&*log, P1, vec![entry(format!("p1 {number}"))]).await;
    }
    for (partition, name) in [(P0, "p0"), (P1, "p1")] {
        let records = take(&mut *reader(&*log, partition, Position::START).await, 10).await;
        let expected: Vec<String> = (0..10).map(|number| format!("{name} {number}")).collect();
        assert_eq!(bodies(&records), expected);
    }
}

/// A reader gives every record after its position once, in order, wherever it begins: also inside a batch.
pub async fn a_reader_begins_after_any_position(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 5).await;
    let all = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    for (given, record) in all.iter().enumerate().take(count - 1) {
        let rest = take(
            &mut *reader(&*log, P0, record.position).await,
            count - given - 1,
        )
        .await;
        assert_eq!(rest, all[given + 1..], "after {}", record.position);
    }
    let mut at_end = reader(&*log, P0, all[count - 1].position).await;
    append(&*log, P0, vec![entry("new")]).await;
    assert_eq!(bodies(&take(&mut *at_end, 1).await), ["new"]);
}

/// `next` gives at most `limit` records, and none is left out between two calls.
pub async fn a_reader_gives_no_more_than_asked(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 6).await;
    let mut reader = reader(&*log, P0, Position::START).await;
    let mut given = Vec::new();
    for limit in [1, 2, 3].into_iter().cycle() {
        if given.len() == count {
            break;
        }
        let more = reader.next(limit).await.expect("records");
        assert!((1..=limit).contains(&more.len()));
        given.extend(more);
    }
    assert_eq!(bodies(&given), numbered(0, count));
}

/// Whether a reader's wait is over at once.
async fn is_ready(reader: &mut dyn LogReader) -> bool {
    let mut next = reader.next(1);
    std::future::poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_ready())).await
}

/// `next` waits until there is a record.
pub async fn a_reader_waits_for_the_next_record(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let mut waiting = reader(&*log, P0, Position::START).await;
    assert!(!is_ready(&mut *waiting).await, "nothing to read yet");
    let read = tokio::spawn(async move { take(&mut *waiting, 1).await });
    append(&*log, P0, vec![entry("first")]).await;
    assert_eq!(bodies(&read.await.expect("a reader")), ["first"]);
}

/// Dropping the future of `next` loses nothing.
pub async fn a_dropped_wait_loses_nothing(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let mut dropping = reader(&*log, P0, Position::START).await;
    let mut given = Vec::new();
    for number in 0..20 {
        // Dropped before, while or after the record can be read.
        if is_ready(&mut *dropping).await {
            panic!("a record before it was appended");
        }
        append(&*log, P0, vec![text(number)]).await;
        given.extend(take(&mut *dropping, 1).await);
    }
    let mut late = reader(&*log, P0, Position::START).await;
    drop(late.next(5));
    assert_eq!(take(&mut *late, 20).await, given);
}

/// Readers are independent of each other.
pub async fn readers_do_not_disturb_each_other(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 5).await;
    let mut slow = reader(&*log, P0, Position::START).await;
    let mut fast = reader(&*log, P0, Position::START).await;
    let begun = take(&mut *slow, 2).await;
    assert_eq!(bodies(&take(&mut *fast, count).await), numbered(0, count));
    assert_eq!(bodies(&begun), numbered(0, 2));
    assert_eq!(
        bodies(&take(&mut *slow, count - 2).await),
        numbered(2, count)
    );
}

/// A record's time never runs back within its partition, whatever time the entries carry.
pub async fn time_never_runs_back_in_a_partition(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    for nanos in [50, 20, 70, 60, 60] {
        let timed = |nanos| Entry {
            recorded_at: Timestamp::from_nanos(nanos),
            body: Bytes::from_static(b"timed"),
        };
        append(&*log, P0, vec![timed(nanos), timed(nanos / 2)]).await;
    }
    let records = take(&mut *reader(&*log, P0, Position::START).await, 10).await;
    assert!(
        records
            .windows(2)
            .all(|pair| pair[0].recorded_at <= pair[1].recorded_at)
    );
}

/// `end` is the position and time of the last record.
pub async fn the_end_is_the_last_record(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 4).await;
    let records = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    let last = &records[count - 1];
    let end = log.end(P0).await.expect("an end");
    assert_eq!(end, (last.position, last.recorded_at));
}

/// `append` returns after the batch is durable, and records never change.
pub async fn what_was_acknowledged_is_there_after_opening_again(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 5).await;
    let before = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    let (incarnation, end) = (log.incarnation(), log.end(P0).await.expect("an end"));
    drop(log);

    let log = fixture.open().await;
    assert_eq!(log.incarnation(), incarnation);
    assert_eq!(log.end(P0).await.expect("an end"), end);
    let mut again = reader(&*log, P0, Position::START).await;
    assert_eq!(take(&mut *again, count).await, before);
    let next = append(&*log, P0, vec![entry("after")]).await;
    assert!(next > end.0);
    assert_eq!(bodies(&take(&mut *again, 1).await), ["after"]);
}

/// A body may have 128 KiB, and none at all.
pub async fn a_batch_of_large_bodies_reads_back(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let sizes = [128 << 10, 0, 1, 128 << 10];
    let entries = sizes.map(|bytes: usize| entry(vec![b'x'; bytes])).to_vec();
    append(&*log, P0, entries).await;
    let records = take(&mut *reader(&*log, P0, Position::START).await, sizes.len()).await;
    let read: Vec<usize> = records.iter().map(|record| record.body.len()).collect();
    assert_eq!(read, sizes);
}

/// Several may end an incarnation: all get the same number, of the same log. What stands in the log stays, for good.
pub async fn who_ends_an_incarnation_gets_the_one_that_stands_then(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let count = fill(&*log, P0, 3).await;
    let ended = log.incarnation();
    let (one, other) = tokio::join!(log.begin_incarnation(ended), log.begin_incarnation(ended));
    let next = one.expect("an incarnation");
    assert_eq!(other.expect("an incarnation"), next);
    assert_eq!(log.incarnation(), next);
    assert!(ports::is_same_log(ended, next));
    let records = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    assert_eq!(bodies(&records), numbered(0, count));
    drop(log);

    let log = fixture.open().await;
    assert_eq!(log.incarnation(), next);
    let again = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    assert_eq!(again, records);
}

/// Only the incarnation that stands is ended, and by who saw it.
pub async fn another_incarnation_is_not_ended(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let stands = log.incarnation();
    for ended in [stands.wrapping_add(9), stands.wrapping_sub(9)] {
        let refused = log.begin_incarnation(ended).await;
        assert!(
            matches!(refused, Err(ReadError::OtherIncarnation)),
            "{refused:?}"
        );
    }
    assert_eq!(log.incarnation(), stands);
}
