//! The other engine nodes over gRPC.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ports::{PeerError, Peers};
use proto::cluster::v1::WarmPartitionRequest;
use proto::cluster::v1::cluster_service_client::ClusterServiceClient;
use tonic::transport::{Channel, Endpoint};
use types::Partition;

/// How long connecting to a node may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections kept; beyond them all are made anew: addresses of nodes that have gone are in the way.
const KEPT: usize = 64;

/// Nodes by address. Connects when one is first asked.
#[derive(Debug, Default)]
pub struct GrpcPeers {
    clients: Mutex<HashMap<Box<str>, ClusterServiceClient<Channel>>>,
}

impl GrpcPeers {
    fn client(&self, address: &str) -> Result<ClusterServiceClient<Channel>, PeerError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(address) {
            return Ok(client.clone());
        }
        let endpoint = Endpoint::from_shared(address.to_owned()).map_err(unavailable)?;
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .connect_lazy();
        if clients.len() >= KEPT {
            clients.clear();
        }
        let client = ClusterServiceClient::new(channel);
        clients.insert(address.into(), client.clone());
        Ok(client)
    }
}

#[async_trait]
impl Peers for GrpcPeers {
    async fn warm(&self, address: &str, partition: Partition) -> Result<(), PeerError> {
        let request = WarmPartitionRequest {
            partition: partition.0.into(),
        };
        let mut client = self.client(address)?;
        let warmed = client.warm_partition(request).await;
        warmed.map(drop).map_err(unavailable)
    }
}

fn unavailable(error: impl std::fmt::Display) -> PeerError {
    PeerError::Unavailable(error.to_string())
}
