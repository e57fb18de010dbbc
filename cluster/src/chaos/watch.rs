//! What reaches the gateway, and when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::load::Accepted;

/// How often the gateway is asked what it has: so exact are the times.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Follows a gateway's list. A gateway that does not answer has nothing new.
pub(super) struct Watch {
    arrivals: Arc<Mutex<Arrivals>>,
    task: JoinHandle<()>,
}

/// What has arrived of a run.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Events by id, each when its emission was first seen.
    events: HashMap<String, Instant>,
    /// When a player was last heard of, and the longest time before that in which it was not.
    players: HashMap<String, (Instant, Duration)>,
    last: Option<Instant>,
    longest: Duration,
}

impl Arrivals {
    fn arrive(&mut self, event: &str, player: &str, now: Instant) {
        if self.events.contains_key(event) {
            return;
        }
        self.events.insert(event.to_owned(), now);
        let (heard, longest) = self
            .players
            .entry(player.to_owned())
            .or_insert((now, Duration::ZERO));
        *longest = (now - *heard).max(*longest);
        *heard = now;
        self.longest = (now - self.last.unwrap_or(now)).max(self.longest);
        self.last = Some(now);
    }

    /// The longest time between two arrivals.
    pub(super) fn longest_silence(&self) -> Duration {
        self.longest
    }

    /// The longest time between two arrivals of one player.
    pub(super) fn players_silence(&self) -> Duration {
        let longest = self.players.values().map(|(_, longest)| *longest);
        longest.max().unwrap_or_default()
    }

    /// The longest time from accepted to arrived.
    pub(super) fn slowest(&self, accepted: &Accepted) -> Duration {
        let took = accepted.events.iter().filter_map(|(id, accepted)| {
            let arrived = self.events.get(id)?;
            Some(arrived.saturating_duration_since(*accepted))
        });
        took.max().unwrap_or_default()
    }
}

impl Watch {
    /// Follows what the gateway gets of this run.
    pub(super) fn start(gateway: String, run: u32) -> Self {
        let arrivals = Arc::new(Mutex::new(Arrivals::default()));
        let shared = Arc::clone(&arrivals);
        let task = tokio::spawn(async move {
            let of_run = format!("shop/{run}-");
            let (client, mut token, mut known) = (reqwest::Client::new(), String::new(), 0);
            loop {
                // Until the page is not full, then after a while again.
                if let Ok(page) = page(&client, &gateway, &token).await {
                    let emissions = page["emissions"].as_array().map_or(&[][..], |all| all);
                    note(&shared, &of_run, emissions.get(known..).unwrap_or_default());
                    known = emissions.len();
                    if let Some(next) = page["next_page_token"].as_str() {
                        (token, known) = (next.to_owned(), 0);
                        continue;
                    }
                }
                sleep(LOOK).await;
            }
        });
        Self { arrivals, task }
    }

    /// How many events of the run have arrived.
    pub(super) fn arrived(&self) -> usize {
        locked(&self.arrivals).events.len()
    }

    /// All that has arrived.
    pub(super) fn stop(self) -> Arrivals {
        self.task.abort();
        std::mem::take(&mut *locked(&self.arrivals))
    }
}

fn note(arrivals: &Mutex<Arrivals>, of_run: &str, emissions: &[Value]) {
    let (now, mut arrivals) = (Instant::now(), locked(arrivals));
    for emission in emissions {
        let body = &emission["body"];
        if let (Some(event), Some(player)) =
            (body["cause"]["event"].as_str(), body["player"].as_str())
            && event.starts_with(of_run)
            && let Some(id) = event.strip_prefix("shop/")
        {
            arrivals.arrive(id, player, now);
        }
    }
}

fn locked(arrivals: &Mutex<Arrivals>) -> MutexGuard<'_, Arrivals> {
    arrivals.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn page(client: &reqwest::Client, gateway: &str, token: &str) -> Result<Value> {
    let url = format!("{gateway}/v1/emissions?page_size=500&page_token={token}");
    let answer = client.get(url).send().await?.error_for_status()?;
    serde_json::from_slice(&answer.bytes().await?).context("a page that is not JSON")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Arrivals;
    use crate::load::Accepted;

    #[test]
    fn the_longest_times_are_those_between_first_arrivals() {
        let began = Instant::now();
        let after = |ms| began + Duration::from_millis(ms);
        let mut arrivals = Arrivals::default();
        for (event, player, ms) in [
            ("a", "ann", 0),
            ("b", "bob", 100),
            ("c", "ann", 700),
            ("c", "ann", 5_000),
            ("d", "bob", 900),
        ] {
            arrivals.arrive(event, player, after(ms));
        }
        assert_eq!(arrivals.longest_silence(), Duration::from_millis(600));
        assert_eq!(arrivals.players_silence(), Duration::from_millis(800));
        let accepted = Accepted {
            events: vec![("b".to_owned(), after(50)), ("d".to_owned(), after(300))],
            retried: 0,
        };
        assert_eq!(arrivals.slowest(&accepted), Duration::from_millis(600));
    }
}
