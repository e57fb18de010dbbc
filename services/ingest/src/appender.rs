//! Appends records, packed: one batch at a time in each partition.
//!
//! While a batch of a partition is on its way, what comes waits and goes together next, so a slow log makes larger batches and not more of
//! them, and what one caller hands over in order stands in order. Nobody who stops waiting stops a batch.
//!
//! One task serves all partitions: what a request hands over for several of them reaches the log together, and whoever waits for it is
//! woken once, when all of it is decided.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::stream::{FuturesUnordered, StreamExt};
use ports::{AppendError, Entry, EventLog};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use types::{Partition, Position};

use crate::budget::Share;
use crate::metrics;

/// The most records of one log message, unless a single request brings more.
const RECORDS_MAX: usize = 1_024;
/// The most bytes of one log message, unless a single request brings more.
const BYTES_MAX: usize = 1 << 20;

/// Where each of some entries of one partition stands, or why they don't.
pub(crate) type Outcome = Result<Position, Arc<AppendError>>;

/// A request's entries of one partition.
struct Job {
    entries: Vec<Entry>,
    bytes: usize,
    /// Which of the request's batches they are.
    index: usize,
    request: Arc<Waiting>,
}

/// What becomes of a request's batches. Whoever lets go of it last answers the request.
struct Waiting {
    /// Held until the last entry is durable, whether or not anybody waits.
    share: Option<Share>,
    /// One for each batch; `None`: not known yet.
    outcomes: Mutex<Vec<Option<Outcome>>>,
    answer: Option<oneshot::Sender<Vec<Option<Outcome>>>>,
}

impl Waiting {
    fn set(&self, index: usize, outcome: Outcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = outcomes.get_mut(index) {
            *place = Some(outcome);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.share.take());
        let outcomes = self.outcomes.get_mut();
        let outcomes = std::mem::take(outcomes.unwrap_or_else(PoisonError::into_inner));
        if let Some(answer) = self.answer.take() {
            // The caller may have gone.
            drop(answer.send(outcomes));
        }
    }
}

/// Hands entries to the partitions.
#[derive(Clone)]
pub(crate) struct Appender {
    partitions: Arc<[mpsc::UnboundedSender<Job>]>,
}

impl Appender {
    /// Starts the task in `tasks`; it ends when the last appender is dropped and everything handed over is done.
    pub(crate) fn start(log: &Arc<dyn EventLog>, tasks: &mut JoinSet<()>) -> Self {
        let pumps = FuturesUnordered::new();
        let partitions = (0..log.partitions()).map(|partition| {
            // Bounded by the budget, of which every request holds its share.
            let (sender, jobs) = mpsc::unbounded_channel();
            pumps.push(pump(log.clone(), Partition(partition), jobs));
            sender
        });
        let partitions = partitions.collect();
        tasks.spawn(pumps.collect::<()>());
        Self { partitions }
    }

    pub(crate) fn partitions(&self) -> u16 {
        // As many as the log has, which counts them in a u16.
        self.partitions.len() as u16
    }

    /// Appends the entries of each partition, all partitions at once; answers in the same order when every one of them is durable or has
    /// failed.
    pub(crate) async fn append(
        &self,
        batches: Vec<(Partition, Vec<Entry>)>,
        share: Share,
    ) -> Vec<Outcome> {
        let (answer, answered) = oneshot::channel();
        let count = batches.len();
        let request = Arc::new(Waiting {
            share: Some(share),
            outcomes: Mutex::new(vec![None; count]),
            answer: Some(answer),
        });
        // All are handed over before anything is awaited: callers of one order stay in it in every partition.
        for (index, (partition, entries)) in batches.into_iter().enumerate() {
            let job = Job {
                bytes: entries.iter().map(|entry| entry.body.len()).sum(),
                entries,
                index,
                request: Arc::clone(&request),
            };
            if self.partitions[usize::from(partition.0)].send(job).is_err() {
                let gone = AppendError::Unavailable("the service stops".to_owned());
                request.set(index, Err(Arc::new(gone)));
            }
        }
        drop(request);
        let mut outcomes = answered.await.unwrap_or_default();
        outcomes.resize(count, None);
        let lost = || Arc::new(AppendError::Unknown("the batch was lost".to_owned()));
        let outcomes = outcomes.into_iter();
        outcomes
            .map(|outcome| outcome.unwrap_or_else(|| Err(lost())))
            .collect()
    }
}

async fn pump(
    log: Arc<dyn EventLog>,
    partition: Partition,
    mut jobs: mpsc::UnboundedReceiver<Job>,
) {
    let mut left_over = None;
    loop {
        let first = match left_over.take() {
            Some(job) => job,
            None => match jobs.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let (packed, next) = pack(first, &mut jobs);
        left_over = next;
        append(log.as_ref(), partition, packed).await;
    }
}

/// Everything that waits, up to the size of a message; and the job that did not fit.
fn pack(first: Job, jobs: &mut mpsc::UnboundedReceiver<Job>) -> (Vec<Job>, Option<Job>) {
    let (mut records, mut bytes) = (first.entries.len(), first.bytes);
    let mut packed = vec![first];
    while let Ok(job) = jobs.try_recv() {
        records += job.entries.len();
        bytes += job.bytes;
        if records > RECORDS_MAX || bytes > BYTES_MAX {
            return (packed, Some(job));
        }
        packed.push(job);
    }
    (packed, None)
}

async fn append(log: &dyn EventLog, partition: Partition, jobs: Vec<Job>) {
    let mut entries = Vec::with_capacity(jobs.iter().map(|job| job.entries.len()).sum());
    let mut waiting = Vec::with_capacity(jobs.len());
    for job in jobs {
        waiting.push((job.entries.len(), job.index, job.request));
        entries.extend(job.entries);
    }
    let (count, started) = (entries.len(), Instant::now());
    let appended = log.append(partition, entries).await.map_err(Arc::new);
    match &appended {
        Ok(_) => metrics::appended(count, started.elapsed()),
        Err(error) => {
            metrics::append_failed();
            tracing::warn!(%partition, records = count, %error, "a batch was not appended");
        }
    }
    let mut offset = 0u32;
    for (length, index, request) in waiting {
        let outcome = appended
            .as_ref()
            .map_err(Arc::clone)
            .map(|appended| Position {
                sequence: appended.first.sequence,
                index: appended.first.index + offset,
            });
        offset += u32::try_from(length).unwrap_or(u32::MAX);
        request.set(index, outcome);
    }
}
