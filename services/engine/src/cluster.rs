//! Who owns what, and how far it has come, over gRPC.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use engine::{RepairError, Repaired, RestoredLog, SetAside};
use ports::Entity;
use proto::cluster::v1 as wire;
use proto::cluster::v1::cluster_service_server::ClusterService;
use thiserror::Error;
use tonic::{Request, Response, Status};
use types::{Epoch, Partition, Position, Timestamp};

/// Whoever knows the partitions of this node.
#[async_trait]
pub trait Partitions: Send + Sync + 'static {
    /// How many partitions the log has.
    fn total(&self) -> u16;

    /// The node, and the others that it sees.
    fn node(&self) -> NodeStatus;

    /// Those that this node owns, in any order.
    async fn status(&self) -> Result<Vec<PartitionStatus>, StatusError>;

    /// The players of this node that are set aside.
    async fn set_aside(&self) -> Result<Vec<SetAside>, StatusError>;

    /// Repairs a player that is set aside.
    async fn repair(&self, player: &Entity, from_log: bool) -> Result<Repaired, RepairError>;

    /// Reads ahead what a takeover of the partition needs; how many players are expected.
    async fn warm(&self, partition: Partition) -> Result<usize, StatusError>;
}

/// A node, and what it sees of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Every node whose lease stands, by name; empty where it shares with nobody.
    pub nodes: Vec<OtherNode>,
    /// What it should own and cannot run, and why.
    pub failed: Vec<(Partition, String)>,
    /// The newest logic version that a log has come to, where any node says.
    pub logic: Option<u32>,
}

/// A node whose lease stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherNode {
    /// Its name.
    pub name: String,
    /// Where it is asked.
    pub address: String,
    /// It is about to leave.
    pub draining: bool,
    /// Nothing was heard of it lately.
    pub suspected: bool,
    /// The logic versions that it has.
    pub logic: RangeInclusive<u32>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Its number.
    pub partition: Partition,
    /// The node that owns it.
    pub owner: String,
    /// The tenure.
    pub epoch: Epoch,
    /// The last position folded into every state.
    pub cursor: Position,
    /// The last position in the log.
    pub end: Position,
    /// Log messages after the cursor.
    pub lag: u64,
    /// When the last checkpoint of this tenure was taken.
    pub last_checkpoint_at: Option<Timestamp>,
    /// The gateways.
    pub sinks: Vec<SinkLag>,
    /// Players that are set aside.
    pub quarantined: usize,
    /// The last time that its log was found restored to an older copy.
    pub restored: Option<RestoredLog>,
}

/// How far a gateway is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkLag {
    /// Its name.
    pub name: String,
    /// Emissions decided and not acknowledged.
    pub unacknowledged: u64,
}

/// Why there is no status.
#[derive(Debug, Error)]
pub enum StatusError {
    /// Starting, stopping or overloaded. Ask again.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// The service.
pub struct Cluster(Arc<dyn Partitions>);

impl Cluster {
    /// Answers from `partitions`.
    pub fn new(partitions: Arc<dyn Partitions>) -> Self {
        Self(partitions)
    }
}

#[tonic::async_trait]
impl ClusterService for Cluster {
    async fn list_partitions(
        &self,
        _request: Request<wire::ListPartitionsRequest>,
    ) -> Result<Response<wire::ListPartitionsResponse>, Status> {
        let status = self.0.status().await;
        let mut owned = status.map_err(|error| Status::unavailable(error.to_string()))?;
        owned.sort_by_key(|status| status.partition);
        let node = self.0.node();
        let failed = node.failed.into_iter();
        Ok(Response::new(wire::ListPartitionsResponse {
            partitions_total: self.0.total().into(),
            partitions: owned.into_iter().map(partition).collect(),
            node: node.name,
            logic: node.logic.unwrap_or_default(),
            nodes: node.nodes.into_iter().map(other_node).collect(),
            failed: failed
                .map(|(partition, reason)| wire::FailedPartition {
                    number: partition.0.into(),
                    reason,
                })
                .collect(),
        }))
    }

