//! Partitions and their owners, over gRPC.

use std::net::TcpListener;
use std::sync::Arc;

use async_trait::async_trait;
use engine::EngineHandle;
use engine_service::{Cluster, PartitionStatus, Partitions, SinkLag, StatusError};
use proto::cluster::v1::cluster_service_server::ClusterServiceServer;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;

use super::now;
use crate::exit::Failure;

/// Serves `ClusterService` until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    engine: EngineHandle,
    total: u16,
    stop: CancellationToken,
) -> Result<(), Failure> {
    listener.set_nonblocking(true)?;
    let incoming = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
    let cluster = Cluster::new(Arc::new(Here { engine, total }));
    tonic::transport::Server::builder()
        .add_service(ClusterServiceServer::new(cluster))
        .serve_with_incoming_shutdown(incoming, stop.cancelled())
        .await
        .map_err(Failure::failed)
}

/// The engine of this process.
struct Here {
    engine: EngineHandle,
    total: u16,
}

#[async_trait]
impl Partitions for Here {
    fn total(&self) -> u16 {
        self.total
    }

    async fn status(&self) -> Result<Vec<PartitionStatus>, StatusError> {
        let all = self.engine.partition_status().await;
        let all = all.map_err(|error| StatusError::Unavailable(error.to_string()))?;
        let owner = format!("process {}", std::process::id());
        let now = now();
        Ok(all
            .into_iter()
            .map(|one| PartitionStatus {
                partition: one.partition,
                owner: owner.clone(),
                epoch: one.epoch,
                cursor: one.cursor,
                end: one.end,
                lag: one.lag,
                last_checkpoint_at: i64::try_from(one.checkpoint_age_ms)
                    .ok()
                    .and_then(|age_ms| age_ms.checked_mul(-1_000_000))
                    .map(|nanos| now.saturating_add_nanos(nanos)),
                sinks: one
                    .sinks
                    .into_iter()
                    .map(|sink| SinkLag {
                        name: sink.sink.into(),
                        unacknowledged: sink.pending,
                    })
                    .collect(),
            })
            .collect())
    }
}
