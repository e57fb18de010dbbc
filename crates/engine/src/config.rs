//! What the engine is told at its start.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use people::People;
use ports::OwnerId;
use programme::model::Programme;
use types::{BrandId, Timestamp};

use crate::retain::Retention;

/// Each brand's programme.
#[derive(Clone, Debug, Default)]
pub struct Programmes(pub HashMap<BrandId, Arc<Programme>>);

impl Programmes {
    /// The brand's programme.
    pub fn get(&self, brand: &BrandId) -> Option<&Arc<Programme>> {
        self.0.get(brand)
    }
}

impl FromIterator<Programme> for Programmes {
    fn from_iter<I: IntoIterator<Item = Programme>>(programmes: I) -> Self {
        let by_brand = programmes
            .into_iter()
            .map(|programme| (programme.brand.clone(), Arc::new(programme)));
        Self(by_brand.collect())
    }
}

/// What "now" is for a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock, never before the partition's recorded time.
    Log,
    /// The partition's recorded time.
    Event,
}

/// On which threads partitions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// On so many threads of the engine's own, an arbiter each.
    Own(usize),
    /// On the thread that starts the engine, within its `LocalSet`: for simulation.
    Current,
}

impl Threads {
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Own(threads) => threads.max(1),
            Self::Current => 1,
        }
    }
}

/// When checkpoints are taken.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Fold time, measured, that a successor may have to spend again, over all partitions on as many threads.
    pub replay_budget: Duration,
    /// Dirty bytes of a partition at which a checkpoint starts, though memory has room for more; at twice as many the intake pauses.
    pub dirty_bytes: usize,
    /// Least time between two checkpoints of a partition.
    pub head_interval: Duration,
    /// Longest time that something unwritten waits, and least time between heads that change nothing but the cursor.
    pub idle_interval: Duration,
    /// How long a shutdown waits for the last checkpoint.
    pub shutdown: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            replay_budget: Duration::from_secs(5),
            dirty_bytes: 256 << 20,
            head_interval: Duration::from_secs(1),
            idle_interval: Duration::from_secs(60),
            shutdown: Duration::from_secs(15),
        }
    }
}

/// How the engine runs.
#[derive(Clone)]
pub struct EngineConfig {
    /// Who takes the partitions over: drawn anew for each start.
    pub owner: OwnerId,
    /// What "now" is for a view.
    pub clock: Clock,
    /// The wall clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// On which threads partitions run.
    pub threads: Threads,
    /// Bytes of player state kept in memory, over all partitions.
    pub memory_bytes: usize,
    /// Bytes of unacknowledged emissions kept in memory, over all partitions; more wait in the store.
    pub outbox_bytes: usize,
    /// Records read at once.
    pub chunk: usize,
    /// Records of a partition read and not yet folded: the credits of its pump.
    pub credits: usize,
    /// Emissions sent to a sink and not acknowledged, at most, for each partition.
    pub window: usize,
    /// When checkpoints are taken.
    pub pace: Pace,
    /// Who was erased, and keys of everybody else; `None`: nothing is sealed, and nobody erased.
    pub people: Option<Arc<People>>,
    /// How long the log keeps what nothing needs any more; absent: for ever.
    pub retention: Option<Retention>,
}

impl EngineConfig {
    /// What one machine wants, with a wall clock and a fresh owner.
    pub fn new(
        owner: OwnerId,
        clock: Clock,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            owner,
            clock,
            now: Arc::new(now),
            threads: Threads::Own(cores),
            memory_bytes: 1 << 30,
            outbox_bytes: 64 << 20,
            chunk: 1024,
            credits: 4096,
            window: 4096,
            pace: Pace::default(),
            people: None,
            retention: None,
        }
    }
}

impl fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineConfig")
            .field("owner", &self.owner)
            .field("clock", &self.clock)
            .field("threads", &self.threads)
            .field("memory_bytes", &self.memory_bytes)
            .field("outbox_bytes", &self.outbox_bytes)
            .field("chunk", &self.chunk)
            .field("credits", &self.credits)
            .field("window", &self.window)
            .field("pace", &self.pace)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}
