//! Open-loop arrivals: batches start when they are due, whether or not earlier ones were answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::latency::{Latency, Summary};
use crate::traffic::Traffic;

/// What to send, and how.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Load {
    /// The server's address, as in `http://127.0.0.1:8080`.
    pub url: String,
    /// The API key; never reported.
    #[serde(skip)]
    pub key: String,
    /// Events a second; 0: as fast as the in-flight limit lets (then latencies say nothing about a real arrival pattern).
    pub rate: u64,
    /// Events a request.
    pub batch: usize,
    /// For how long.
    #[serde(skip)]
    pub duration: Duration,
    /// Requests under way at once; a batch that is due beyond that is skipped and counted.
    pub max_in_flight: usize,
    /// When a request is answered.
    pub answer: Answer,
    /// When the events occur; `None`: now.
    #[serde(skip)]
    pub occurred_at: Option<String>,
}

/// When a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
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

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    failed: AtomicU64,
}

/// Runs the load; `progress` is told the accepted events every now and then.
pub async fn run(load: &Load, traffic: &mut Traffic, progress: impl Fn(u64)) -> Result<Sent> {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(load.max_in_flight)
        .build()
        .context("HTTP client")?;
    let counts = Arc::new(Counts::default());
    let response = Arc::new(Mutex::new(Latency::new()?));
    let permits = Arc::new(Semaphore::new(load.max_in_flight));
    let (started, mut skipped, mut requests) = (Instant::now(), 0u64, JoinSet::new());
    for number in 0u64.. {
        let due = match load.rate {
            0 => started.elapsed(),
            rate => Duration::from_nanos(
                number
                    .saturating_mul(load.batch as u64)
                    .saturating_mul(1_000_000_000)
                    / rate,
            ),
        };
        if due >= load.duration {
            break;
        }
        tokio::time::sleep_until((started + due).into()).await;
        let permit = if load.rate == 0 {
            Some(Arc::clone(&permits).acquire_owned().await?)
        } else {
            Arc::clone(&permits).try_acquire_owned().ok()
        };
        let Some(permit) = permit else {
            skipped += load.batch as u64;
            continue;
        };
        let body = traffic.batch(load.batch, load.occurred_at.as_deref().unwrap_or(&now()));
        let (client, url, key) = (
            client.clone(),
            format!("{}/v1/events{}", load.url, load.answer.query()),
            load.key.clone(),
        );
        let (tally, response, events, answer) = (
            Arc::clone(&counts),
            Arc::clone(&response),
            load.batch as u64,
            load.answer,
        );
        let intended = if load.rate == 0 {
            Instant::now()
        } else {
            started + due
        };
        requests.spawn(async move {
            let accepted = post(&client, &url, &key, body, answer).await;
            response.lock().await.record(intended.elapsed());
            tally.accepted.fetch_add(accepted, Ordering::Relaxed);
            tally
                .failed
                .fetch_add(events.saturating_sub(accepted), Ordering::Relaxed);
            drop(permit);
        });
        while requests.try_join_next().is_some() {}
        if number % 64 == 0 {
            progress(counts.accepted.load(Ordering::Relaxed));
        }
    }
    while requests.join_next().await.is_some() {}
    let summary = response.lock().await.summary();
    Ok(Sent {
        accepted: counts.accepted.load(Ordering::Relaxed),
        failed: counts.failed.load(Ordering::Relaxed),
        skipped,
        seconds: started.elapsed().as_secs_f64(),
        response: summary,
    })
}

/// How many events the server accepted; a request that fails counts for none.
async fn post(client: &reqwest::Client, url: &str, key: &str, body: String, answer: Answer) -> u64 {
    let request = client
        .post(url)
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(body);
    match request.send().await {
        Ok(response) if response.status().is_success() => match response.bytes().await {
            // The generator shares the machine: counting the word is all it affords.
            Ok(bytes) => bytes
                .windows(answer.status().len())
                .filter(|window| *window == answer.status())
                .count() as u64,
            Err(_) => 0,
        },
        _ => 0,
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}
