//! What is done to the cluster.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::nodes::Cluster;

/// A server that was killed is started again after so long, as what supervises it would.
const DOWN: Duration = Duration::from_secs(2);

/// A fault. When it is committed, whatever was killed or stopped runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// None: what the others are held against.
    None,
    /// kill -9 of the engine.
    EngineKill,
    /// SIGSTOP of the engine, later SIGCONT.
    EnginePause,
    /// SIGTERM of the engine, as an upgrade does it.
    EngineRestart,
    /// kill -9 of an ingest node.
    IngestKill,
    /// kill -9 of the notifications gateway.
    GatewayKill,
    /// kill -9 of each NATS server, one after the other: leaders and followers.
    NatsKill,
    /// kill -9 of Cassandra.
    CassandraKill,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::EngineKill => "engine: kill -9",
            Self::EnginePause => "engine: SIGSTOP",
            Self::EngineRestart => "engine: SIGTERM",
            Self::IngestKill => "ingest-1: kill -9",
            Self::GatewayKill => "notifications: kill -9",
            Self::NatsKill => "each NATS server: kill -9",
            Self::CassandraKill => "Cassandra: kill -9",
        })
    }
}

impl Fault {
    /// All of them, in the order in which they are committed.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::EngineKill,
        Self::EnginePause,
        Self::EngineRestart,
        Self::IngestKill,
        Self::GatewayKill,
        Self::NatsKill,
        Self::CassandraKill,
    ];

    pub(super) async fn commit(self, cluster: &mut Cluster, pause: Duration) -> Result<()> {
        match self {
            Self::None => {}
            Self::EngineKill => {
                cluster.engine.kill().await?;
                cluster.engine.start_again().await?;
            }
            Self::EnginePause => {
                cluster.engine.pause().await?;
                sleep(pause).await;
                cluster.engine.wake().await?;
            }
            Self::EngineRestart => {
                cluster.engine.stop().await?;
                cluster.engine.start_again().await?;
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
            Self::CassandraKill => {
                let killed = cluster.cassandra.kill();
                killed.map_err(anyhow::Error::msg)?;
                sleep(DOWN).await;
                tokio::task::block_in_place(|| cluster.cassandra.restart())
                    .map_err(anyhow::Error::msg)?;
            }
        }
        Ok(())
    }
}
