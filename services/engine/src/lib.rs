//! The engine with its adapters: emissions to the gateways, and over gRPC who owns what.
//!
//! - [`GrpcSink`] is the port `EmissionSink` over `emission.v1.EmissionService`.
//! - [`GrpcPeers`] is the port `Peers` over the other nodes' `cluster.v1.ClusterService`.
//! - [`Cluster`] serves `cluster.v1.ClusterService` from whatever knows the partitions; [`Node`] is an engine in this process.

mod cluster;
mod node;
mod peers;
mod sink;

pub use cluster::{
    Cluster, NodeStatus, OtherNode, PartitionStatus, Partitions, SinkLag, StatusError,
};
pub use node::Node;
pub use peers::GrpcPeers;
pub use sink::{EndpointError, GrpcSink};
