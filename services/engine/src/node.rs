//! The partitions of the engine that runs in this process.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use engine::ownership::Standing;
use engine::{EngineHandle, RepairError, Repaired, SetAside};
use ports::Entity;
use tokio::sync::watch;
use types::{Partition, Timestamp};

use crate::cluster::{NodeStatus, OtherNode, PartitionStatus, Partitions, SinkLag, StatusError};

/// A node: its name, and its engine.
pub struct Node {
    /// Who it is to others.
    pub name: String,
    /// How many partitions its log has.
    pub partitions_total: u16,
    /// Its engine.
    pub engine: EngineHandle,
    /// What it knows of the others; `None`: it shares with nobody.
    pub standing: Option<watch::Receiver<Standing>>,
}

#[async_trait]
impl Partitions for Node {
    fn total(&self) -> u16 {
        self.partitions_total
    }

    fn node(&self) -> NodeStatus {
        let Some(standing) = &self.standing else {
            return NodeStatus {
                name: self.name.clone(),
                ..NodeStatus::default()
            };
        };
        let standing = standing.borrow();
        let members = standing.view.members.iter();
        let failed = standing.failed.iter();
        NodeStatus {
            name: self.name.clone(),
            nodes: members
                .map(|(name, member)| OtherNode {
                    name: name.to_string(),
                    address: member.address.to_string(),
                    draining: member.draining,
                    suspected: standing.view.suspected(member.process),
                    logic: member.logic.clone(),
                })
                .collect(),
            logic: standing.view.logic(),
            failed: failed
                .map(|(partition, why)| (*partition, why.clone()))
                .collect(),
        }
    }

    async fn status(&self) -> Result<Vec<PartitionStatus>, StatusError> {
        let status = self.engine.partition_status().await;
        let status = status.map_err(|error| StatusError::Unavailable(error.to_string()))?;
        Ok(status.into_iter().map(|status| self.one(status)).collect())
    }

    async fn set_aside(&self) -> Result<Vec<SetAside>, StatusError> {
        let players = self.engine.set_aside().await;
        players.map_err(|error| StatusError::Unavailable(error.to_string()))
    }

    async fn repair(&self, player: &Entity, from_log: bool) -> Result<Repaired, RepairError> {
        self.engine.repair(player, from_log).await
    }

    async fn warm(&self, partition: Partition) -> Result<usize, StatusError> {
        let warmed = self.engine.warm(partition).await;
        warmed.map_err(|error| StatusError::Unavailable(error.to_string()))
    }
}

impl Node {
    fn one(&self, status: engine::PartitionStatus) -> PartitionStatus {
        let sinks = status.sinks.into_iter().map(|sink| SinkLag {
            name: sink.sink.into(),
            unacknowledged: sink.pending,
        });
        PartitionStatus {
            partition: status.partition,
            owner: self.name.clone(),
            epoch: status.epoch,
            cursor: status.applied,
            end: status.end,
            lag: status.lag,
            last_checkpoint_at: ago(Duration::from_millis(status.checkpoint_age_ms)),
            sinks: sinks.collect(),
            quarantined: status.quarantined,
            restored: status.restored,
        }
    }
}

fn ago(age: Duration) -> Option<Timestamp> {
    let then = SystemTime::now().checked_sub(age)?;
    let nanos = then.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
    i64::try_from(nanos).ok().and_then(Timestamp::from_nanos)
}
