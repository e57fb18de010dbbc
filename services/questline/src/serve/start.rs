//! Starting the parts, and stopping them.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bonus_engine_service::Postbacks;
use embedded::{ClockMode, DataFolder, OpenError, Options};
use engine::{Differs, Engine, EngineConfig, EngineHandle, Programmes, Threads, Versions};
use ingest_service::{Deps, Keys};
use ports::{EventLog, OwnerId};
use programme::model::Programme;
use telemetry::Exporter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{ClockName, Config, Role};
use super::gateways::{self, Gateways, bind, bind_or_any, url};
use super::postbacks::ToLog;
use super::programmes::EngineProgrammes;
use super::queries::EngineQueries;
use super::{cluster, now, wall_clock};
use crate::commands::key::KEYS_FILE;
use crate::exit::Failure;
use crate::programmes;

/// How long a data folder may be locked by a process that is going away.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// A running server.
pub(crate) struct Running {
    addresses: Vec<(&'static str, String)>,
    exporter: Exporter,
    core: Option<Core>,
    gateways: JoinSet<Result<(), Failure>>,
    stop_gateways: CancellationToken,
}

/// Ingest and engine over one data folder.
struct Core {
    engine: EngineHandle,
    queries: Arc<EngineQueries>,
    ingest: JoinSet<Result<(), Failure>>,
    stop_ingest: CancellationToken,
}

impl Running {
    /// Starts every part that runs here. When it returns, events are taken.
    pub(crate) async fn start(config: Config) -> Result<Self, Failure> {
        // Only the first server of a process can be its recorder.
        let exporter = Exporter::install()
            .or_else(|_| Exporter::detached())
            .map_err(Failure::failed)?;
        let stop_gateways = CancellationToken::new();
        let mut tasks = JoinSet::new();
        std::fs::create_dir_all(&config.data)
            .map_err(|why| Failure::failed(format!("{}: {why}", config.data.display())))?;
        // First what a second server of the folder would be told, before any port of its own is in the way.
        let opened = if config.runs(Role::Engine) {
            let programmes = compiled(&config)?;
            let folder = open(&config).await?;
            Some((versions(&folder, programmes).await?, folder))
        } else {
            None
        };
        let here = opened.as_ref().map(|(versions, folder)| {
            Arc::new(ToLog {
                log: folder.log.clone(),
                versions: versions.clone(),
            }) as Arc<dyn Postbacks>
        });
        let gateways = gateways::start(&config, here, &exporter, &stop_gateways, &mut tasks)?;
        let mut addresses = Vec::new();
        let core = match opened {
            Some((versions, folder)) => {
                let gateways = &gateways;
                Some(
                    Core::start(
                        &config,
                        versions,
                        folder,
                        gateways,
                        &exporter,
                        &mut addresses,
                    )
                    .await?,
                )
            }
            None => None,
        };
        addresses.extend(gateways.addresses);
        Ok(Self {
            addresses,
            exporter,
            core,
            gateways: tasks,
            stop_gateways,
        })
    }

    /// Name and URL of everything that can be asked.
    pub(crate) fn addresses(&self) -> &[(&'static str, String)] {
        &self.addresses
    }

    /// The URL of a part.
    pub(crate) fn url(&self, part: &str) -> Option<&str> {
        let mut all = self.addresses.iter();
        all.find(|(name, _)| *name == part)
            .map(|(_, url)| url.as_str())
    }

    /// The process's metrics.
    pub(crate) fn metrics(&self) -> String {
        self.exporter.render()
    }

    /// Serves until `stop`, or until a part cannot go on; then stops all parts.
    pub(crate) async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let ended = tokio::select! {
            () = stop => Ok(()),
            failure = self.failed() => Err(failure),
        };
        tracing::info!("stopping");
        let stopped = self.stop().await;
        ended.and(stopped)
    }

    /// Stops all parts: intake first, then the fold with its last checkpoint, then the gateways.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let mut result = Ok(());
        if let Some(mut core) = self.core.take() {
            core.stop_ingest.cancel();
            result = all_ended(&mut core.ingest).await;
            core.engine.shutdown().await;
        }
        self.stop_gateways.cancel();
        result.and(all_ended(&mut self.gateways).await)
    }

    /// Why a part ended by itself.
    async fn failed(&mut self) -> Failure {
        let gateways = &mut self.gateways;
        let Some(core) = &mut self.core else {
            return one_ended(gateways).await;
        };
        let failure = tokio::select! {
            failure = one_ended(gateways) => failure,
            failure = one_ended(&mut core.ingest) => failure,
            failure = core.engine.failed() => Failure::failed(failure),
        };
        core.queries.set_failed();
        failure
    }
}

