//! Three servers.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::sync::Arc;

use async_nats::jetstream;
use bench::{P0, append, settings, take, texts};
use log_jetstream::{JetStreamLog, Settings};
use ports::{AppendError, EventLog, ReadError};
use testkit::contract::log::{self as contract, LogFixture};
use testkit::servers::nats::{Nats, Options, USER};
use types::Position;

async fn three() -> (Nats, JetStreamLog) {
    let options = Options {
        nodes: 3,
        ..Options::default()
    };
    let nats = Nats::start(options).await;
    let replicated = Settings {
        replicas: 3,
        ..settings(nats.urls())
    };
    let log = JetStreamLog::open(&replicated).await.unwrap();
    (nats, log)
}

/// Which server leads the stream.
async fn leader(nats: &Nats) -> usize {
    let (user, password) = USER;
    let client = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into())
        .connect(nats.urls())
        .await
        .unwrap();
    let stream = jetstream::new(client)
        .get_stream("test-log-00")
        .await
        .unwrap();
    let cluster = stream.cached_info().cluster.clone().unwrap();
    nats.node_named(&cluster.leader.unwrap())
}

#[tokio::test]
async fn a_leader_that_dies_loses_nothing_doubles_nothing_reorders_nothing_acknowledged() {
    const EACH: usize = 20;
    let (mut nats, log) = three().await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    let mut appended = 0;
    for _ in 0..2 {
        for _ in 0..EACH {
            append(&log, &appended.to_string()).await.unwrap();
            appended += 1;
        }
        let leader = leader(&nats).await;
        nats.kill(leader);
        for _ in 0..EACH {
            append(&log, &appended.to_string()).await.unwrap();
            appended += 1;
        }
        nats.restart(leader).await;
    }
    append(&log, "end").await.unwrap();

    let mut read = Vec::new();
    while read.last().is_none_or(|text| text != "end") {
        read.extend(texts(&take(&mut *reader, 1).await));
    }
    // A batch whose acknowledgement died with the leader may stand twice, never behind a later one.
    read.dedup();
    let mut expected: Vec<String> = (0..appended)
        .map(|number: usize| number.to_string())
        .collect();
    expected.push("end".to_owned());
    assert_eq!(read, expected);
}

#[tokio::test]
async fn servers_that_are_not_all_there_yet_are_waited_for() {
    let (mut nats, log) = three().await;
    append(&log, "kept").await.unwrap();
    drop(log);
    for node in 0..3 {
        nats.kill(node);
    }
    let replicated = Settings {
        replicas: 3,
        ..settings(nats.urls())
    };
    let opening = tokio::spawn(async move { JetStreamLog::open(&replicated).await });
    for node in 0..3 {
        nats.spawn(node);
    }
    let log = opening.await.unwrap().unwrap();
    let mut reader = log.read(P0, Position::START).await.unwrap();
    assert_eq!(texts(&take(&mut *reader, 1).await), ["kept"]);
}

#[tokio::test]
async fn without_a_majority_nothing_is_acknowledged_and_readers_go_on_afterwards() {
    let (mut nats, log) = three().await;
    let mut reader = log.read(P0, Position::START).await.unwrap();
    append(&log, "before").await.unwrap();
    take(&mut *reader, 1).await;
    let impatient = JetStreamLog::open(&Settings {
        replicas: 3,
        append_timeout: std::time::Duration::from_secs(1),
        ..settings(nats.urls())
    })
    .await
    .unwrap();
    let lone = leader(&nats).await;
    for node in (0..3).filter(|node| *node != lone) {
        nats.kill(node);
    }
    let outcome = append(&impatient, "open").await;
    assert!(
        matches!(
            outcome,
            Err(AppendError::Unknown(_) | AppendError::Unavailable(_))
        ),
        "{outcome:?}"
    );
    for node in (0..3).filter(|node| *node != lone) {
        nats.spawn(node);
    }
    append(&log, "after").await.unwrap();
    let mut read = Vec::new();
    for _ in 0..100 {
        match reader.next(1).await {
            Ok(records) => read.extend(texts(&records)),
            // It may have looked in vain for long; asked again, it looks again.
            Err(error) => assert!(matches!(error, ReadError::Unavailable(_)), "{error:?}"),
        }
        if read.last().is_some_and(|text| text == "after") {
            break;
        }
    }
    read.dedup();
    read.retain(|text| text != "open");
    assert_eq!(read, ["after"]);
}

/// A log of a prefix of its own for each test of the contract, in one cluster.
struct Prefix<'a> {
    nats: &'a Nats,
    number: usize,
}

impl LogFixture for Prefix<'_> {
    async fn open(&self) -> Arc<dyn EventLog> {
        let replicated = Settings {
            replicas: 3,
            prefix: format!("test{}", self.number),
            ..settings(self.nats.urls())
        };
        Arc::new(JetStreamLog::open(&replicated).await.unwrap())
    }
}

/// In one test, since starting three servers for each sentence of the contract costs more than the sentences.
#[tokio::test]
async fn the_contract_holds_with_three_replicas() {
    let options = Options {
        nodes: 3,
        ..Options::default()
    };
    let nats = Nats::start(options).await;
    let prefix = |number| Prefix {
        nats: &nats,
        number,
    };
    contract::concurrent_appends_all_stand_once(&prefix(0)).await;
    contract::partitions_do_not_mix(&prefix(1)).await;
    contract::a_reader_begins_after_any_position(&prefix(2)).await;
    contract::a_dropped_wait_loses_nothing(&prefix(3)).await;
    contract::the_end_is_the_last_record(&prefix(4)).await;
    contract::what_was_acknowledged_is_there_after_opening_again(&prefix(5)).await;
    contract::a_batch_of_large_bodies_reads_back(&prefix(6)).await;
}
