//! All parts of the cluster, started in the order in which they need each other.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use bonus_engine_service::stand_in::StandIn;
use tempfile::TempDir;
use testkit::servers::cassandra::Cassandra;
use testkit::servers::nats::{Nats, Options};
use testkit::servers::ports;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::owners;
use crate::process::Process;
use crate::settings::{self, Servers};

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The `questline` binary.
    pub binary: PathBuf,
    /// The programme's file.
    pub programme: PathBuf,
    /// Its brand.
    pub brand: String,
    /// NATS servers: 1 or 3.
    pub nats: usize,
    /// Engine nodes, which share the partitions.
    pub engines: usize,
    /// Partitions of the log, in streams of eight.
    pub partitions: u16,
    /// Whether recorded time is the events' own: for replays.
    pub event_clock: bool,
    /// The types of emissions that the notifications gateway takes; `None`: the usual ones.
    pub notified: Option<Vec<String>>,
}

/// A running cluster. Dropped, all of it ends.
pub struct Cluster {
    /// NATS.
    pub nats: Nats,
    /// Cassandra.
    pub cassandra: Cassandra,
    /// The engine nodes.
    pub engines: Vec<Process>,
    /// Both ingest nodes.
    pub ingest: [Process; 2],
    /// The notifications gateway.
    pub notifications: Process,
    /// The bonus-engine gateway.
    pub bonus_engine: Process,
    /// A key with the scopes ingest and read.
    pub key: String,
    plan: Plan,
    folder: TempDir,
    _operator: DropGuard,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("plan", &self.plan)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Starts every part, and says each that is ready.
    pub async fn start(plan: Plan, mut said: impl FnMut(&str)) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("questline-cluster-")
            .tempdir()?;
        let at = folder.path();
        let starting = tokio::task::spawn_blocking(Cassandra::start);
        let nats = Nats::start(Options {
            nodes: plan.nats,
            ..Options::default()
        })
        .await;
        said(&format!("NATS        {}", nats.urls().join(", ")));
        let cassandra = starting.await?.map_err(anyhow::Error::msg)?;
        said(&format!("Cassandra   {}", cassandra.node()));
        let (operator, _operator) = operator(&at.join("operator.jsonl"))?;
        let start =
            async |name: &str, text: String| Process::start(&plan.binary, at, name, &text).await;
        let [notified, shown, granted, asked] = ports::free();
        let text = settings::notifications(at, [notified, shown]);
        let notifications = start("notifications", text).await?;
        let text = settings::bonus_engine(at, [granted, asked], &operator);
        let bonus_engine = start("bonus-engine", text).await?;
        said("gateways    notifications, bonus-engine");
        let servers = Servers {
            nats: nats.urls(),
            cql: cassandra.node(),
            partitions: plan.partitions,
            clock: if plan.event_clock { "event" } else { "log" },
        };
        let gateways = (
            notifications.url("emissions")?.to_owned(),
            bonus_engine.url("emissions")?.to_owned(),
        );
        let notified = plan.notified.as_ref();
        let notified = notified.map_or_else(String::new, |types| format!("types = {types:?}\n"));
        let mut engines = Vec::with_capacity(plan.engines);
        for number in 1..=plan.engines {
            let name = format!("engine-{number}");
            let (places, gateways) = (ports::free(), gateways.clone());
            let text = servers.engine(at, &name, &plan.programme, places, gateways, &notified);
            let engine = start(&name, text).await?;
            said(&format!("{name}    {}", engine.url("cluster")?));
            engines.push(engine);
        }
        let keys = at.join("keys.json");
        let key = key(&plan, at).await?;
        let nodes = engines.iter();
        let nodes = nodes.map(|engine| Ok(engine.url("cluster")?.to_owned()));
        let nodes = nodes.collect::<Result<Vec<_>>>()?;
        let ingest = async |name: &str| {
            let places = ports::free();
            let text = servers.ingest(at, name, &plan.programme, places, &keys, &nodes);
            start(name, text).await
        };
        let ingest = [ingest("ingest-1").await?, ingest("ingest-2").await?];
        for node in &ingest {
            said(&format!("{}    {}", node.name, node.url("http")?));
        }
        let cluster = Self {
            nats,
            cassandra,
            engines,
            ingest,
            notifications,
            bonus_engine,
            key,
            plan,
            folder,
            _operator,
        };
        owners::steady(&cluster).await?;
        Ok(cluster)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How many partitions its log has.
    pub fn partitions(&self) -> u16 {
        self.plan.partitions
    }

    /// The HTTP address of an ingest node.
    pub fn http(&self, node: usize) -> Result<&str> {
        self.ingest[node % self.ingest.len()].url("http")
    }

    /// Every part that is a process of ours.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        let gateways = [&self.notifications, &self.bonus_engine];
        self.engines.iter().chain(&self.ingest).chain(gateways)
    }

    /// Runs a command of the binary to its end; what it wrote to standard output.
    pub async fn questline(&self, args: &[&str]) -> Result<String> {
        questline(&self.plan.binary, args).await
    }

    /// Stops ingest, engine and gateways as SIGTERM does, in this order; each must end with 0.
    pub async fn stop(mut self) -> Result<()> {
        let [first, second] = &mut self.ingest;
        let gateways = [&mut self.notifications, &mut self.bonus_engine];
        for process in [first, second]
            .into_iter()
            .chain(&mut self.engines)
            .chain(gateways)
        {
            let code = process.stop().await?;
            if code != Some(0) {
                bail!("{} ended with {code:?}:\n{}", process.name, process.log());
            }
        }
        Ok(())
    }
}

async fn questline(binary: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(binary)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("{} does not start", binary.display()))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("questline {}: {why}", args.first().unwrap_or(&""));
    }
    Ok(String::from_utf8(output.stdout)?)
}

async fn key(plan: &Plan, folder: &Path) -> Result<String> {
    let folder = folder.to_str().context("a folder that is not UTF-8")?;
    let args = [
        "key",
        "create",
        "--data",
        folder,
        "--brand",
        &plan.brand,
        "--source",
        "shop",
        "--scopes",
        "ingest,read",
    ];
    Ok(questline(&plan.binary, &args).await?.trim().to_owned())
}

/// An operator on a bad day: some calls are answered with 500, some not at all.
fn operator(file: &Path) -> Result<(String, DropGuard)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let bad_day = StandIn {
        seed: 1,
        errors_percent: 5,
        hangs_percent: 1,
        file: Some(file.to_owned()),
    };
    tokio::spawn(bad_day.run(listener, stop.clone()));
    Ok((url, stop.drop_guard()))
}
