//! Makes the calls: so many at a time, again while the outcome is unknown, and where they were left after a restart.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use inbox::{Error, Inbox};
use telemetry::{names, trace};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::backoff::Backoff;
use crate::grants::{Grants, Note};
use crate::operator::{Attempt, Operator, OperatorConfig};

/// Calls held in memory, waiting ones included. Others wait in the table.
const HELD: usize = 100_000;
/// Calls read from the table at a time.
const PAGE: usize = 1_000;

/// A call to be made: when, which, and how often it was tried. The earliest first.
type Due = Reverse<(Instant, u64, u32)>;

pub(crate) struct Worker {
    inbox: Inbox<Grants>,
    operator: Arc<Operator>,
    concurrency: usize,
    backoff: Backoff,
    shutdown: CancellationToken,
    /// The last call that was read from the table.
    read: Option<u64>,
    waiting: BinaryHeap<Due>,
    running: JoinSet<Ended>,
}

/// An attempt that ended.
struct Ended {
    record: u64,
    attempts: u32,
    /// Whether the outcome is known and noted.
    settled: bool,
}

impl Worker {
    pub(crate) fn new(
        inbox: Inbox<Grants>,
        operator: Operator,
        config: &OperatorConfig,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            inbox,
            operator: Arc::new(operator),
            concurrency: config.concurrency.max(1),
            backoff: config.backoff,
            shutdown,
            read: None,
            waiting: BinaryHeap::new(),
            running: JoinSet::new(),
        }
    }

    /// Runs until shut down, or until the inbox stops. Calls that run then are cut: they are made again after the next start.
    pub(crate) async fn run(mut self) {
        let changed = Arc::clone(&self.inbox.projection().changed);
        let pending = metrics::gauge!(names::BONUS_PENDING);
        let mut more = true;
        loop {
            if more {
                more = match self.fill().await {
                    Ok(more) => more,
                    Err(error) => return tracing::error!(%error, "no more calls are made"),
                };
            }
            self.start();
            let held = self.waiting.len() + self.running.len();
            pending.set(held as f64);
            let free = self.running.len() < self.concurrency;
            let next = self.waiting.peek().filter(|_| free).map(|due| due.0.0);
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = changed.notified() => more = true,
                Some(ended) = self.running.join_next() => self.ended(ended),
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
                // Room again for what waits in the table.
                () = std::future::ready(()), if more && held < HELD => {}
            }
        }
    }

    /// Reads calls that are not held yet; says whether there are more.
    async fn fill(&mut self) -> Result<bool, Error> {
        let held = self.waiting.len() + self.running.len();
        let room = HELD.saturating_sub(held).min(PAGE);
        if room == 0 {
            return Ok(true);
        }
        let after = self.read;
        let page = self
            .inbox
            .read(move |grants, reader| grants.calls(reader, after, room));
        let (records, more) = page.await?;
        let now = Instant::now();
        self.read = records.last().copied().or(self.read);
        self.waiting
            .extend(records.into_iter().map(|record| Reverse((now, record, 0))));
        Ok(more)
    }

    /// Starts what is due, as far as there is room.
    fn start(&mut self) {
        let now = Instant::now();
        while self.running.len() < self.concurrency
            && let Some(Reverse((due, record, attempts))) = self.waiting.peek().copied()
            && due <= now
        {
            self.waiting.pop();
            let (inbox, operator) = (self.inbox.clone(), Arc::clone(&self.operator));
            self.running.spawn(async move {
                let settled = attempt(&inbox, &operator, record, attempts).await;
                Ended {
                    record,
                    attempts: attempts.saturating_add(1),
                    // The inbox has stopped: so does the worker, at its next look.
                    settled: settled.unwrap_or(false),
                }
            });
        }
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(ended) if ended.settled => {}
            Ok(Ended {
                record, attempts, ..
            }) => {
                let wait = self.backoff.delay(record, attempts - 1);
                self.waiting
                    .push(Reverse((Instant::now() + wait, record, attempts)));
            }
            Err(error) => {
                tracing::error!(%error, "a call ended badly: it is made again at the next start")
            }
        }
    }
}

/// Makes one call; says whether its outcome is known and durable.
async fn attempt(
    inbox: &Inbox<Grants>,
    operator: &Operator,
    record: u64,
    attempts: u32,
) -> Result<bool, Error> {
    let grant = inbox.read(move |grants, reader| grants.of_call(reader, record));
    let Some(grant) = grant.await? else {
        return Ok(true);
    };
    let Some(call) = grant.call.clone() else {
        return Ok(true);
    };
    // A part of the trace of the request that caused the grant.
    let span = tracing::info_span!("operator_call", key = call.key, attempts);
    trace::adopt(&span, &grant.traceparent);
    match operator.call(&grant, &call).instrument(span.clone()).await {
        Attempt::Unknown(reason) => {
            let again = || tracing::warn!(reason, "outcome unknown: asked again with the same key");
            span.in_scope(again);
            Ok(false)
        }
        Attempt::Known(outcome) => {
            let note = Note::Answered {
                brand: grant.brand,
                player: grant.player,
                grant_id: grant.grant_id,
                call,
                outcome,
            };
            let note = serde_json::to_vec(&note).map_err(|_| Error::Unreadable("note"))?;
            inbox.note(note).await?;
            Ok(true)
        }
    }
}
