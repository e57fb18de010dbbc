//! A log on the time of its entries: what replays of history are recorded at.

mod bench;

use bytes::Bytes;
use log_jetstream::{Clock, JetStreamLog, Settings};
use ports::{Entry, EventLog as _};
use testkit::servers::nats::{Nats, Options};
use types::{Position, Timestamp};

use bench::{P0, settings, take};

fn at(nanos: i64) -> Entry {
    Entry {
        recorded_at: Timestamp::from_nanos(nanos),
        body: Bytes::from_static(b"at its time"),
    }
}

#[tokio::test]
async fn a_record_has_its_own_time_and_never_one_before_its_predecessor() {
    let nats = Nats::start(Options::default()).await;
    let replay = Settings {
        clock: Clock::Event,
        ..settings(nats.urls())
    };
    let log = JetStreamLog::open(&replay).await.unwrap();
    let untimed = bench::entry("without a time");
    for batch in [vec![at(50), at(40)], vec![untimed], vec![at(30), at(70)]] {
        log.append(P0, batch).await.unwrap();
    }
    let records = take(&mut *log.read(P0, Position::START).await.unwrap(), 5).await;
    let times: Vec<i64> = records.iter().map(|it| it.recorded_at.nanos()).collect();
    assert_eq!(times, [50, 50, 50, 50, 70]);
    assert_eq!(log.end(P0).await.unwrap().1.nanos(), 70);
}
