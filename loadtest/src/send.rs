//! Batches of one kind of traffic at one rate, for benchmarks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Mutex;

use crate::arrivals::{Arrivals, Rate, Spacing};
use crate::client;
use crate::drive::{Due, InFlight, open_loop, saturated};
use crate::latency::{Latency, Summary};
use crate::traffic::{Naming, Traffic};

/// What to send, and how.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server's address, as in `http://127.0.0.1:8080`.
    pub url: String,
    /// The API key; never reported.
    pub key: String,
    /// How events and players are called.
    pub naming: Naming,
    /// Events a second; 0: as fast as the in-flight limit lets (then latencies say nothing about a real arrival pattern).
    pub rate: u64,
    /// Events a request.
    pub batch: usize,
    /// For how long.
    pub duration: Duration,
    /// Requests under way at once; a batch that is due beyond that is skipped and counted.
    pub max_in_flight: usize,
    /// When a request is answered.
    pub answer: Answer,
    /// When the events occur; `None`: now.
    pub occurred_at: Option<String>,
}

/// When a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Once its events are durable.
    Durable,
    /// Once they are folded.
    Applied,
}

impl Answer {
    fn query(self) -> &'static str {
        match self {
            Self::Durable => "",
            Self::Applied => "?wait=applied",
        }
    }

    /// The status of an event, as an answer has it.
    fn status(self) -> &'static [u8] {
        match self {
            Self::Durable => b"\"accepted\"",
            Self::Applied => b"\"applied\"",
        }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Events answered as accepted (durable) or, where that was asked for, as applied.
    pub accepted: u64,
    /// Events in requests that failed or were refused.
    pub failed: u64,
    /// Events that were due and not sent, since too many requests were under way.
    pub skipped: u64,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// From the intended start of a request to its answer.
    pub response: Summary,
}

struct Shared {
    client: reqwest::Client,
    url: String,
    key: String,
    answer: Answer,
    batch: u64,
    accepted: AtomicU64,
    failed: AtomicU64,
    response: Mutex<Latency>,
}

/// Runs the load.
pub async fn run(load: &Load, traffic: &mut Traffic) -> Result<Sent> {
    let shared = Arc::new(Shared {
        client: client::http(load.max_in_flight)?,
        url: format!("{}/v1/events{}", load.url, load.answer.query()),
        key: load.key.clone(),
        answer: load.answer,
        batch: load.batch as u64,
        accepted: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        response: Mutex::new(Latency::new()?),
    });
    let in_flight = InFlight::at_most(load.max_in_flight);
    let (started, mut skipped) = (Instant::now(), 0u64);
    let mut body = || {
        let due_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let now = || jiff::Timestamp::now().to_string();
        let at = load.occurred_at.clone().unwrap_or_else(now);
        traffic.batch(load.batch, due_us, &load.naming, &at)
    };
    if load.rate == 0 {
        saturated(load.duration, &in_flight, || {
            Arc::clone(&shared).post(body(), Instant::now())
        })
        .await?;
    } else {
        let rate = Rate::Constant {
            rate: load.rate as f64,
        };
        let arrivals = Arrivals::new(&rate, Spacing::Even, load.batch, load.duration, 0);
        open_loop(
            started,
            arrivals.map(|due| (due, ())),
            &in_flight,
            |due| match due {
                Due::Start((), intended) => Some(Arc::clone(&shared).post(body(), intended)),
                Due::Skip(()) => {
                    skipped += load.batch as u64;
                    None
                }
            },
        )
        .await;
    }
    let response = shared.response.lock().await.summary();
    Ok(Sent {
        accepted: shared.accepted.load(Ordering::Relaxed),
        failed: shared.failed.load(Ordering::Relaxed),
        skipped,
        seconds: started.elapsed().as_secs_f64(),
        response,
    })
}

impl Shared {
    async fn post(self: Arc<Self>, body: String, intended: Instant) {
        let answer = client::post(&self.client, &self.url, &self.key, body).await;
        self.response.lock().await.record(intended.elapsed());
        let accepted = match answer {
            // The generator shares the machine: counting the word is all it affords.
            Some((status, bytes)) if status.is_success() => bytes
                .windows(self.answer.status().len())
                .filter(|window| *window == self.answer.status())
                .count() as u64,
            _ => 0,
        };
        self.accepted.fetch_add(accepted, Ordering::Relaxed);
        let failed = self.batch.saturating_sub(accepted);
        self.failed.fetch_add(failed, Ordering::Relaxed);
    }
}
