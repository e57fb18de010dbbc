//! Which segment files go when partitions let go of what stands in them.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use embedded::{ClockMode, DataFolder, Options};
use ports::{Entry, EventLog, ReadError};
use types::{Partition, Position, Timestamp};

const P0: Partition = Partition(0);
const P1: Partition = Partition(1);

/// A log of two partitions whose segments take one batch each.
fn open(folder: &Path) -> DataFolder {
    let options = Options {
        partitions: Some(2),
        clock: Some(ClockMode::Event),
        segment_bytes: 100,
        ..Options::new(Arc::new(|| Timestamp::MIN))
    };
    DataFolder::open(folder, options).unwrap()
}

async fn append(log: &dyn EventLog, partition: Partition, seconds: i64) -> Position {
    let entry = Entry {
        recorded_at: Timestamp::from_nanos(seconds * 1_000_000_000),
        body: Bytes::from(vec![b'x'; 100]),
    };
    log.append(partition, vec![entry]).await.unwrap().first
}

fn segments(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("log")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".seg")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_segment_goes_when_every_partition_let_go_of_it() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = open(temporary.path());
    let log = &folder.log;
    let mut first = Vec::new();
    for second in 1..=5 {
        first.push(append(&**log, P0, second).await);
    }
    let other = append(&**log, P1, 3).await;
    append(&**log, P0, 6).await;
    let all = segments(temporary.path());
    assert_eq!(all.len(), 7);

    // Four of the five, and of these the three that are old enough.
    let old = Timestamp::from_nanos(4_000_000_000).unwrap();
    let kept = log.truncate(P0, first[3], old).await.unwrap();
    assert_eq!(
        (kept, segments(temporary.path())),
        (first[2], all[3..].to_vec())
    );
    let kept = log.truncate(P0, first[4], Timestamp::MAX).await.unwrap();
    assert_eq!(
        (kept, segments(temporary.path())),
        (first[4], all[5..].to_vec())
    );
    // The next one is the other partition's, which has not let go.
    let (end, _) = log.end(P0).await.unwrap();
    let kept = log.truncate(P0, end, Timestamp::MAX).await.unwrap();
    assert_eq!(
        (kept, segments(temporary.path())),
        (first[4], all[5..].to_vec())
    );
    let kept = log.truncate(P1, other, Timestamp::MAX).await.unwrap();
    assert_eq!(
        (kept, segments(temporary.path())),
        (other, all[6..].to_vec())
    );
    drop(folder);

    // What is left is opened, and read.
    let folder = open(temporary.path());
    let refused = folder.log.read(P0, first[3]).await.err();
    assert!(
        matches!(refused, Some(ReadError::Truncated { first: kept }) if kept == first[4]),
        "{refused:?}"
    );
    let mut reader = folder.log.read(P0, first[4]).await.unwrap();
    assert_eq!(reader.next(9).await.unwrap()[0].position, end);
    // The last segment is written to: it stays.
    folder.log.truncate(P0, end, Timestamp::MAX).await.unwrap();
    folder
        .log
        .truncate(P1, other, Timestamp::MAX)
        .await
        .unwrap();
    assert_eq!(segments(temporary.path()), all[6..].to_vec());
}
