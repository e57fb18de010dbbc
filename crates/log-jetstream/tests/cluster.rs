//! Three servers.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use async_nats::jetstream;
use bench::{P0, append, settings, take, texts};
use log_jetstream::{JetStreamLog, Settings};
use ports::EventLog as _;
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
