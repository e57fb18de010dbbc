//! The port's contract over a real server.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::sync::Arc;

use log_jetstream::Clock;
use ports::EventLog;
use testkit::contract::log::LogFixture;
use testkit::servers::nats::{Nats, Options};

struct Server {
    nats: Nats,
    streams: u16,
    clock: Clock,
}

impl Server {
    async fn start(streams: u16, clock: Clock) -> Self {
        Self {
            nats: Nats::start(Options::default()).await,
            streams,
            clock,
        }
    }
}

impl LogFixture for Server {
    async fn open(&self) -> Arc<dyn EventLog> {
        let settings = log_jetstream::Settings {
            streams: self.streams,
            clock: self.clock,
            ..bench::settings(self.nats.urls())
        };
        let log = log_jetstream::JetStreamLog::open(&settings).await.unwrap();
        Arc::new(log)
    }
}

mod partitions_in_one_stream {
    use super::Server;
    use log_jetstream::Clock;
    testkit::log_contract!(Server::start(1, Clock::Server).await);
}

mod partitions_in_two_streams {
    use super::Server;
    use log_jetstream::Clock;
    testkit::log_contract!(Server::start(2, Clock::Server).await);
}

mod time_of_the_entries {
    use super::Server;
    use log_jetstream::Clock;
    testkit::log_contract!(Server::start(1, Clock::Event).await);
}
