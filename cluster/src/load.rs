//! A constant load through both ingest nodes, each with players of its own, so that a player's events go one way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::nodes::Cluster;

/// Between two batches of a node.
const STEP: Duration = Duration::from_millis(50);
/// The most events of one request: what a node that was down has to catch up with goes in several.
const BATCH_MAX: u64 = 500;
/// Before what was not accepted is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long one event is tried.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// Events a second.
    pub(crate) rate: u32,
    /// Players, over both nodes.
    pub(crate) players: u32,
}

/// What was accepted.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    /// The ids, as they were accepted, and when.
    pub(crate) events: Vec<(String, Instant)>,
    /// Requests that had to be sent again.
    pub(crate) retried: u64,
}

/// A load that runs.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    accepted: Arc<AtomicU64>,
    senders: Vec<JoinHandle<Result<Accepted>>>,
}

impl Load {
    /// Begins to send.
    pub(crate) fn start(cluster: &Cluster, run: u32, traffic: Traffic) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let nodes = cluster.ingest.len() as u32;
        let accepted = Arc::default();
        let senders = (0..nodes).map(|node| {
            let sender = Sender {
                client: reqwest::Client::new(),
                url: format!("{}/v1/events", cluster.http(node as usize)?),
                key: cluster.key.clone(),
                name: format!("{run}-{node}"),
                rate: (traffic.rate / nodes).into(),
                players: (traffic.players / nodes).max(1),
                accepted: Arc::clone(&accepted),
                stopped: stopped.clone(),
            };
            Ok(tokio::spawn(sender.run()))
        });
        Ok(Self {
            senders: senders.collect::<Result<_>>()?,
            stop,
            accepted,
        })
    }

    /// How many events were accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Stops sending; what was accepted of all that was sent.
    pub(crate) async fn stop(self) -> Result<Accepted> {
        self.stop.send_replace(true);
        let mut all = Accepted::default();
        for sender in self.senders {
            let accepted = sender.await??;
            all.events.extend(accepted.events);
            all.retried += accepted.retried;
        }
        Ok(all)
    }
}

struct Sender {
    client: reqwest::Client,
    url: String,
    key: String,
    name: String,
    /// Events a second.
    rate: u64,
    players: u32,
    accepted: Arc<AtomicU64>,
    stopped: watch::Receiver<bool>,
}

impl Sender {
    /// Sends what is due, a batch at a time, each until all of it is accepted: so no event overtakes another of its player.
    async fn run(self) -> Result<Accepted> {
        let mut accepted = Accepted::default();
        let began = Instant::now();
        let mut sent = 0;
        while !*self.stopped.borrow() {
            let due = self.rate * began.elapsed().as_millis() as u64 / 1_000;
            let batch = (due - sent).min(BATCH_MAX);
            if batch > 0 {
                let numbers: Vec<u64> = (sent..sent + batch).collect();
                accepted.retried += self.send(&numbers).await?;
                let now = Instant::now();
                let ids = numbers.iter().map(|number| (self.id(*number), now));
                accepted.events.extend(ids);
                sent += batch;
                self.accepted.fetch_add(batch, Ordering::Relaxed);
            }
            if sent + BATCH_MAX > due {
                sleep_until(Instant::now() + STEP).await;
            }
        }
        Ok(accepted)
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.name)
    }

    /// Sends until everything is accepted; how often again.
    async fn send(&self, numbers: &[u64]) -> Result<u64> {
        let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let at = format!(
            "{}",
            jiff::Timestamp::from_second(at.as_secs().cast_signed())?
        );
        let event = |number: &u64| {
            json!({
                "id": self.id(*number), "type": "order", "occurred_at": at, "amount": "1.00", "currency": "GBP",
                "player": format!("{}-p{}", self.name, number % u64::from(self.players)),
            })
        };
        let body = json!({ "events": numbers.iter().map(event).collect::<Vec<_>>() });
        let since = Instant::now();
        let mut again = 0;
        while let Err(why) = self.once(body.to_string()).await {
            if since.elapsed() > PATIENCE {
                return Err(why.context("an ingest node takes nothing"));
            }
            again += 1;
            sleep(AGAIN).await;
        }
        Ok(again)
    }

    async fn once(&self, body: String) -> Result<()> {
        let request = self.client.post(&self.url).bearer_auth(&self.key);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body).send().await?.error_for_status()?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let results = answer["results"].as_array().context("no results")?;
        let refused = results.iter().find(|one| one["status"] != "accepted");
        match refused {
            Some(refused) => anyhow::bail!("{refused}"),
            None => Ok(()),
        }
    }
}
