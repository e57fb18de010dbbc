//! What is done to the cluster.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::room;
use crate::nodes::Cluster;
use crate::owners::{fenced, owners, steady, taken};

/// A server that was killed is started again after so long, as what supervises it would.
const DOWN: Duration = Duration::from_secs(2);

/// A fault. When it is committed, whatever was killed or stopped runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// None: what the others are held against.
    None,
    /// kill -9 of an engine node.
    EngineKill,
    /// SIGSTOP of an engine node, later SIGCONT.
    EnginePause,
    /// SIGTERM of an engine node.
    EngineRestart,
    /// SIGTERM of each engine node, one after the other, as an upgrade does it.
    EnginesRolling,
    /// kill -9 of an ingest node.
    IngestKill,
    /// kill -9 of the notifications gateway.
    GatewayKill,
    /// kill -9 of each NATS server, one after the other: leaders and followers.
    NatsKill,
    /// No file of a NATS server grows, as on a full disk. Then there is room, and it is started again.
    NatsDiskFull,
    /// kill -9 of Cassandra.
    CassandraKill,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::EngineKill => "engine-1: kill -9",
            Self::EnginePause => "engine-1: SIGSTOP",
            Self::EngineRestart => "engine-1: SIGTERM",
            Self::EnginesRolling => "each engine: SIGTERM",
            Self::IngestKill => "ingest-1: kill -9",
            Self::GatewayKill => "notifications: kill -9",
            Self::NatsKill => "each NATS server: kill -9",
            Self::NatsDiskFull => "NATS server 1: disk full",
            Self::CassandraKill => "Cassandra: kill -9",
        })
    }
}

impl Fault {
    /// All of them, in the order in which they are committed.
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::EngineKill,
        Self::EnginePause,
        Self::EngineRestart,
        Self::EnginesRolling,
        Self::IngestKill,
        Self::GatewayKill,
        Self::NatsKill,
        Self::NatsDiskFull,
        Self::CassandraKill,
    ];

    /// Commits it; how long it took until others held what an engine node had held.
    pub(super) async fn commit(
        self,
        cluster: &mut Cluster,
        pause: Duration,
    ) -> Result<Option<Duration>> {
        match self {
            Self::None => {}
            Self::EngineKill => {
                let held = held_by_first(cluster).await?;
                cluster.engines[0].kill().await?;
                let taken = taken(cluster, &held, 0).await?;
                sleep(DOWN).await;
                cluster.engines[0].start_again().await?;
                return Ok(Some(taken));
            }
            Self::EnginePause => {
                let held = held_by_first(cluster).await?;
                cluster.engines[0].pause().await?;
                let taken = taken(cluster, &held, 0).await?;
                sleep(pause.saturating_sub(taken)).await;
                cluster.engines[0].wake().await?;
                fenced(cluster, 0).await?;
                // What it was suspected for ends, and it has its partitions back.
                steady(cluster).await?;
                return Ok(Some(taken));
            }
            Self::EngineRestart => {
                cluster.engines[0].stop().await?;
                cluster.engines[0].start_again().await?;
            }
            Self::EnginesRolling => {
                for engine in 0..cluster.engines.len() {
                    cluster.engines[engine].stop().await?;
                    cluster.engines[engine].start_again().await?;
                    steady(cluster).await?;
                }
            }
            Self::IngestKill => {
                cluster.ingest[0].kill().await?;
                cluster.ingest[0].start_again().await?;
            }
            Self::GatewayKill => {
                cluster.notifications.kill().await?;
                cluster.notifications.start_again().await?;
            }
            Self::NatsKill => {
                for node in 0..cluster.nats.urls().len() {
                    cluster.nats.kill(node);
                    sleep(DOWN).await;
                    cluster.nats.restart(node).await;
                }
            }
            Self::NatsDiskFull => {
                room::none(cluster.nats.pid(0))?;
                sleep(pause).await;
                room::back(cluster.nats.pid(0))?;
                cluster.nats.kill(0);
                cluster.nats.restart(0).await;
            }
            Self::CassandraKill => {
                let killed = cluster.cassandra.kill();
                killed.map_err(anyhow::Error::msg)?;
                sleep(DOWN).await;
                tokio::task::block_in_place(|| cluster.cassandra.restart())
                    .map_err(anyhow::Error::msg)?;
            }
        }
        Ok(None)
    }
}

/// The partitions of the first engine node.
async fn held_by_first(cluster: &Cluster) -> Result<Vec<u32>> {
    let owners = owners(cluster, None).await?;
    let first = owners.iter().filter(|(_, (engine, _))| *engine == 0);
    Ok(first.map(|(number, _)| *number).collect())
}