impl Core {
    async fn start(
        config: &Config,
        versions: Arc<Versions>,
        folder: DataFolder,
        gateways: &Gateways,
        exporter: &Exporter,
        addresses: &mut Vec<(&'static str, String)>,
    ) -> Result<Self, Failure> {
        let listeners = ingest_service::Listeners {
            http: bind(config.http)?,
            grpc: bind(config.grpc)?,
            admin: Some(bind(config.admin)?),
        };
        let cluster_listener = bind_or_any(config.cluster, Config::default().cluster)?;
        for (name, listener) in [
            ("http", &listeners.http),
            ("grpc", &listeners.grpc),
            ("cluster", &cluster_listener),
        ] {
            addresses.push((name, url(listener)?));
        }
        if let Some(admin) = &listeners.admin {
            addresses.push(("admin", url(admin)?));
        }
        let engine = Engine::start(
            engine_config(config, folder.clock),
            versions,
            folder.log.clone(),
            folder.state.clone(),
            gateways.sinks.clone(),
        )
        .await
        .map_err(Failure::failed)?;
        let queries = Arc::new(EngineQueries::new(engine.clone()));
        let stop_ingest = CancellationToken::new();
        let mut ingest = JoinSet::new();
        let exporter = exporter.clone();
        let deps = Deps {
            log: folder.log.clone(),
            queries: queries.clone(),
            programmes: Arc::new(EngineProgrammes {
                engine: engine.clone(),
                store: folder.programmes.clone(),
            }),
            keys: Arc::new(keys(&config.data)?),
            metrics: Arc::new(move || exporter.render()),
        };
        let ingest_config = ingest_service::Config {
            clock: match folder.clock {
                ClockMode::Log => events::Clock::Log,
                ClockMode::Event => events::Clock::Event,
            },
            ..ingest_service::Config::default()
        };
        let serving = ingest_service::run(ingest_config, listeners, deps, stop_ingest.clone());
        ingest.spawn(async { serving.await.map_err(Failure::failed) });
        let (carrying, stopped) = (engine.clone(), stop_ingest.clone());
        ingest.spawn(async move {
            // There is no other process that could carry what this one published.
            let carried = carrying.carry_publications(Duration::ZERO);
            stopped.run_until_cancelled(carried).await;
            Ok(())
        });
        let total = folder.log.partitions();
        ingest.spawn(cluster::serve(
            cluster_listener,
            engine.clone(),
            total,
            stop_ingest.clone(),
        ));
        Ok(Self {
            engine,
            queries,
            ingest,
            stop_ingest,
        })
    }
}

fn keys(data: &Path) -> Result<Keys, Failure> {
    Keys::open(&data.join(KEYS_FILE)).map_err(Failure::bad_input)
}

/// The programmes to serve.
fn compiled(config: &Config) -> Result<Programmes, Failure> {
    let files = config.programme.iter();
    let compiled = files
        .map(|file| programmes::load(file))
        .collect::<Result<Vec<_>, _>>()?;
    one_a_brand(compiled)
}

/// What is published in the folder; the given programmes begin those of brands that have none. Where another version was published
/// since, that one stays in effect, and it is said.
async fn versions(folder: &DataFolder, given: Programmes) -> Result<Arc<Versions>, Failure> {
    let (state, partitions) = (folder.state.as_ref(), folder.log.partitions());
    let opened = Versions::open(folder.programmes.clone(), state, partitions, given, now());
    let (versions, differs) = opened.await.map_err(Failure::failed)?;
    for Differs {
        brand,
        given,
        published,
        number,
    } in differs
    {
        tracing::warn!(
            %brand, %given, %published, number,
            "the file of --programme is not the version in effect, which stays: to change to the file, publish it (`questline \
             programme put FILE`, then `questline programme publish`)"
        );
    }
    Ok(Arc::new(versions))
}

fn one_a_brand(compiled: Vec<Programme>) -> Result<Programmes, Failure> {
    for (number, programme) in compiled.iter().enumerate() {
        if compiled[..number]
            .iter()
            .any(|other| other.brand == programme.brand)
        {
            return Err(Failure::bad_usage(format!(
                "two programmes of brand {}",
                programme.brand
            )));
        }
    }
    Ok(compiled.into_iter().collect())
}

/// Opens the data folder, away from the threads that serve: it waits for the disk.
async fn open(config: &Config) -> Result<DataFolder, Failure> {
    let mut options = Options::new(wall_clock());
    options.partitions = config.partitions;
    options.clock = config.clock.map(|clock| match clock {
        ClockName::Log => ClockMode::Log,
        ClockName::Event => ClockMode::Event,
    });
    let data = config.data.clone();
    let opening = tokio::task::spawn_blocking(move || unlocked(&data, &options));
    opening
        .await
        .map_err(Failure::failed)?
        .map_err(Failure::failed)
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

fn engine_config(config: &Config, clock: ClockMode) -> EngineConfig {
    let clock = match clock {
        ClockMode::Log => engine::Clock::Log,
        ClockMode::Event => engine::Clock::Event,
    };
    let mut engine = EngineConfig::new(owner(), clock, now);
    if config.engine.threads > 0 {
        engine.threads = Threads::Own(config.engine.threads);
    }
    engine.memory_bytes = config.engine.memory_mib << 20;
    engine.pace.replay_budget = Duration::from_millis(config.engine.replay_budget_ms);
    engine
}

/// Drawn anew at each start.
fn owner() -> OwnerId {
    // Each state is seeded by the system's randomness.
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    OwnerId(half() << 64 | half())
}

/// Waits for the first of the tasks to end, which none should.
async fn one_ended(tasks: &mut JoinSet<Result<(), Failure>>) -> Failure {
    match tasks.join_next().await {
        Some(Ok(Err(failure))) => failure,
        Some(Ok(Ok(()))) => Failure::failed("a part of the server ended by itself"),
        Some(Err(error)) => Failure::failed(error),
        None => std::future::pending().await,
    }
}

async fn all_ended(tasks: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(Failure::failed(error)));
        result = result.and(ended);
    }
    result
}
