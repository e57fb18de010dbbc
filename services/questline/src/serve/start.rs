//! Starting the parts, and stopping them.

use std::sync::Arc;

use bonus_engine_service::Postbacks;
use engine::{Differs, Logic, Programmes, Versions, check_store};
use programme::model::Programme;
use telemetry::Exporter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::adapters::{self, Adapters};
use super::config::{Config, Role};
use super::core::{Core, Starting};
use super::postbacks::ToLog;
use super::{gateways, now};
use crate::exit::Failure;
use crate::programmes;

/// A running server.
pub(crate) struct Running {
    addresses: Vec<(&'static str, String)>,
    exporter: Exporter,
    core: Option<Core>,
    gateways: JoinSet<Result<(), Failure>>,
    stop_gateways: CancellationToken,
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
        let opened = if config.runs(Role::Engine) || config.runs(Role::Ingest) {
            let programmes = compiled(&config)?;
            let adapters = adapters::open(&config).await?;
            check_store(adapters.log.as_ref(), adapters.store.as_ref())
                .await
                .map_err(Failure::failed)?;
            Some((versions(&adapters, programmes).await?, adapters))
        } else {
            None
        };
        let here = opened.as_ref().map(|(versions, adapters)| {
            Arc::new(ToLog {
                log: adapters.log.clone(),
                versions: versions.clone(),
            }) as Arc<dyn Postbacks>
        });
        let gateways = gateways::start(&config, here, &exporter, &stop_gateways, &mut tasks)?;
        let mut addresses = Vec::new();
        let core = match opened {
            Some((versions, adapters)) => {
                let starting = Starting {
                    config: &config,
                    versions,
                    adapters,
                    sinks: gateways.sinks,
                    exporter: &exporter,
                };
                Some(starting.start(&mut addresses).await?)
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
        if let Some(core) = self.core.take() {
            result = core.stop().await;
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
        tokio::select! {
            failure = one_ended(gateways) => failure,
            failure = core.failed() => failure,
        }
    }
}

/// The programmes to serve.
fn compiled(config: &Config) -> Result<Programmes, Failure> {
    let files = config.programme.iter();
    let compiled = files
        .map(|file| programmes::load(file))
        .collect::<Result<Vec<_>, _>>()?;
    one_a_brand(compiled)
}

/// What is published in the store; the given programmes begin those of brands that have none. Where another version was published
/// since, that one stays in effect, and it is said.
async fn versions(adapters: &Adapters, given: Programmes) -> Result<Arc<Versions>, Failure> {
    let (state, partitions) = (adapters.store.as_ref(), adapters.log.partitions());
    let opened = Versions::open(
        adapters.programmes.clone(),
        state,
        partitions,
        given,
        Logic::default(),
        now(),
    );
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
    if versions.is_empty() {
        tracing::warn!(
            "no programme is published, so events are refused until one is: `questline programme put FILE`, then `questline programme \
             publish` (the key needs the scope `programme`); or start with --programme FILE"
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

/// Waits for the first of the tasks to end, which none should.
pub(super) async fn one_ended(tasks: &mut JoinSet<Result<(), Failure>>) -> Failure {
    match tasks.join_next().await {
        Some(Ok(Err(failure))) => failure,
        Some(Ok(Ok(()))) => Failure::failed("a part of the server ended by itself"),
        Some(Err(error)) => Failure::failed(error),
        None => std::future::pending().await,
    }
}

/// Waits for all of them; the first failure counts.
pub(super) async fn all_ended(tasks: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(Failure::failed(error)));
        result = result.and(ended);
    }
    result
}
