//! What [`EventLog::truncate`] may remove, and what it never does.

use bytes::Bytes;
use ports::{Entry, EventLog, LogRecord, ReadError};
use types::{Partition, Position, Timestamp};

use super::{LogFixture, P0, P1, append, bodies, fill, reader, take};

const BATCHES: usize = 6;

/// Records of both partitions, those of the first.
async fn filled(log: &dyn EventLog) -> Vec<LogRecord> {
    fill(log, P1, BATCHES).await;
    let count = fill(log, P0, BATCHES).await;
    take(&mut *reader(log, P0, Position::START).await, count).await
}

/// Both partitions let go, since a log may remove only what all let go of.
async fn truncate(
    log: &dyn EventLog,
    cursor: Position,
    before: Timestamp,
) -> Result<Position, ReadError> {
    let (end, _) = log.end(P1).await?;
    log.truncate(P1, end, before).await?;
    log.truncate(P0, cursor, before).await
}

/// From any place: all that is kept after it, or that it was removed and from where on all is kept.
async fn is_kept_after(
    log: &dyn EventLog,
    partition: Partition,
    records: &[LogRecord],
    kept: Position,
) {
    // At the beginning, around the place, and at the end: each reader costs a consumer somewhere.
    let near = records.partition_point(|record| record.position <= kept);
    let near = records.iter().skip(near.saturating_sub(2)).take(4);
    let places = near.chain(records.last()).map(|record| record.position);
    for after in places.chain([Position::START, kept]) {
        let read = log.read(partition, after).await;
        if after < kept {
            let first = match read {
                Err(ReadError::Truncated { first }) => first,
                Err(error) => panic!("after {after}: {error}"),
                Ok(_) => panic!("after {after}, though all is kept only after {kept}"),
            };
            assert_eq!(first, kept);
            continue;
        }
        let rest: Vec<LogRecord> = records
            .iter()
            .filter(|record| record.position > after)
            .cloned()
            .collect();
        let mut read = read.unwrap_or_else(|error| panic!("after {after}: {error}"));
        if !rest.is_empty() {
            assert_eq!(take(&mut *read, rest.len()).await, rest, "after {after}");
        }
    }
}

/// Nothing after the cursor goes, wherever it is; what stays keeps its place; the floor never falls.
pub async fn nothing_after_the_cursor_is_truncated(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let records = filled(&*log).await;
    let (incarnation, end) = (log.incarnation(), log.end(P0).await.expect("an end"));
    let mut floor = Position::START;
    for cursor in records.iter().step_by(4).map(|record| record.position) {
        let kept = truncate(&*log, cursor, Timestamp::MAX).await;
        let kept = kept.expect("truncated");
        assert!((floor..=cursor).contains(&kept), "{floor} {kept} {cursor}");
        floor = kept;
        is_kept_after(&*log, P0, &records, kept).await;
        // Of another partition nothing after its own cursor.
        let (other, _) = log.end(P1).await.expect("an end");
        assert!(log.read(P1, other).await.is_ok());
    }
    assert_eq!(log.incarnation(), incarnation);
    assert_eq!(log.end(P0).await.expect("an end"), end);
}

/// The floor is there after opening again, and what is appended then follows.
pub async fn what_was_truncated_stays_so(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let mut records = filled(&*log).await;
    let cursor = records[records.len() - 2].position;
    let kept = truncate(&*log, cursor, Timestamp::MAX).await;
    let kept = kept.expect("truncated");
    drop(log);

    let log = fixture.open().await;
    is_kept_after(&*log, P0, &records, kept).await;
    let end = log.end(P0).await.expect("an end");
    assert_eq!(end.0, records[records.len() - 1].position);
    append(&*log, P0, vec![super::entry("after")]).await;
    let new = take(&mut *reader(&*log, P0, end.0).await, 1).await;
    assert_eq!(bodies(&new), ["after"]);
    records.extend(new);
    is_kept_after(&*log, P0, &records, kept).await;
}

/// What was recorded at an instant or later is kept, if it is told to keep that.
pub async fn what_is_young_is_not_truncated(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    for nanos in 1..=BATCHES as i64 {
        for partition in [P0, P1] {
            let timed = |body: &'static str| Entry {
                recorded_at: Timestamp::from_nanos(nanos),
                body: Bytes::from_static(body.as_bytes()),
            };
            append(&*log, partition, vec![timed("one"), timed("two")]).await;
        }
    }
    let count = 2 * BATCHES;
    let records = take(&mut *reader(&*log, P0, Position::START).await, count).await;
    let (end, _) = log.end(P0).await.expect("an end");
    let none = truncate(&*log, end, Timestamp::MIN).await;
    is_kept_after(&*log, P0, &records, none.expect("truncated")).await;
    assert!(log.read(P0, Position::START).await.is_ok(), "nothing goes");
    for young in records.iter().step_by(5) {
        let kept = truncate(&*log, end, young.recorded_at).await;
        let kept = kept.expect("truncated");
        assert!(kept < young.position, "{kept} {young:?}");
        is_kept_after(&*log, P0, &records, kept).await;
    }
}

/// A cursor that the log never gave, or the start, removes nothing.
pub async fn another_logs_cursor_truncates_nothing(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let records = filled(&*log).await;
    let never = Position {
        sequence: 900,
        index: 0,
    };
    let refused = truncate(&*log, never, Timestamp::MAX).await;
    assert!(
        matches!(refused, Err(ReadError::OtherIncarnation)),
        "{refused:?}"
    );
    let nothing = truncate(&*log, Position::START, Timestamp::MAX).await;
    assert_eq!(nothing.expect("nothing"), Position::START);
    is_kept_after(&*log, P0, &records, Position::START).await;
}

/// A reader that is open while what it would read is removed gives it, or says that it is gone: it leaves nothing out.
pub async fn an_open_reader_leaves_nothing_out(fixture: &impl LogFixture) {
    let log = fixture.open().await;
    let records = filled(&*log).await;
    let mut open = reader(&*log, P0, Position::START).await;
    let mut given = take(&mut *open, 1).await;
    let cursor = records[records.len() - 3].position;
    let kept = truncate(&*log, cursor, Timestamp::MAX).await;
    let kept = kept.expect("truncated");
    while given.len() < records.len() {
        match open.next(3).await {
            Ok(more) => given.extend(more),
            Err(ReadError::Truncated { first }) => {
                assert_eq!(first, kept);
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(given, records[..given.len()]);
}
