//! Servers that die, answers that get lost, logs that were restored.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use async_nats::{datetime, jetstream};
use bench::{P0, all, append, open, settings, take, texts};
use futures::TryStreamExt as _;
use log_jetstream::{JetStreamLog, Settings, Syncing};
use ports::{AppendError, EventLog as _};
use testkit::servers::nats::{Nats, Options, USER};
use testkit::servers::proxy::{Mode, Proxy};
use types::Position;

/// A log whose way to the server can be disturbed. The proxy knows one connection's worth: the system account is left out.
async fn behind(proxy: &Proxy, append_timeout: Duration) -> Arc<JetStreamLog> {
    let disturbed = Settings {
        syncing: Syncing::Accepted,
        append_timeout,
        ..settings(vec![format!("nats://{}", proxy.address())])
    };
    Arc::new(JetStreamLog::open(&disturbed).await.unwrap())
}

const LONG: Duration = Duration::from_secs(60);
/// More than any of these needs.
const TRIES_MAX: usize = 100;

#[tokio::test]
async fn a_batch_stored_by_a_server_that_was_killed_before_it_answered_stands_though_twice() {
    let mut nats = Nats::start(Options::default()).await;
    let proxy = Proxy::start(nats.address(0)).await;
    let log = behind(&proxy, LONG).await;
    let direct = open(&nats).await;
    append(&log, "before").await.unwrap();

    proxy.set(Mode::Mute);
    let appending = {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            append(&log, "unanswered").await.unwrap();
            append(&log, "after").await.unwrap();
        })
    };
    let mut reader = direct.read(P0, Position::START).await.unwrap();
    assert_eq!(
        texts(&take(&mut *reader, 2).await),
        ["before", "unanswered"]
    );
    nats.kill(0);
    proxy.set(Mode::Cut);
    nats.restart(0).await;
    proxy.set(Mode::Pass);
    appending.await.unwrap();

    // How often it was tried again while the answers were lost is the clock's matter.
    let mut stand = texts(&all(&direct).await);
    let copies = stand.iter().filter(|text| *text == "unanswered").count();
    assert!(copies >= 2, "{stand:?}");
    stand.dedup();
    assert_eq!(stand, ["before", "unanswered", "after"]);
    let rest = take(&mut *reader, copies).await;
    assert_eq!(rest.last().unwrap().body, "after");
}

#[tokio::test]
async fn what_is_never_answered_is_unknown_and_no_gap_for_readers() {
    let nats = Nats::start(Options::default()).await;
    let proxy = Proxy::start(nats.address(0)).await;
    let log = behind(&proxy, Duration::from_secs(1)).await;
    let direct = open(&nats).await;
    append(&log, "before").await.unwrap();
    proxy.set(Mode::Mute);
    let outcome = append(&log, "unanswered").await;
    assert!(
        matches!(outcome, Err(AppendError::Unknown(_))),
        "{outcome:?}"
    );
    proxy.set(Mode::Cut);
    proxy.set(Mode::Pass);
    // The way may still be cut when the first comes.
    let mut tries = 0;
    while let Err(error) = append(&log, "after").await {
        assert!(!matches!(error, AppendError::Full), "{error}");
        tries += 1;
        assert!(tries < TRIES_MAX, "{error}");
    }
    let mut stand = texts(&all(&direct).await);
    stand.dedup();
    assert_eq!(stand, ["before", "unanswered", "after"]);
}

#[tokio::test]
async fn without_a_server_nothing_is_appended_and_that_is_said() {
    let mut nats = Nats::start(Options::default()).await;
    let log = JetStreamLog::open(&Settings {
        append_timeout: Duration::from_millis(100),
        ..settings(nats.urls())
    })
    .await
    .unwrap();
    append(&log, "before").await.unwrap();
    let mut reader = log.read(P0, Position::START).await.unwrap();
    take(&mut *reader, 1).await;
    nats.kill(0);
    // Until the client has noticed, the outcome of what it sent is open.
    let mut outcome = append(&log, "lost").await;
    for _ in 0..TRIES_MAX {
        match outcome {
            Err(AppendError::Unknown(_)) => outcome = append(&log, "lost").await,
            _ => break,
        }
    }
    assert!(
        matches!(outcome, Err(AppendError::Unavailable(_))),
        "{outcome:?}"
    );
    nats.restart(0).await;
    let direct = open(&nats).await;
    append(&direct, "after").await.unwrap();
    let stand = texts(&all(&direct).await);
    assert_eq!(stand.first().map(String::as_str), Some("before"));
    assert_eq!(stand.last().map(String::as_str), Some("after"));
}

