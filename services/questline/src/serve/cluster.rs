//! What a node says of its partitions, and to ingest nodes of its players, over gRPC.

use std::net::TcpListener;
use std::sync::Arc;

use embedded::backup::Source;
use engine_service::{Cluster, Node};
use ingest_service::{Asked, Queries};
use proto::cluster::v1::backup_service_server::BackupServiceServer;
use proto::cluster::v1::cluster_service_server::ClusterServiceServer;
use proto::cluster::v1::query_service_server::QueryServiceServer;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;

use super::backup::Backups;
use crate::exit::Failure;

/// Serves `ClusterService`, `QueryService` and, over a data folder, `BackupService` until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    node: Node,
    queries: Arc<dyn Queries>,
    folder: Option<Source>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    listener.set_nonblocking(true)?;
    let incoming = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
    let cluster = Cluster::new(Arc::new(node));
    tonic::transport::Server::builder()
        .add_service(ClusterServiceServer::new(cluster))
        .add_service(QueryServiceServer::new(Asked::new(queries)))
        .add_optional_service(folder.map(|folder| BackupServiceServer::new(Backups(folder))))
        .serve_with_incoming_shutdown(incoming, stop.cancelled())
        .await
        .map_err(Failure::failed)
}
