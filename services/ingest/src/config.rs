//! What an operator can set.

use std::time::Duration;

use events::Clock;

/// Limits and times of the service.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Who says the recorded time of an event.
    pub clock: Clock,
    /// The most bytes of a request's body.
    pub body_bytes_max: usize,
    /// The most events of a request.
    pub batch_events_max: usize,
    /// The most bytes of bodies and records held at once, over all requests. Beyond it, intake is refused for a while.
    pub in_flight_bytes_max: usize,
    /// How long a client may take for a request's head, and again for its body: a second or more.
    pub read_timeout: Duration,
    /// How long `wait=applied` waits before it answers `accepted`.
    pub wait_timeout: Duration,
    /// How long the answer to a publication waits until it is in effect in every partition here.
    pub publish_timeout: Duration,
    /// How long open requests may take to end when the service stops.
    pub drain_timeout: Duration,
    /// Events a second that one key may send, with a burst of as many; `None`: unlimited.
    pub events_per_second: Option<u32>,
    /// The most connections at once, for each HTTP worker.
    pub connections_max: usize,
    /// HTTP worker threads.
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clock: Clock::Log,
            body_bytes_max: 1 << 20,
            batch_events_max: 1_000,
            in_flight_bytes_max: 64 << 20,
            read_timeout: Duration::from_secs(10),
            wait_timeout: Duration::from_secs(10),
            publish_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(10),
            events_per_second: None,
            connections_max: 10_000,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}