    async fn list_set_aside(
        &self,
        _request: Request<wire::ListSetAsideRequest>,
    ) -> Result<Response<wire::ListSetAsideResponse>, Status> {
        let players = self.0.set_aside().await;
        let players = players.map_err(|error| Status::unavailable(error.to_string()))?;
        let player = |aside: SetAside| wire::SetAside {
            brand: aside.entity.brand.to_string(),
            player: aside.entity.player.to_string(),
            partition: aside.partition.0.into(),
            position: Some(position(aside.position)),
            reason: aside.why,
        };
        Ok(Response::new(wire::ListSetAsideResponse {
            players: players.into_iter().map(player).collect(),
        }))
    }

    async fn repair_player(
        &self,
        request: Request<wire::RepairPlayerRequest>,
    ) -> Result<Response<wire::RepairPlayerResponse>, Status> {
        let request = request.into_inner();
        let wrong = |what: &str| Status::invalid_argument(format!("{what}: not a name"));
        let player = Entity {
            brand: request.brand.parse().map_err(|_| wrong("brand"))?,
            player: request.player.parse().map_err(|_| wrong("player"))?,
        };
        let repaired = self.0.repair(&player, request.from_log).await;
        let repaired = repaired.map_err(|error| {
            let why = error.to_string();
            match error {
                RepairError::NotSetAside => Status::failed_precondition(why),
                RepairError::Running | RepairError::StillBroken(_) => Status::aborted(why),
                RepairError::Query(_) => Status::unavailable(why),
            }
        })?;
        Ok(Response::new(wire::RepairPlayerResponse {
            records: repaired.records,
        }))
    }

    async fn warm_partition(
        &self,
        request: Request<wire::WarmPartitionRequest>,
    ) -> Result<Response<wire::WarmPartitionResponse>, Status> {
        let number = u16::try_from(request.into_inner().partition).ok();
        let partition = number.filter(|number| *number < self.0.total());
        let partition = partition
            .map(Partition)
            .ok_or_else(|| Status::invalid_argument("partition: no such number"))?;
        let players = self.0.warm(partition).await;
        let players = players.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(Response::new(wire::WarmPartitionResponse {
            players: players as u64,
        }))
    }
}

fn other_node(node: OtherNode) -> wire::Node {
    wire::Node {
        name: node.name,
        address: node.address,
        draining: node.draining,
        suspected: node.suspected,
        logic_oldest: *node.logic.start(),
        logic_newest: *node.logic.end(),
    }
}

fn partition(status: PartitionStatus) -> wire::Partition {
    let sinks = status.sinks.into_iter().map(|sink| wire::SinkLag {
        name: sink.name,
        unacknowledged: sink.unacknowledged,
    });
    wire::Partition {
        number: status.partition.0.into(),
        owner: status.owner,
        epoch: status.epoch.0,
        cursor: Some(position(status.cursor)),
        end: Some(position(status.end)),
        lag: status.lag,
        last_checkpoint_at: status.last_checkpoint_at.map(timestamp),
        sinks: sinks.collect(),
        // As many players as memory holds.
        quarantined: u32::try_from(status.quarantined).unwrap_or(u32::MAX),
        restored: status.restored.map(|restored| wire::RestoredLog {
            times: restored.times,
            kept: Some(position(restored.kept)),
            folded: Some(position(restored.folded)),
            found_at: Some(timestamp(restored.at)),
        }),
    }
}

fn position(position: Position) -> wire::Position {
    wire::Position {
        sequence: position.sequence,
        index: position.index,
    }
}

pub(crate) fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    const SECOND: i64 = 1_000_000_000;
    prost_types::Timestamp {
        seconds: instant.nanos() / SECOND,
        // Instants lie after 1970: the remainder is below a second and not negative.
        nanos: i32::try_from(instant.nanos() % SECOND).unwrap_or(0),
    }
}
