//! The requests of one stream, in order: what is sent, and, made again from the same seed, what was.

use std::time::Duration;

use proto::ingest::v1::PublishRequest;
use types::Timestamp;

use crate::arrivals::Arrivals;
use crate::client::Body;
use crate::population::Population;
use crate::scenario::{Occurred, Scenario, StreamText, Via};
use crate::traffic::{Made, Naming, Traffic, body};

/// What tells a run from others: its events and players are its own, so that every player begins anew.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// In the ids of events and players.
    pub id: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The wall clock at its start.
    pub started: Timestamp,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Counted from 0.
    pub number: u64,
    /// When it is due, from the run's start.
    pub due: Duration,
    /// When its events occur.
    pub occurred_at: Timestamp,
    /// Its events.
    pub events: Vec<Made>,
}

/// The requests of a stream.
#[derive(Debug)]
pub struct Stream {
    traffic: Traffic,
    arrivals: Arrivals,
    starts: Duration,
    batch: usize,
    /// Of how many events one is sent again; 0: none.
    repeat_each: u64,
    occurred: Option<Occurred>,
    run: Run,
    next: u64,
    /// How its events and players are called.
    pub naming: Naming,
    /// How it is sent.
    pub via: Via,
}

impl Stream {
    /// The stream with this index, from its start.
    pub fn new(scenario: &Scenario, index: usize, run: Run, source: &str) -> anyhow::Result<Self> {
        let text: &StreamText = &scenario.text.streams[index];
        let arriving = text.arriving(&scenario.text);
        // Streams of one seed differ, and so do arrivals and what arrives.
        let seed = run
            .seed
            .wrapping_mul(1_000_003)
            .wrapping_add(2 * index as u64);
        let population = Population::new(text.players, text.shape)?;
        let mut traffic = Traffic::new(population, text.mix.mix()?, seed);
        if let Some(sessions) = text.sessions {
            traffic = traffic.in_sessions(sessions.open as usize, sessions.events);
        }
        Ok(Self {
            traffic,
            arrivals: Arrivals::new(
                &text.rate,
                text.spacing,
                text.batch,
                arriving.lasts,
                seed + 1,
            ),
            starts: arriving.starts,
            batch: text.batch,
            repeat_each: if text.repeats > 0.0 {
                (1.0 / text.repeats).round() as u64
            } else {
                0
            },
            occurred: text.occurred,
            run,
            next: 0,
            naming: Naming::new(
                &format!("{:x}.{index}", run.id),
                &format!("{:x}.", run.id),
                Some(source),
            ),
            via: text.via,
        })
    }

    /// When events due then occur. Milliseconds, as most sources say it.
    fn occurred_at(&self, due: Duration) -> Timestamp {
        let (from, passed) = match self.occurred {
            None => (self.run.started, due),
            Some(occurred) => (occurred.from, due.mul_f64(occurred.speed)),
        };
        let millis = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        from.saturating_add_nanos(millis.saturating_mul(1_000_000))
    }
}

impl Iterator for Stream {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let due = self.starts + self.arrivals.next()?;
        let due_us = u64::try_from(due.as_micros()).unwrap_or(u64::MAX);
        let mut events: Vec<Made> = Vec::with_capacity(self.batch);
        while events.len() < self.batch {
            let made = self.traffic.event(due_us);
            events.push(made);
            let again =
                self.repeat_each > 0 && self.traffic.made().is_multiple_of(self.repeat_each);
            if again && events.len() < self.batch {
                events.push(made);
            }
        }
        let number = self.next;
        self.next += 1;
        Some(Request {
            number,
            due,
            occurred_at: self.occurred_at(due),
            events,
        })
    }
}

impl Request {
    /// As it is sent.
    pub fn body(&self, naming: &Naming, via: Via) -> Body {
        match via {
            Via::Http => Body::Json(body(&self.events, naming, &self.occurred_at.to_string())),
            Via::Grpc => {
                let at = jiff::Timestamp::from(self.occurred_at);
                let at = prost_types::Timestamp {
                    seconds: at.as_second(),
                    nanos: at.subsec_nanosecond(),
                };
                let events = self.events.iter();
                Body::Proto(PublishRequest {
                    events: events.map(|made| made.to_proto(naming, at)).collect(),
                    wait_applied: false,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Run, Stream};
    use crate::client::Body;
    use crate::scenario::Scenario;

    fn bytes(file: &str, seed: u64) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let scenario = Scenario::read(&folder.join(file)).unwrap();
        let run = Run {
            id: 7,
            seed,
            started: "2026-01-05T10:00:00Z".parse().unwrap(),
        };
        let mut sent = Vec::new();
        for index in 0..scenario.text.streams.len() {
            let stream = Stream::new(&scenario, index, run, "load").unwrap();
            let (naming, via) = (stream.naming.clone(), stream.via);
            let requests = stream.take(50);
            sent.extend(requests.map(|request| match request.body(&naming, via) {
                Body::Json(body) => format!("{:?} {body}", request.due),
                // The order of a map's entries is no part of a message.
                Body::Proto(_) => format!("{request:?}"),
            }));
        }
        sent
    }

    #[test]
    fn the_same_seed_sends_the_same_bytes_at_the_same_times() {
        for file in ["steady.toml", "kick_off.toml", "midnight.toml"] {
            let sent = bytes(file, 3);
            assert!(sent.len() >= 50);
            assert_eq!(sent, bytes(file, 3), "{file}");
            assert_ne!(sent, bytes(file, 4), "{file}");
        }
    }
}
