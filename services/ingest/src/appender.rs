//! Appends records, packed: one batch at a time in each partition.
//!
//! A partition has one task. While a batch of it is on its way, what comes waits and goes together next, so a slow log makes larger
//! batches and not more of them, and what one caller hands over in order stands in order. Nobody who stops waiting stops a batch.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
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

struct Job {
    entries: Vec<Entry>,
    bytes: usize,
    done: oneshot::Sender<Outcome>,
    /// Held until the entries are durable, whether or not anybody waits.
    _share: Arc<Share>,
}

/// Hands entries to the partitions' tasks.
#[derive(Clone)]
pub(crate) struct Appender {
    partitions: Arc<[mpsc::UnboundedSender<Job>]>,
}

impl Appender {
    /// One task a partition, in `tasks`; they end when the last appender is dropped and everything handed over is done.
    pub(crate) fn start(log: &Arc<dyn EventLog>, tasks: &mut JoinSet<()>) -> Self {
        let partitions = (0..log.partitions()).map(|partition| {
            // Bounded by the budget, of which every job holds its share.
            let (sender, jobs) = mpsc::unbounded_channel();
            tasks.spawn(pump(log.clone(), Partition(partition), jobs));
            sender
        });
        Self {
            partitions: partitions.collect(),
        }
    }

    pub(crate) fn partitions(&self) -> u16 {
        // As many as the log has, which counts them in a u16.
        self.partitions.len() as u16
    }

    /// Appends the entries of each partition, all partitions at once; answers when every one of them is durable or has failed.
    pub(crate) async fn append(
        &self,
        batches: Vec<(Partition, Vec<Entry>)>,
        share: Share,
    ) -> HashMap<Partition, Outcome> {
        let share = Arc::new(share);
        let waiting = batches.into_iter().map(|(partition, entries)| {
            let (done, outcome) = oneshot::channel();
            let job = Job {
                bytes: entries.iter().map(|entry| entry.body.len()).sum(),
                entries,
                done,
                _share: share.clone(),
            };
            // A task that is gone drops the job, and with it `done`.
            let handed = self.partitions[usize::from(partition.0)].send(job).is_ok();
            async move {
                let gone = || Arc::new(AppendError::Unavailable("the service stops".to_owned()));
                let lost = || Arc::new(AppendError::Unknown("the batch was lost".to_owned()));
                let outcome = match handed {
                    true => outcome.await.unwrap_or_else(|_| Err(lost())),
                    false => Err(gone()),
                };
                (partition, outcome)
            }
        });
        // All jobs are handed over before the first is awaited: callers of one order stay in it in every partition.
        let waiting: Vec<_> = waiting.collect();
        join_all(waiting).await.into_iter().collect()
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
        waiting.push((job.entries.len(), job.done, job._share));
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
    for (length, done, _share) in waiting {
        let outcome = appended
            .as_ref()
            .map_err(Arc::clone)
            .map(|appended| Position {
                sequence: appended.first.sequence,
                index: appended.first.index + offset,
            });
        offset += u32::try_from(length).unwrap_or(u32::MAX);
        // The caller may have gone.
        drop(done.send(outcome));
    }
}