#[tokio::test]
async fn a_reader_goes_on_with_a_server_that_was_killed_and_came_back() {
    let mut nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    append(&log, "one").await.unwrap();
    append(&log, "two").await.unwrap();
    // Stands at its cursor with another record read and not given.
    assert_eq!(texts(&take(&mut *reader, 1).await), ["one"]);
    for round in ["three", "four", "five"] {
        nats.kill(0);
        nats.restart(0).await;
        append(&log, round).await.unwrap();
    }
    let read = texts(&take(&mut *reader, 4).await);
    assert_eq!(read, ["two", "three", "four", "five"]);
    assert_eq!(all(&log).await.len(), 5);
}

/// As one on a copy of the stream that does not grow any more, since its server's disk is full: a paused consumer goes on to say that it
/// is there, and gives nothing.
#[tokio::test]
async fn a_consumer_that_says_it_is_there_and_gives_nothing_is_left_for_another() {
    let nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    append(&log, "one").await.unwrap();
    assert_eq!(texts(&take(&mut *reader, 1).await), ["one"]);

    let (user, password) = USER;
    let client = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into());
    let client = client.connect(nats.urls()).await.unwrap();
    let stream = jetstream::new(client)
        .get_stream("test-log-00")
        .await
        .unwrap();
    let consumers =
        async || -> Vec<String> { stream.consumer_names().try_collect().await.unwrap() };
    let before = consumers().await;
    assert_eq!(before.len(), 1);
    let for_ever = datetime::parse_rfc3339("2999-01-01T00:00:00Z").unwrap();
    let paused = stream.pause_consumer(&before[0], for_ever).await;
    assert!(paused.unwrap().paused);
    append(&log, "two").await.unwrap();
    append(&log, "three").await.unwrap();

    let read = tokio::time::timeout(LONG, take(&mut *reader, 2)).await;
    assert_eq!(texts(&read.expect("the reader hangs")), ["two", "three"]);
    let after = consumers().await;
    assert!(after.iter().any(|name| *name != before[0]), "{after:?}");
}

#[tokio::test]
async fn publishers_beside_each_other_keep_their_orders() {
    const EACH: usize = 50;
    let nats = Nats::start(Options::default()).await;
    let first = Arc::new(open(&nats).await);
    let second = Arc::new(open(&nats).await);
    let publish = |log: &Arc<JetStreamLog>, name: &'static str| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            for number in 0..EACH {
                append(&log, &format!("{name}{number}")).await.unwrap();
            }
        })
    };
    let publishing = [publish(&first, "a"), publish(&second, "b")];
    let mut reader = first.read(P0, Position::START).await.unwrap();
    let read = texts(&take(&mut *reader, 2 * EACH).await);
    for task in publishing {
        task.await.unwrap();
    }
    for name in ["a", "b"] {
        let of_one: Vec<&String> = read.iter().filter(|text| text.starts_with(name)).collect();
        let expected: Vec<String> = (0..EACH).map(|number| format!("{name}{number}")).collect();
        assert_eq!(of_one, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_full_stream_refuses_and_takes_again_when_there_is_room() {
    let nats = Nats::start(Options::default()).await;
    let log = JetStreamLog::open(&Settings {
        stream_bytes: 256 << 10,
        ..settings(nats.urls())
    })
    .await
    .unwrap();
    let large = "x".repeat(60_000);
    let mut last = Position::START;
    let mut refused = None;
    for _ in 0..TRIES_MAX {
        match append(&log, &large).await {
            Ok(position) => last = position,
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    assert!(matches!(refused, Some(AppendError::Full)), "{refused:?}");
    let stand = all(&log).await.len();
    assert!((2..=4).contains(&stand), "{stand}");
    log.truncate(P0, last, types::Timestamp::MAX).await.unwrap();
    append(&log, &large).await.unwrap();
    let mut reader = log.read(P0, last).await.unwrap();
    assert_eq!(take(&mut *reader, 1).await.len(), 1);
}

#[tokio::test]
async fn a_reader_whose_caller_comes_and_goes_finds_a_server_again() {
    let mut nats = Nats::start(Options::default()).await;
    let log = open(&nats).await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    append(&log, "one").await.unwrap();
    take(&mut *reader, 1).await;
    nats.kill(0);
    nats.restart(0).await;
    append(&log, "two").await.unwrap();
    // Each wait is much shorter than a consumer takes to be missed and made.
    let mut read = Vec::new();
    for _ in 0..60_000 {
        let moment = Duration::from_millis(1);
        if let Ok(records) = tokio::time::timeout(moment, reader.next(1)).await {
            read = records.unwrap();
            break;
        }
    }
    assert_eq!(texts(&read), ["two"]);
}
