//! The log and the store that the configuration names, opened.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use embedded::backup::Source;
use embedded::{ClockMode, DataFolder, OpenError, Options};
use log_jetstream::{JetStreamLiveness, JetStreamLog};
use people::People;
use ports::{EventLog, Liveness, PeopleStore, ProgrammeStore, StateStore};
use store_cql::CqlStore;

use super::config::{ClockName, Config, LogKind};
use super::wall_clock;
use crate::exit::Failure;

/// How long a data folder may be locked by a process that is going away.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
/// How long the start waits for a store that does not answer yet.
const STORE_PATIENCE: Duration = Duration::from_secs(120);
/// Between two tries to reach it.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What this process stands on.
pub(super) struct Adapters {
    /// The log.
    pub(super) log: Arc<dyn EventLog>,
    /// The store.
    pub(super) store: Arc<dyn StateStore>,
    /// Where programmes are kept.
    pub(super) programmes: Arc<dyn ProgrammeStore>,
    /// What recorded time is.
    pub(super) clock: ClockName,
    /// The engine nodes of the log; `None`: it is this process's alone.
    pub(super) liveness: Option<Arc<dyn Liveness>>,
    /// Who was erased, and keys of everybody else.
    pub(super) people: Arc<People>,
    /// What copies them, where they are a data folder.
    pub(super) backup: Option<Source>,
}

/// Opens them. An ingest node has the store too: programmes are published there, and its heads show where they are in effect.
pub(super) async fn open(config: &Config) -> Result<Adapters, Failure> {
    match config.log.kind {
        LogKind::Embedded => embedded(config).await,
        LogKind::JetStream => cluster(config).await,
    }
}

async fn known(store: Arc<dyn PeopleStore>) -> Result<Arc<People>, Failure> {
    let people = People::open(store).await;
    people.map(Arc::new).map_err(Failure::failed)
}

async fn cluster(config: &Config) -> Result<Adapters, Failure> {
    let clock = config.clock.unwrap_or(ClockName::Log);
    let time = match clock {
        ClockName::Log => log_jetstream::Clock::Server,
        ClockName::Event => log_jetstream::Clock::Event,
    };
    let settings = config.log.jetstream.settings(config.partitions, time)?;
    let log = JetStreamLog::open(&settings).await;
    let log = log.map_err(Failure::failed)?;
    let store = cql(config).await?;
    let liveness = JetStreamLiveness::open(&settings, config.ownership.lease()).await;
    let liveness = liveness.map_err(Failure::failed)?;
    Ok(Adapters {
        log: Arc::new(log),
        store: store.clone(),
        people: known(store.clone()).await?,
        programmes: store,
        clock,
        liveness: Some(Arc::new(liveness)),
        backup: None,
    })
}

/// Opens the store once it answers: a cluster may start beside this process.
async fn cql(config: &Config) -> Result<Arc<CqlStore>, Failure> {
    let deadline = Instant::now() + STORE_PATIENCE;
    let mut said = String::new();
    loop {
        match CqlStore::open(&config.store.cql).await {
            Ok(store) => return Ok(Arc::new(store)),
            Err(error @ store_cql::OpenError::Unreachable { .. })
                if Instant::now() + STORE_PAUSE < deadline =>
            {
                let why = error.to_string();
                if said != why {
                    tracing::warn!(why, "the store is not reached; tried again");
                    said = why;
                }
                tokio::time::sleep(STORE_PAUSE).await;
            }
            Err(error) => return Err(Failure::failed(error)),
        }
    }
}

/// Opens the data folder, away from the threads that serve: it waits for the disk.
async fn embedded(config: &Config) -> Result<Adapters, Failure> {
    let mut options = Options::new(wall_clock());
    options.partitions = config.partitions;
    options.clock = config.clock.map(|clock| match clock {
        ClockName::Log => ClockMode::Log,
        ClockName::Event => ClockMode::Event,
    });
    let data = config.data.clone();
    let opening = tokio::task::spawn_blocking(move || unlocked(&data, &options));
    let opened = opening.await.map_err(Failure::failed)?;
    let folder = opened.map_err(Failure::failed)?;
    Ok(Adapters {
        people: known(folder.people).await?,
        log: folder.log,
        store: folder.state,
        programmes: folder.programmes,
        backup: Some(folder.backup),
        clock: match folder.clock {
            ClockMode::Log => ClockName::Log,
            ClockMode::Event => ClockName::Event,
        },
        liveness: None,
    })
}

/// Opens the folder once it is free: a predecessor that was killed holds its lock until the system has cleared it away.
fn unlocked(data: &Path, options: &Options) -> Result<DataFolder, OpenError> {
    let since = Instant::now();
    loop {
        match DataFolder::open(data, options.clone()) {
            Err(OpenError::Locked { .. }) if since.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
}
