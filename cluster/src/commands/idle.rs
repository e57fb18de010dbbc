//! What each process uses while nothing comes.

use std::time::Duration;

use anyhow::{Result, bail};
use cluster::{Cluster, PROGRAMME, Plan, usage};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Server, say, unless_stopped};

/// The most of a core that an engine node may use.
const MOST: f64 = 0.01;

/// How long.
#[derive(Debug, clap::Args)]
pub(crate) struct Idle {
    /// Seconds until everything has come to rest
    #[arg(long, default_value_t = 15)]
    settle: u64,
    /// Seconds over which CPU time is counted
    #[arg(long, default_value_t = 60)]
    over: u64,
    /// Engine nodes, which share the partitions
    #[arg(long, default_value_t = 1)]
    engines: usize,
    /// Partitions of the log
    #[arg(long, default_value_t = 64)]
    partitions: u16,
    #[command(flatten)]
    server: Server,
}

impl Idle {
    pub(crate) async fn run(self, stop: &CancellationToken) -> Result<()> {
        unless_stopped(stop, Box::pin(self.rest())).await
    }

    async fn rest(self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let programme = folder.path().join("idle.yaml");
        std::fs::write(&programme, PROGRAMME)?;
        let plan = Plan {
            binary: self.server.binary()?,
            programme,
            brand: "chaos".to_owned(),
            nats: 1,
            engines: self.engines,
            partitions: self.partitions,
            event_clock: false,
            notified: None,
        };
        let cluster = Cluster::start(plan, say).await?;
        sleep(Duration::from_secs(self.settle)).await;
        let before = usage(&cluster)?;
        sleep(Duration::from_secs(self.over)).await;
        say("");
        say("process           % of a core");
        let mut most: f64 = 0.0;
        for (before, after) in before.into_iter().zip(usage(&cluster)?) {
            let used = (after.cpu - before.cpu).as_secs_f64() / self.over as f64;
            say(&format!("{:<16} {:>12.2}", after.name, used * 100.0));
            if after.name.starts_with("engine") {
                most = most.max(used);
            }
        }
        cluster.stop().await?;
        match most <= MOST {
            true => Ok(()),
            false => bail!(
                "an idle engine node uses more than {} % of a core",
                MOST * 100.0
            ),
        }
    }
}
