//! What the floor removes, and what it never does.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use async_nats::jetstream;
use bench::{P0, all, append, entry, open, take, texts};
use log_jetstream::JetStreamLog;
use ports::{EventLog as _, ReadError};
use testkit::servers::nats::{Nats, Options, USER};
use types::{Partition, Position, Timestamp};

/// Five batches of two records; where each begins.
async fn five(log: &JetStreamLog) -> Vec<Position> {
    let mut positions = Vec::new();
    for number in 0..5 {
        let batch = [0, 1].map(|index| entry(&format!("{number}.{index}")));
        positions.push(log.append(P0, batch.to_vec()).await.unwrap().first);
    }
    positions
}

#[tokio::test]
async fn what_lies_before_the_cursors_message_goes_and_the_message_stays() {
    let nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let positions = five(&log).await;
    let neighbour = vec![entry("the neighbour's")];
    log.append(Partition(1), neighbour).await.unwrap();
    let cursor = Position {
        index: 1,
        ..positions[2]
    };
    let kept_after = log.truncate(P0, cursor, Timestamp::MAX).await.unwrap();

    for gone in [Position::START, positions[0], positions[1]] {
        let refused = log.read(P0, gone).await.err();
        assert!(
            matches!(refused, Some(ReadError::Truncated { first }) if first == kept_after),
            "{gone}: {refused:?}"
        );
    }
    let kept = [
        (kept_after, vec!["2.0", "2.1", "3.0", "3.1", "4.0", "4.1"]),
        (positions[2], vec!["2.1", "3.0", "3.1", "4.0", "4.1"]),
        (cursor, vec!["3.0", "3.1", "4.0", "4.1"]),
    ];
    for (after, expected) in kept {
        let mut reader = log.read(P0, after).await.unwrap();
        let read = take(&mut *reader, expected.len()).await;
        assert_eq!(texts(&read), expected, "after {after}");
    }
    let mut neighbour = log.read(Partition(1), Position::START).await.unwrap();
    assert_eq!(texts(&take(&mut *neighbour, 1).await), ["the neighbour's"]);
}

#[tokio::test]
async fn what_is_young_stays() {
    let nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let positions = five(&log).await;
    let times: Vec<Timestamp> = all(&log).await.iter().map(|r| r.recorded_at).collect();
    let last = positions[4];
    let before = |sequence| Position {
        sequence,
        index: u32::MAX,
    };
    // Two records a batch; a batch of the very instant is kept.
    let table = [
        (Timestamp::MIN, Position::START),
        (times[0], Position::START),
        (times[2], before(positions[1].sequence - 1)),
        (times[6], before(positions[3].sequence - 1)),
        // Lower than before: the floor only rises.
        (times[2], before(positions[3].sequence - 1)),
        (Timestamp::MAX, before(last.sequence - 1)),
    ];
    for (recorded_before, expected) in table {
        let kept_after = log.truncate(P0, last, recorded_before).await.unwrap();
        assert_eq!(kept_after, expected);
        let begins = log.read(P0, Position::START).await;
        assert_eq!(begins.is_ok(), expected == Position::START);
    }
    let (end, _) = log.end(P0).await.unwrap();
    assert_eq!(end.sequence, last.sequence);
}

#[tokio::test]
async fn a_cursor_of_another_log_removes_nothing() {
    let nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let positions = five(&log).await;
    let neighbour = vec![entry("the neighbour's")];
    let other = log.append(Partition(1), neighbour).await.unwrap().first;
    append(&log, "last").await.unwrap();
    let never = [
        other,
        Position {
            sequence: 900,
            index: 0,
        },
    ];
    for cursor in never {
        let refused = log.truncate(P0, cursor, Timestamp::MAX).await;
        assert!(
            matches!(refused, Err(ReadError::OtherIncarnation)),
            "{refused:?}"
        );
    }
    let nothing = log.truncate(P0, Position::START, Timestamp::MAX).await;
    assert_eq!(nothing.unwrap(), Position::START);
    assert_eq!(all(&log).await.len(), 2 * positions.len() + 1);
}

#[tokio::test]
async fn what_somebody_else_removed_is_a_gap() {
    let nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let positions = five(&log).await;
    let (user, password) = USER;
    let client = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into())
        .connect(nats.urls())
        .await
        .unwrap();
    let stream = jetstream::new(client)
        .get_stream("test-log-00")
        .await
        .unwrap();
    stream
        .purge()
        .sequence(positions[2].sequence)
        .await
        .unwrap();
    let mut reader = log.read(P0, Position::START).await.unwrap();
    let read = reader.next(1).await;
    assert!(
        matches!(
            read,
            Err(ReadError::Gap {
                after: Position::START
            })
        ),
        "{read:?}"
    );
    let at_what_is_gone = log.read(P0, positions[0]).await.err();
    assert!(
        matches!(at_what_is_gone, Some(ReadError::OtherIncarnation)),
        "{at_what_is_gone:?}"
    );
    let mut behind = log.read(P0, positions[2]).await.unwrap();
    assert_eq!(texts(&take(&mut *behind, 2).await), ["2.1", "3.0"]);
}
