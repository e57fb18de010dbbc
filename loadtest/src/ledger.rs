//! What was sent, and what the server said of it.

use std::time::Duration;

use anyhow::Result;

use crate::client::Fate;
use crate::latency::Latency;
use crate::series::{Tally, Track};

/// What became of a request.
#[derive(Clone, Debug)]
pub struct RequestFate {
    /// Its number in its stream.
    pub number: u64,
    /// When it was sent, from the start of the run,
    pub sent: Duration,
    /// and when it was answered.
    pub answered: Duration,
    /// What became of each event.
    pub fates: Box<[Fate]>,
}

/// Everything that was sent.
#[derive(Debug)]
pub struct Ledger {
    /// Requests of each stream, in the order of their answers.
    pub requests: Vec<Vec<RequestFate>>,
    /// Events due, accepted, refused, of unknown fate, skipped.
    pub due: Tally,
    /// Durable in the log.
    pub accepted: Tally,
    /// Not taken.
    pub refused: Tally,
    /// Nobody knows.
    pub unknown: Tally,
    /// Never sent, since too much was under way.
    pub skipped: Tally,
    /// From the intended start of a request to its answer.
    pub response: Track,
    /// From its real start to its answer.
    pub service: Latency,
    /// From its intended to its real start: the tool's own delay.
    pub lag: Latency,
    /// Why the first event that was not taken was not.
    pub first_reason: Option<String>,
    measured_from: Duration,
}

impl Ledger {
    /// Nothing sent yet.
    pub fn new(streams: usize, measured_from: Duration) -> Result<Self> {
        Ok(Self {
            requests: vec![Vec::new(); streams],
            due: Tally::default(),
            accepted: Tally::default(),
            refused: Tally::default(),
            unknown: Tally::default(),
            skipped: Tally::default(),
            response: Track::new(measured_from)?,
            service: Latency::new()?,
            lag: Latency::new()?,
            first_reason: None,
            measured_from,
        })
    }

    /// Events were due at an instant of the run and too much was under way.
    pub fn skip(&mut self, intended: Duration, events: u64) {
        self.due.add(intended, events);
        self.skipped.add(intended, events);
    }

    /// A request that was due at an instant of the run was answered, or never will be.
    pub fn answer(
        &mut self,
        stream: usize,
        intended: Duration,
        request: RequestFate,
        why: Option<String>,
    ) {
        let RequestFate { sent, answered, .. } = request;
        self.due.add(intended, request.fates.len() as u64);
        let late = answered.saturating_sub(intended);
        self.response.record(intended, answered, late);
        if intended >= self.measured_from {
            self.service.record(answered.saturating_sub(sent));
            self.lag.record(sent.saturating_sub(intended));
        }
        for fate in &request.fates {
            match fate {
                Fate::Accepted(..) => self.accepted.add(answered, 1),
                Fate::Refused => self.refused.add(answered, 1),
                Fate::Unknown => self.unknown.add(answered, 1),
            }
        }
        if self.first_reason.is_none() {
            self.first_reason = why;
        }
        self.requests[stream].push(request);
    }
}
