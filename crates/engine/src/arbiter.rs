//! Threads for partitions: an arbiter each, so that a partition's pump, players and relays share one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ports::EventLog;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use types::Partition as PartitionId;

use crate::config::{EngineConfig, Threads};
use crate::context::Ports;
use crate::error::EngineError;
use crate::job::{self, Job};

/// The engine's threads. They end when this is dropped and all that they were given has ended.
pub(crate) struct Arbiters(Vec<Arbiter>);

struct Arbiter {
    jobs: mpsc::UnboundedSender<Job>,
    /// Jobs given and not ended.
    load: Arc<AtomicUsize>,
    ended: oneshot::Receiver<()>,
}

/// Counts a job of a thread until it is dropped.
pub(crate) struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Arbiters {
    /// Starts them with nothing to do.
    pub(crate) fn start(config: &EngineConfig, ports: &Ports) -> Result<Self, EngineError> {
        let threads = match config.threads {
            Threads::Current => {
                let (arbiter, jobs, done) = Arbiter::new();
                let run = run_all(config.clone(), ports.clone(), jobs);
                tokio::task::spawn_local(async move {
                    run.await;
                    drop(done);
                });
                return Ok(Self(vec![arbiter]));
            }
            Threads::Own(threads) => threads.clamp(1, usize::from(ports.log.partitions()).max(1)),
        };
        let mut arbiters = Vec::with_capacity(threads);
        for index in 0..threads {
            let (arbiter, jobs, done) = Arbiter::new();
            let (config, ports) = (config.clone(), ports.clone());
            std::thread::Builder::new()
                .name(format!("partitions-{index}"))
                .spawn(move || {
                    actix_rt::System::new().block_on(run_all(config, ports, jobs));
                    drop(done);
                })
                .map_err(|error| EngineError::Thread(error.to_string()))?;
            arbiters.push(arbiter);
        }
        Ok(Self(arbiters))
    }

    /// Gives the job to the thread that has the fewest.
    pub(crate) fn give(&self, job: impl FnOnce(Load) -> Job) {
        let least = self
            .0
            .iter()
            .min_by_key(|arbiter| arbiter.load.load(Ordering::Relaxed));
        if let Some(arbiter) = least {
            arbiter.load.fetch_add(1, Ordering::Relaxed);
            let load = Load(Arc::clone(&arbiter.load));
            // A thread that is gone drops the job, which its giver sees.
            drop(arbiter.jobs.send(job(load)));
        }
    }

    /// Waits until all jobs have ended and let go of the ports.
    pub(crate) async fn end(self) {
        for Arbiter { jobs, ended, .. } in self.0 {
            drop(jobs);
            drop(ended.await);
        }
    }
}

impl Arbiter {
    fn new() -> (Self, mpsc::UnboundedReceiver<Job>, oneshot::Sender<()>) {
        let (sender, jobs) = mpsc::unbounded_channel();
        let (done, ended) = oneshot::channel();
        let arbiter = Self {
            jobs: sender,
            load: Arc::default(),
            ended,
        };
        (arbiter, jobs, done)
    }
}

async fn run_all(config: EngineConfig, ports: Ports, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut running = JoinSet::new();
    while let Some(job) = jobs.recv().await {
        while running.try_join_next().is_some() {}
        running.spawn_local(job::run(config.clone(), ports.clone(), job));
    }
    while running.join_next().await.is_some() {}
}

/// Which partition a player's records are in.
pub(crate) fn partition_of(log: &dyn EventLog, entity: &ports::Entity) -> PartitionId {
    events::partition_of(&entity.brand, &entity.player, log.partitions())
}
