//! Threads for partitions: an arbiter each, so that a partition's pump, players and relays share one.

use futures::future::join_all;
use ports::EventLog;
use tokio::sync::{mpsc, oneshot, watch};
use types::Partition as PartitionId;

use crate::config::{EngineConfig, Threads};
use crate::context::Ports;
use crate::error::EngineError;
use crate::partition::Partition;
use crate::query::Command;
use crate::takeover::{self, Taken};

/// One partition to run, with both ends of what connects it to the handle.
pub(crate) struct Job {
    pub(crate) partition: PartitionId,
    pub(crate) commands: mpsc::Receiver<Command>,
    /// Told once the partition is taken over, or why it was not.
    pub(crate) ready: oneshot::Sender<Result<(), EngineError>>,
    /// Told why it stopped, where it was not asked to.
    pub(crate) failure: watch::Sender<Option<EngineError>>,
}

/// Runs the jobs, spread over the threads. What it gives ends when all of a thread's partitions have ended and let go of the ports.
pub(crate) fn spread(
    config: &EngineConfig,
    ports: &Ports,
    jobs: Vec<Job>,
) -> Result<Vec<oneshot::Receiver<()>>, EngineError> {
    let threads = match config.threads {
        Threads::Current => {
            let (done, ended) = oneshot::channel();
            let run = run_all(config.clone(), ports.clone(), jobs);
            tokio::task::spawn_local(async move {
                run.await;
                drop(done);
            });
            return Ok(vec![ended]);
        }
        Threads::Own(threads) => threads.clamp(1, jobs.len().max(1)),
    };
    let mut shares: Vec<Vec<Job>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, job) in jobs.into_iter().enumerate() {
        shares[index % threads].push(job);
    }
    let mut ends = Vec::with_capacity(threads);
    for (index, share) in shares.into_iter().enumerate() {
        let (done, ended) = oneshot::channel::<()>();
        let (config, ports) = (config.clone(), ports.clone());
        std::thread::Builder::new()
            .name(format!("partitions-{index}"))
            .spawn(move || {
                actix_rt::System::new().block_on(run_all(config, ports, share));
                drop(done);
            })
            .map_err(|error| EngineError::Thread(error.to_string()))?;
        ends.push(ended);
    }
    Ok(ends)
}

async fn run_all(config: EngineConfig, ports: Ports, jobs: Vec<Job>) {
    join_all(jobs.into_iter().map(|job| run(&config, &ports, job))).await;
}

async fn run(config: &EngineConfig, ports: &Ports, job: Job) {
    let taken = match takeover::take(job.partition, config, ports, None).await {
        Ok(taken) => taken,
        Err(error) => {
            // The starter hears of it, or has gone.
            drop(job.ready.send(Err(error)));
            return;
        }
    };
    if job.ready.send(Ok(())).is_err() {
        return;
    }
    let tenures = tenures(config, ports, job.partition, job.commands, taken);
    if let Err(error) = tenures.await {
        tracing::error!(partition = %job.partition, %error, "partition stopped");
        job.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            failure.get_or_insert(error);
            first
        });
    }
}

/// Runs a tenure, and another one where the log turns out to be an older copy in spite of its rungs: after that no state is ahead of
/// it. And another one where the log broke under its reader, unless the one before broke at the same place: a takeover did not help.
async fn tenures(
    config: &EngineConfig,
    ports: &Ports,
    partition: PartitionId,
    mut commands: mpsc::Receiver<Command>,
    mut taken: Taken,
) -> Result<(), EngineError> {
    let partitions = usize::from(ports.log.partitions().max(1));
    let mut again = false;
    let mut broke = None;
    loop {
        // An own task, so that partitions on one thread are polled apart.
        let running = tokio::task::spawn_local(Partition::new(taken, partitions).run(commands));
        let (given_back, ended) = running
            .await
            .map_err(|error| EngineError::Thread(error.to_string()))?;
        match ended {
            Err(EngineError::OtherLog { kept, .. }) if !again => {
                again = true;
                commands = given_back;
                taken = takeover::take(partition, config, ports, Some(kept)).await?;
            }
            Err(EngineError::LogBroken { after, why, .. })
                if broke != Some((after, ports.log.incarnation())) =>
            {
                tracing::error!(%partition, %after, why, "the log is compared with what was folded");
                broke = Some((after, ports.log.incarnation()));
                commands = given_back;
                taken = takeover::take(partition, config, ports, None).await?;
            }
            ended => return ended,
        }
    }
}

/// Which partition a player's records are in.
pub(crate) fn partition_of(log: &dyn EventLog, entity: &ports::Entity) -> PartitionId {
    events::partition_of(&entity.brand, &entity.player, log.partitions())
}
