//! The port's contract over a real server.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::sync::Arc;

use ports::EventLog;
use testkit::contract::log::LogFixture;
use testkit::servers::nats::{Nats, Options};

struct Server {
    nats: Nats,
    streams: u16,
}

impl Server {
    async fn start(streams: u16, nodes: usize) -> Self {
        let options = Options {
            nodes,
            ..Options::default()
        };
        Self {
            nats: Nats::start(options).await,
            streams,
        }
    }
}

impl LogFixture for Server {
    async fn open(&self) -> Arc<dyn EventLog> {
        let settings = log_jetstream::Settings {
            streams: self.streams,
            ..bench::settings(self.nats.urls())
        };
        let log = log_jetstream::JetStreamLog::open(&settings).await.unwrap();
        Arc::new(log)
    }
}

mod partitions_in_one_stream {
    use super::Server;
    testkit::log_contract!(Server::start(1, 1).await);
}

mod partitions_in_two_streams {
    use super::Server;
    testkit::log_contract!(Server::start(2, 1).await);
}
