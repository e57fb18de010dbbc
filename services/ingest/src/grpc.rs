//! The gRPC API, with health and reflection.

mod players;
mod programmes;
mod publish;
mod status;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use proto::ingest::v1::ingest_service_server::IngestServiceServer;
use proto::player::v1::player_service_server::PlayerServiceServer;
use proto::programme::v1::programme_service_server::ProgrammeServiceServer;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use self::players::Players;
use self::programmes::Editing;
use self::publish::Ingest;
use crate::http::authorize;
use crate::intake::Intake;
use crate::keys::{Caller, Keys, Scope};
use crate::problem::Problem;
use crate::serve::ServeError;

/// Calls of one connection that run at once; more wait.
const CALLS_AT_ONCE: usize = 128;
/// Silence after which a connection is asked whether it is alive, and then dropped.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// What protobuf adds to a request's events: the frame and the request's own fields.
const MESSAGE_OVERHEAD: usize = 16 * 1024;

/// What every call has.
#[derive(Clone)]
pub(crate) struct Shared {
    intake: Arc<Intake>,
    keys: Arc<Keys>,
}

impl Shared {
    /// The caller, who must have the scope.
    fn caller(
        &self,
        metadata: &tonic::metadata::MetadataMap,
        scope: Scope,
    ) -> Result<Arc<Caller>, Problem> {
        let header = metadata
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        authorize(header, &self.keys, scope)
    }
}

/// Serves until `shutdown`, then lets open calls end.
pub(crate) async fn serve(
    listener: TcpListener,
    intake: Arc<Intake>,
    keys: Arc<Keys>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    listener.set_nonblocking(true)?;
    let incoming = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
    let bytes_max = intake.config.body_bytes_max + MESSAGE_OVERHEAD;
    let timeout = intake.config.read_timeout + intake.config.wait_timeout;
    let shared = Shared { intake, keys };
    let ingest =
        IngestServiceServer::new(Ingest(shared.clone())).max_decoding_message_size(bytes_max);
    let editing =
        ProgrammeServiceServer::new(Editing(shared.clone())).max_decoding_message_size(bytes_max);
    let players = PlayerServiceServer::new(Players(shared)).max_decoding_message_size(bytes_max);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<IngestServiceServer<Ingest>>().await;
    health.set_serving::<PlayerServiceServer<Players>>().await;
    health
        .set_serving::<ProgrammeServiceServer<Editing>>()
        .await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    Server::builder()
        .concurrency_limit_per_connection(CALLS_AT_ONCE)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .tcp_nodelay(true)
        .timeout(timeout)
        .add_service(ingest)
        .add_service(players)
        .add_service(editing)
        .add_service(health_service)
        .add_service(reflection)
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned())
        .await?;
    Ok(())
}
