//! How long nothing reached the gateway.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How often the gateway is asked how much it has.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Watches a gateway. A gateway that does not answer has nothing new.
pub(super) struct Watch {
    longest: Arc<Mutex<Duration>>,
    task: JoinHandle<()>,
}

impl Watch {
    pub(super) fn start(gateway: String) -> Self {
        let longest = Arc::new(Mutex::new(Duration::ZERO));
        let shared = Arc::clone(&longest);
        let task = tokio::spawn(async move {
            let (mut last, mut since) = (0, Instant::now());
            loop {
                if let Ok(now) = held(&gateway).await
                    && now > last
                {
                    let silence = since.elapsed();
                    (last, since) = (now, Instant::now());
                    let mut longest = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    *longest = silence.max(*longest);
                }
                sleep(LOOK).await;
            }
        });
        Self { longest, task }
    }

    /// The longest silence between two arrivals.
    pub(super) fn stop(self) -> Duration {
        self.task.abort();
        *self.longest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many emissions a gateway holds.
pub(super) async fn held(gateway: &str) -> Result<u64> {
    let url = format!("{gateway}/v1/emissions?page_size=1");
    let answer = reqwest::get(url).await?.error_for_status()?;
    let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
    let held = answer["totals"]["distinct"].as_u64();
    held.context("a gateway without totals")
}
