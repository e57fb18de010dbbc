//! Sends the events of a feed, batch by batch.

use std::io;
use std::time::{Duration, Instant};

use types::Timestamp;

use super::batch::{Batch, EVENTS_MAX, recorded_at};
use super::progress_file::{ProgressFile, Reached};
use crate::client::{CallError, Client, EventResult};
use crate::console::Progress;
use crate::exit::Failure;
use crate::feed::{Feed, Item, RawEvent, Tally};

/// The first wait after a refusal that says no time; it doubles up to [`WAIT_MAX`].
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Sends a feed to a server.
pub(crate) struct Sender<'a> {
    /// The server.
    pub(crate) client: &'a Client,
    /// Where to go on from.
    pub(crate) progress_file: Option<ProgressFile>,
    /// Send no faster than this.
    pub(crate) events_per_second: Option<u32>,
    /// How long to go on trying while the server takes nothing.
    pub(crate) patience: Duration,
    /// On event time: end when everything is folded and delivered.
    pub(crate) wait: bool,
    /// Told each rejected event.
    pub(crate) on_rejected: &'a mut dyn FnMut(&RawEvent, &EventResult),
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Events that an earlier run had sent.
    pub(crate) resumed_at: u64,
    /// Events sent, by this run and the earlier ones.
    pub(crate) sent: u64,
    /// Those of them that are durable in the log.
    pub(crate) accepted: u64,
    /// Those of them that were rejected, by code.
    pub(crate) rejected: Tally,
    /// Lines that are no events, by reason.
    pub(crate) left_out: Tally,
    /// How long this run took.
    pub(crate) took: Duration,
}

