//! What the tests of this crate share: settings for a test's servers, records of text.

#![allow(dead_code, reason = "each test binary uses its part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use bytes::Bytes;
use log_jetstream::{JetStreamLog, Login, Settings, Syncing};
use ports::{AppendError, Entry, EventLog as _, LogReader, LogRecord};
use testkit::servers::nats::{Nats, SYSTEM, USER};
use types::{Partition, Position};

pub(crate) const P0: Partition = Partition(0);

fn login((user, password): (&str, &str)) -> Login {
    Login::User {
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

/// Two partitions in one stream of one replica.
pub(crate) fn settings(servers: Vec<String>) -> Settings {
    Settings {
        login: login(USER),
        prefix: "test".to_owned(),
        partitions: 2,
        streams: 1,
        replicas: 1,
        stream_bytes: 64 << 20,
        open_timeout: Duration::from_secs(30),
        append_timeout: Duration::from_secs(60),
        ..Settings::new(
            servers,
            "acme",
            Syncing::Verified {
                system: login(SYSTEM),
            },
        )
    }
}

pub(crate) async fn open(nats: &Nats) -> JetStreamLog {
    JetStreamLog::open(&settings(nats.urls())).await.unwrap()
}

pub(crate) fn entry(text: &str) -> Entry {
    Entry {
        recorded_at: None,
        body: Bytes::copy_from_slice(text.as_bytes()),
    }
}

pub(crate) async fn append(log: &JetStreamLog, text: &str) -> Result<Position, AppendError> {
    Ok(log.append(P0, vec![entry(text)]).await?.first)
}

pub(crate) async fn take(reader: &mut dyn LogReader, count: usize) -> Vec<LogRecord> {
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(reader.next(count - records.len()).await.unwrap());
    }
    records
}

pub(crate) fn texts(records: &[LogRecord]) -> Vec<String> {
    let text = |record: &LogRecord| String::from_utf8_lossy(&record.body).into_owned();
    records.iter().map(text).collect()
}

/// All records up to the end.
pub(crate) async fn all(log: &JetStreamLog) -> Vec<LogRecord> {
    let (end, _) = log.end(P0).await.unwrap();
    let mut reader = log.read(P0, Position::START).await.unwrap();
    let mut records: Vec<LogRecord> = Vec::new();
    while records.last().is_none_or(|last| last.position < end) {
        records.extend(reader.next(1_000).await.unwrap());
    }
    records
}
