//! The engine with its adapters: emissions to the gateways, and over gRPC who owns what.
//!
//! - [`GrpcSink`] is the port `EmissionSink` over `emission.v1.EmissionService`.
//! - [`Cluster`] serves `cluster.v1.ClusterService` from whatever knows the partitions; [`Node`] is an engine in this process.

mod cluster;
mod node;
mod sink;

pub use cluster::{Cluster, PartitionStatus, Partitions, SinkLag, StatusError};
pub use node::Node;
pub use sink::{EndpointError, GrpcSink};
