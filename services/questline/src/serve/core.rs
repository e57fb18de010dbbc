//! Ingest and the engine: both in this process, or one of them.

use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use engine::{
    Engine, EngineConfig, EngineHandle, Retention, Threads, Versions, carry_publications,
};
use engine_service::Node;
use ingest_service::{Deps, Hints, Keys, Queries, RemoteQueries};
use ports::{EmissionSink, OwnerId};
use telemetry::Exporter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::adapters::Adapters;
use super::config::{ClockName, Config, LogKind, Role};
use super::gateways::{bind, bind_or_any, url};
use super::member::Member;
use super::programmes::{Folded, PublishedProgrammes};
use super::queries::EngineQueries;
use super::start::{all_ended, one_ended};
use super::{cluster, member, now};
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
    /// Its part among several; `None`: all partitions are its own.
    member: Option<Member>,
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
    /// One node of several hands its partitions over first, and answers meanwhile. Then stops the intake, then the fold with its last
    /// checkpoint.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let mut left = Ok(());
        if let Some(folding) = &mut self.folding
            && let Some(member) = folding.member.take()
        {
            left = member.leave().await;
        }
        self.stop.cancel();
        let result = all_ended(&mut self.serving).await;
        if let Some(folding) = &self.folding {
            folding.engine.shutdown().await;
        }
        left.and(result)
    }

    /// Why a part ended by itself.
    pub(super) async fn failed(&mut self) -> Failure {
        let Some(folding) = &mut self.folding else {
            return one_ended(&mut self.serving).await;
        };
        let stopped = async {
            match &mut folding.member {
                // A partition that fails here is another node's, or tried again.
                Some(member) => member.failed().await,
                None => Failure::failed(folding.engine.failed().await),
            }
        };
        let failure = tokio::select! {
            failure = one_ended(&mut self.serving) => failure,
            failure = stopped => failure,
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
        let folding = match &nodes {
            Some(listener) => Some(self.fold(listener.local_addr()?).await?),
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
                let hints = self.adapters.liveness.clone().map(Hints::follow);
                let remote = RemoteQueries::new(&config.nodes, partitions, hints);
                Arc::new(remote.map_err(Failure::bad_input)?)
            }
        };
        if let (Some(listener), Some(folding)) = (nodes, &core.folding) {
            let standing = folding.member.as_ref().map(Member::standing);
            let node = Node {
                name: match &standing {
                    Some(_) => member::name(config)?.to_string(),
                    None => format!("process {}", std::process::id()),
                },
                partitions_total: self.adapters.log.partitions(),
                engine: folding.engine.clone(),
                standing,
            };
            core.serving.spawn(cluster::serve(
                listener,
                node,
                queries.clone(),
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
                        Some(Folding {
                            engine,
                            member: None,
                            ..
                        }) => Folded::Here(engine.clone()),
                        _ => Folded::Elsewhere {
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

    /// Takes the partitions over: all of them, or on a log that nodes share those that fall to this one, from now on.
    async fn fold(&self, cluster: SocketAddr) -> Result<Folding, Failure> {
        let mut settings = engine_config(self.config, self.adapters.clock);
        settings.people = Some(self.adapters.people.clone());
        let (process, versions) = (settings.owner, self.versions.clone());
        let Adapters { log, store, .. } = &self.adapters;
        let (log, store, sinks) = (log.clone(), store.clone(), self.sinks.clone());
        let Some(liveness) = &self.adapters.liveness else {
            let engine = Engine::start(settings, versions, log, store, sinks).await;
            let engine = engine.map_err(Failure::failed)?;
            // Nobody else folds this log.
            engine.move_to_logic(*engine.logic().end());
            return Ok(Folding {
                queries: Arc::new(EngineQueries::new(engine.clone(), None)),
                engine,
                member: None,
            });
        };
        let opened = Engine::open(settings, versions, log, store, sinks);
        let (engine, turns) = opened.map_err(Failure::failed)?;
        let url = member::url(self.config, cluster);
        let member = Member::start(
            self.config,
            process,
            url,
            engine.clone(),
            turns,
            liveness.clone(),
        )?;
        let standing = Some(member.standing());
        Ok(Folding {
            queries: Arc::new(EngineQueries::new(engine.clone(), standing)),
            engine,
            member: Some(member),
        })
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
