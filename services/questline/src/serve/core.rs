//! Ingest and the engine: both in this process, or one of them.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use engine::{
    Engine, EngineConfig, EngineHandle, Retention, Threads, Versions, carry_publications,
};
use ingest_service::{Deps, Keys, Queries, RemoteQueries};
use ports::{EmissionSink, OwnerId};
use telemetry::Exporter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::adapters::Adapters;
use super::config::{ClockName, Config, LogKind, Role};
use super::gateways::{bind, bind_or_any, url};
use super::programmes::{Folded, PublishedProgrammes};
use super::queries::EngineQueries;
use super::start::{all_ended, one_ended};
use super::{cluster, now};
use crate::exit::Failure;

/// How long another process has to carry what was published there.
const CARRY_PATIENCE: Duration = Duration::from_secs(5);

/// What runs of them.
pub(super) struct Core {
    folding: Option<Folding>,
    serving: JoinSet<Result<(), Failure>>,
    stop: CancellationToken,
}

/// The engine in this process.
struct Folding {
    engine: EngineHandle,
    queries: Arc<EngineQueries>,
}

/// What they are started from.
pub(super) struct Starting<'a> {
    pub(super) config: &'a Config,
    pub(super) versions: Arc<Versions>,
    pub(super) adapters: Adapters,
    pub(super) sinks: Vec<Arc<dyn EmissionSink>>,
    pub(super) exporter: &'a Exporter,
}

impl Core {
    /// Stops intake first, then the fold with its last checkpoint.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        let result = all_ended(&mut self.serving).await;
        if let Some(folding) = &self.folding {
            folding.engine.shutdown().await;
        }
        result
    }

    /// Why a part ended by itself.
    pub(super) async fn failed(&mut self) -> Failure {
        let Some(folding) = &self.folding else {
            return one_ended(&mut self.serving).await;
        };
        let failure = tokio::select! {
            failure = one_ended(&mut self.serving) => failure,
            failure = folding.engine.failed() => Failure::failed(failure),
        };
        folding.queries.set_failed();
        failure
    }
}

impl Starting<'_> {
    /// Starts them. When it returns, events are taken, and folded.
    pub(super) async fn start(
        self,
        addresses: &mut Vec<(&'static str, String)>,
    ) -> Result<Core, Failure> {
        let config = self.config;
        let mut listen = |name, listener: Result<TcpListener, Failure>| {
            let listener = listener?;
            addresses.push((name, url(&listener)?));
            Ok::<_, Failure>(listener)
        };
        let api = match config.runs(Role::Ingest) {
            true => Some((
                listen("http", bind(config.http))?,
                listen("grpc", bind(config.grpc))?,
            )),
            false => None,
        };
        let nodes = match config.runs(Role::Engine) {
            true => {
                let usual = Config::default().cluster;
                Some(listen("cluster", bind_or_any(config.cluster, usual))?)
            }
            false => None,
        };
        let admin = listen("admin", bind(config.admin))?;
        let folding = match nodes {
            Some(_) => Some(self.fold().await?),
            None => None,
        };
        let mut core = Core {
            folding,
            serving: JoinSet::new(),
            stop: CancellationToken::new(),
        };
        let queries: Arc<dyn Queries> = match &core.folding {
            Some(folding) => folding.queries.clone(),
            None => {
                let partitions = self.adapters.log.partitions();
                let remote = RemoteQueries::new(&config.nodes, partitions);
                Arc::new(remote.map_err(Failure::bad_input)?)
            }
        };
        if let (Some(listener), Some(folding)) = (nodes, &core.folding) {
            core.serving.spawn(cluster::serve(
                listener,
                folding.engine.clone(),
                queries.clone(),
                self.adapters.log.partitions(),
                self.adapters.backup.clone(),
                core.stop.clone(),
            ));
        }
        let (carrying, stopped) = (self.carry(), core.stop.clone());
        core.serving.spawn(async move {
            stopped.run_until_cancelled(carrying).await;
            Ok(())
        });
        let exporter = self.exporter.clone();
        let metrics = Arc::new(move || exporter.render());
        match api {
            Some((http, grpc)) => {
                let programmes = Arc::new(PublishedProgrammes {
                    versions: self.versions.clone(),
                    store: self.adapters.programmes.clone(),
                    folded: match &core.folding {
                        Some(folding) => Folded::Here(folding.engine.clone()),
                        None => Folded::Elsewhere {
                            heads: self.adapters.store.clone(),
                            partitions: self.adapters.log.partitions(),
                        },
                    },
                });
                let listeners = ingest_service::Listeners {
                    http,
                    grpc,
                    admin: Some(admin),
                };
                let deps = Deps {
                    log: self.adapters.log.clone(),
                    queries,
                    programmes,
                    people: self.adapters.people.clone(),
                    keys: Arc::new(Keys::open(&config.keys()).map_err(Failure::bad_input)?),
                    metrics,
                };
                let ingest = ingest_service::Config {
                    clock: match self.adapters.clock {
                        ClockName::Log => events::Clock::Log,
                        ClockName::Event => events::Clock::Event,
                    },
                    ..ingest_service::Config::default()
                };
                let serving = ingest_service::run(ingest, listeners, deps, core.stop.clone());
                core.serving
                    .spawn(async { serving.await.map_err(Failure::failed) });
            }
            None => {
                let serving = ingest_service::probes(admin, queries, metrics, core.stop.clone());
                core.serving
                    .spawn(async { serving.await.map_err(Failure::failed) });
            }
        }
        Ok(core)
    }

    /// Carries what is published to every partition. Alone in its folder there is no other process that could do it.
    fn carry(&self) -> impl Future<Output = ()> + Send + 'static {
        let patience = match self.config.log.kind {
            LogKind::Embedded => Duration::ZERO,
            LogKind::JetStream => CARRY_PATIENCE,
        };
        let Adapters { log, store, .. } = &self.adapters;
        carry_publications(self.versions.clone(), log.clone(), store.clone(), patience)
    }

    /// Takes the partitions over.
    async fn fold(&self) -> Result<Folding, Failure> {
        let mut config = engine_config(self.config, self.adapters.clock);
        config.people = Some(self.adapters.people.clone());
        let engine = Engine::start(
            config,
            self.versions.clone(),
            self.adapters.log.clone(),
            self.adapters.store.clone(),
            self.sinks.clone(),
        )
        .await
        .map_err(Failure::failed)?;
        let queries = Arc::new(EngineQueries::new(engine.clone()));
        Ok(Folding { engine, queries })
    }
}

fn engine_config(config: &Config, clock: ClockName) -> EngineConfig {
    let clock = match clock {
        ClockName::Log => engine::Clock::Log,
        ClockName::Event => engine::Clock::Event,
    };
    let mut engine = EngineConfig::new(owner(), clock, now);
    if config.engine.threads > 0 {
        engine.threads = Threads::Own(config.engine.threads);
    }
    engine.memory_bytes = config.engine.memory_mib << 20;
    engine.pace.replay_budget = config.replay_budget();
    engine.retention = config.log.keep().map(Retention::of);
    engine
}

/// Drawn anew at each start.
fn owner() -> OwnerId {
    // Each state is seeded by the system's randomness.
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    OwnerId(half() << 64 | half())
}