impl Sender<'_> {
    /// Sends everything that an earlier run has not sent, then says the last recorded time where the server runs on event time.
    pub(crate) async fn send(
        mut self,
        feed: Feed<'_>,
        progress: &mut Progress,
    ) -> Result<Sent, Failure> {
        let started = Instant::now();
        let mut reached = self
            .progress_file
            .as_ref()
            .map_or_else(Reached::default, ProgressFile::read);
        let resumed_at = reached.sent;
        progress.start_at(resumed_at);
        let mut left_out = Tally::new();
        let mut batch = Batch::new(self.batch_max());
        let mut to_skip = resumed_at;
        for item in feed {
            let event = match item? {
                Item::Left(left) => {
                    *left_out.entry(left.reason).or_default() += 1;
                    continue;
                }
                Item::Event(_) if to_skip > 0 => {
                    to_skip -= 1;
                    continue;
                }
                Item::Event(event) => event,
            };
            if let Some(event) = batch.push(event) {
                self.flush(&mut batch, &mut reached, progress).await?;
                batch.push(event);
                self.hold_back(started, reached.sent - resumed_at).await;
            }
        }
        self.flush(&mut batch, &mut reached, progress).await?;
        if let Some(last) = reached.last() {
            self.tick(last, progress).await?;
        }
        if let Some(file) = &self.progress_file {
            file.remove();
        }
        Ok(Sent {
            resumed_at,
            sent: reached.sent,
            accepted: reached.accepted,
            rejected: reached.rejected,
            left_out,
            took: started.elapsed(),
        })
    }

    async fn flush(
        &mut self,
        batch: &mut Batch,
        reached: &mut Reached,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let batch = std::mem::replace(batch, Batch::new(self.batch_max()));
        let mut under_way = batch.clone();
        let mut pause = Pause::new(self.patience);
        while !under_way.events().is_empty() {
            let results = self.deliver(&under_way, progress).await?;
            let again = self.judge(&under_way, &results, reached)?;
            if !again.events().is_empty() {
                let why = format!(
                    "{} events of a batch are not durable yet",
                    again.events().len()
                );
                pause.wait(None, why, progress).await?;
            }
            under_way = again;
        }
        let sent = batch.events().len() as u64;
        reached.sent += sent;
        if let Some(file) = &self.progress_file {
            file.write(reached)
                .map_err(|why| Failure::failed(format!("{}: {why}", file.path().display())))?;
        }
        progress.add(sent);
        Ok(())
    }

    /// A tenth of a second's worth, so that a rate is held smoothly.
    fn batch_max(&self) -> usize {
        let tenth = |rate: u32| usize::try_from(rate / 10).unwrap_or(EVENTS_MAX);
        self.events_per_second.map_or(EVENTS_MAX, tenth)
    }

    /// Waits until so many events may have been sent.
    async fn hold_back(&self, started: Instant, sent: u64) {
        if let Some(rate) = self.events_per_second {
            let due = Duration::from_secs_f64(sent as f64 / f64::from(rate.max(1)));
            tokio::time::sleep_until((started + due).into()).await;
        }
    }

    /// Adopts what became of a batch; gives back what is to be sent again, in order.
    fn judge(
        &mut self,
        batch: &Batch,
        results: &[EventResult],
        reached: &mut Reached,
    ) -> Result<Batch, Failure> {
        if results.len() != batch.events().len() {
            let (given, asked) = (results.len(), batch.events().len());
            let why = format!("the server answered {given} results to {asked} events");
            return Err(Failure::failed(why));
        }
        let mut again = Batch::new(EVENTS_MAX);
        for (event, result) in batch.events().iter().zip(results) {
            match (result.status.as_str(), result.code.as_deref()) {
                // Its partition did not take it while others took theirs. Fits: it is part of a batch.
                ("rejected", Some("unavailable")) => drop(again.push(event.clone())),
                ("rejected", code) => {
                    let code = code.unwrap_or_default().to_owned();
                    *reached.rejected.entry(code).or_default() += 1;
                    (self.on_rejected)(event, result);
                }
                _ => {
                    reached.accepted += 1;
                    if let Some(at) = recorded_at(&event.json) {
                        reached.saw(at);
                    }
                }
            }
        }
        Ok(again)
    }

    async fn deliver(
        &self,
        batch: &Batch,
        progress: &Progress,
    ) -> Result<Vec<EventResult>, Failure> {
        let body = batch.body();
        let mut pause = Pause::new(self.patience);
        loop {
            match self.client.events(body.clone()).await {
                Ok(results) => return Ok(results),
                Err(CallError::Later { after, why }) => pause.wait(after, why, progress).await?,
                Err(refused) => return Err(Failure::failed(refused)),
            }
        }
    }

    async fn tick(&self, last: Timestamp, progress: &Progress) -> Result<(), Failure> {
        let mut pause = Pause::new(self.patience);
        loop {
            match self.client.tick(last, self.wait).await {
                Ok(()) => return Ok(()),
                Err(CallError::Later { after, why }) => pause.wait(after, why, progress).await?,
                // A server on its log's own clock takes no ticks from outside.
                Err(CallError::Refused { .. }) => return Ok(()),
            }
        }
    }
}

/// Waits between tries, and loses patience at last.
struct Pause {
    next: Duration,
    since: Instant,
    patience: Duration,
    said: bool,
}

impl Pause {
    fn new(patience: Duration) -> Self {
        Self {
            next: WAIT_FIRST,
            since: Instant::now(),
            patience,
            said: false,
        }
    }

    async fn wait(
        &mut self,
        after: Option<Duration>,
        why: String,
        progress: &Progress,
    ) -> Result<(), Failure> {
        if self.since.elapsed() >= self.patience {
            return Err(Failure::from(
                anyhow::Error::from(io::Error::other(why)).context(format!(
                    "no success for {} s; run it again to go on from here",
                    self.patience.as_secs()
                )),
            ));
        }
        if !std::mem::replace(&mut self.said, true) {
            progress.remark(format_args!("waiting for the server: {why}"));
        }
        tokio::time::sleep(after.unwrap_or(self.next).min(WAIT_MAX)).await;
        self.next = (self.next * 2).min(WAIT_MAX);
        Ok(())
    }
}
