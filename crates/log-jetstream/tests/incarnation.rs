//! A log that is not the one that a position came from.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::fs;
use std::path::Path;

use bench::{P0, append, open, take, texts};
use log_jetstream::JetStreamLog;
use ports::{EventLog as _, LogReader, ReadError};
use tempfile::TempDir;
use testkit::servers::nats::{Nats, Options};
use types::Position;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A server whose files are restored from a backup that lacks the log's tail.
struct Restored {
    nats: Nats,
    backup: TempDir,
}

impl Restored {
    /// `kept` stands in the backup, `lost` does not. Gives where the lost ones stood.
    async fn new(kept: &[&str], lost: &[&str]) -> (Self, JetStreamLog, Vec<Position>) {
        let mut nats = Nats::start(Options::default()).await;
        let log = open(&nats).await;
        for text in kept {
            append(&log, text).await.unwrap();
        }
        nats.kill(0);
        let backup = tempfile::tempdir().unwrap();
        copy(&nats.files(0), backup.path());
        nats.restart(0).await;
        let mut positions = Vec::new();
        for text in lost {
            positions.push(append(&log, text).await.unwrap());
        }
        (Self { nats, backup }, log, positions)
    }

    async fn restore(&mut self) {
        self.nats.kill(0);
        let files = self.nats.files(0);
        fs::remove_dir_all(&files).unwrap();
        copy(self.backup.path(), &files);
        self.nats.restart(0).await;
    }
}

/// The error that ends the reading.
async fn error(reader: &mut dyn LogReader) -> ReadError {
    for _ in 0..100 {
        match reader.next(1_000).await {
            Err(ReadError::Unavailable(_)) | Ok(_) => {}
            Err(error) => return error,
        }
    }
    panic!("it reads on and on")
}

#[tokio::test]
async fn a_reader_past_the_restored_end_says_so() {
    let (mut restored, log, lost) = Restored::new(&["one"], &["two", "three"]).await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    take(&mut *reader, 3).await;
    restored.restore().await;
    let error = error(&mut *reader).await;
    assert!(matches!(error, ReadError::OtherIncarnation), "{error:?}");
    let opened = log.read(P0, lost[1]).await.err();
    assert!(
        matches!(opened, Some(ReadError::OtherIncarnation)),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_position_given_a_second_time_is_not_taken_for_the_first() {
    let (mut restored, log, lost) = Restored::new(&["one"], &["two"]).await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    take(&mut *reader, 2).await;
    restored.restore().await;
    // Another publisher's: nothing but the record itself tells.
    let other = open(&restored.nats).await;
    let again = append(&other, "new").await.unwrap();
    assert_eq!(again, lost[0]);
    append(&other, "newer").await.unwrap();
    let error = error(&mut *reader).await;
    assert!(matches!(error, ReadError::OtherIncarnation), "{error:?}");
}

#[tokio::test]
async fn a_publisher_that_goes_on_shows_that_its_acknowledged_batches_are_gone() {
    let (mut restored, log, lost) = Restored::new(&["one"], &["two", "three"]).await;
    restored.restore().await;
    let again = append(&log, "four").await.unwrap();
    assert_eq!(again, lost[0]);
    let mut reader = log.read(P0, Position::START).await.unwrap();
    assert_eq!(texts(&take(&mut *reader, 1).await), ["one"]);
    let error = error(&mut *reader).await;
    assert!(
        matches!(error, ReadError::Gap { after } if after.sequence == again.sequence - 1),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_next_incarnation_is_one_number_for_all_and_ends_the_readers() {
    let nats = Nats::start(Options::default()).await;
    let (first, second) = (open(&nats).await, open(&nats).await);
    append(&first, "kept").await.unwrap();
    let ended = first.incarnation();
    assert_eq!(second.incarnation(), ended);
    let (one, two) = tokio::join!(
        first.begin_incarnation(ended),
        second.begin_incarnation(ended)
    );
    let next = one.unwrap();
    assert_eq!(two.unwrap(), next);
    assert_ne!(next, ended);
    assert_eq!(first.incarnation(), next);
    assert_eq!(open(&nats).await.incarnation(), next);
    let third = open(&nats).await;
    first.begin_incarnation(next).await.unwrap();
    // It has not heard yet.
    assert_eq!(third.incarnation(), next);
    let opened = third.read(P0, Position::START).await.err();
    assert!(
        matches!(opened, Some(ReadError::OtherIncarnation)),
        "{opened:?}"
    );
    assert_eq!(third.incarnation(), first.incarnation());
    let mut reader = third.read(P0, Position::START).await.unwrap();
    assert_eq!(texts(&take(&mut *reader, 1).await), ["kept"]);
    let late = second.begin_incarnation(ended).await;
    assert!(matches!(late, Err(ReadError::OtherIncarnation)), "{late:?}");
}

#[tokio::test]
async fn a_position_that_the_log_never_gave_is_refused() {
    let nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let first = append(&log, "one").await.unwrap();
    let other = log
        .append(types::Partition(1), vec![bench::entry("in between")])
        .await
        .unwrap()
        .first;
    append(&log, "two").await.unwrap();
    let never = [
        Position { index: 1, ..first },
        other,
        Position {
            sequence: first.sequence + 9,
            index: 0,
        },
        Position {
            sequence: first.sequence + 9,
            index: u32::MAX,
        },
    ];
    for position in never {
        let opened = log.read(P0, position).await.err();
        assert!(
            matches!(opened, Some(ReadError::OtherIncarnation)),
            "{position}: {opened:?}"
        );
    }
    let between = Position {
        sequence: other.sequence,
        index: u32::MAX,
    };
    let mut reader = log.read(P0, between).await.unwrap();
    assert_eq!(texts(&take(&mut *reader, 1).await), ["two"]);
}
