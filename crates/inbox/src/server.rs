//! The servers around an inbox, from start to graceful end.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use proto::emission::v1::emission_service_server::EmissionServiceServer;
use telemetry::Exporter;
use thiserror::Error;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

use crate::error;
use crate::inbox::Inbox;
use crate::projection::Projection;
use crate::service::Receiver;

/// The largest gRPC message that is read. The engine sends at most 1 MiB and one emission.
const MESSAGE_BYTES: usize = 8 << 20;
/// A peer that answers no ping for so long is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long HTTP requests may take to end after a stop.
const HTTP_GRACE_SECONDS: u64 = 5;

/// Where a gateway listens.
#[derive(Debug)]
pub struct Listeners {
    /// gRPC: emissions, health, reflection.
    pub grpc: TcpListener,
    /// HTTP: lists, `/healthz`, `/readyz`, `/metrics`.
    pub http: TcpListener,
}

/// Why a gateway ended before it was told to.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The inbox.
    #[error("inbox: {0}")]
    Inbox(#[from] error::Error),
    /// A listener.
    #[error("HTTP: {0}")]
    Http(#[from] io::Error),
    /// The gRPC server.
    #[error("gRPC: {0}")]
    Grpc(#[from] tonic::transport::Error),
    /// Reflection's descriptors.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A gateway's servers, ready to run.
pub struct Server<P> {
    /// Where emissions go.
    pub inbox: Inbox<P>,
    /// Where it listens.
    pub listeners: Listeners,
    /// What `/metrics` shows.
    pub exporter: Exporter,
    /// Ends it.
    pub shutdown: CancellationToken,
}

impl<P: Projection> Server<P> {
    /// Serves `EmissionService` and `services` over gRPC, and `routes` over HTTP, until it is shut down or can't go on. Streams end
    /// first, then requests; the inbox stays open, for its owner to close.
    pub async fn run<C>(self, mut services: RoutesBuilder, routes: C) -> Result<(), ServeError>
    where
        C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        // Whatever ends first ends the others, without ending what the caller's token also ends.
        let stop = self.shutdown.child_token();
        let receiver = Receiver::new(self.inbox.clone(), stop.clone());
        services.add_service(
            EmissionServiceServer::new(receiver).max_decoding_message_size(MESSAGE_BYTES),
        );
        let http = http(self.listeners.http, &self.inbox, self.exporter, routes)?;
        let handle = http.handle();
        let ending = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.inbox.stopped() => stop.cancel(),
            }
            handle.stop(true).await;
        };
        let grpc = async {
            let served = grpc(self.listeners.grpc, services, stop.clone()).await;
            stop.cancel();
            served
        };
        let http = async {
            let served = http.await;
            stop.cancel();
            served
        };
        let (grpc, http, ()) = tokio::join!(grpc, http, ending);
        grpc?;
        http?;
        if self.inbox.is_running() {
            Ok(())
        } else {
            Err(error::Error::Stopped.into())
        }
    }
}

async fn grpc(
    listener: TcpListener,
    mut services: RoutesBuilder,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health
        .set_service_status(
            "questline.emission.v1.EmissionService",
            tonic_health::ServingStatus::Serving,
        )
        .await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    services.add_service(health_service);
    services.add_service(reflection);
    listener.set_nonblocking(true)?;
    let incoming = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
    tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .add_routes(services.routes())
        .serve_with_incoming_shutdown(incoming, stop.cancelled())
        .await?;
    Ok(())
}

fn http<P, C>(
    listener: TcpListener,
    inbox: &Inbox<P>,
    exporter: Exporter,
    routes: C,
) -> Result<actix_web::dev::Server, ServeError>
where
    P: Projection,
    C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let inbox = inbox.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(inbox.clone()))
            .app_data(Data::new(exporter.clone()))
            .route("/healthz", web::get().to(HttpResponse::Ok))
            .route("/readyz", web::get().to(ready::<P>))
            .route("/metrics", web::get().to(scrape))
            .configure(routes.clone())
    });
    Ok(server
        .workers(1)
        .disable_signals()
        .shutdown_timeout(HTTP_GRACE_SECONDS)
        .listen(listener)?
        .run())
}

async fn ready<P: Projection>(inbox: Data<Inbox<P>>) -> HttpResponse {
    if inbox.is_running() {
        HttpResponse::Ok().finish()
    } else {
        HttpResponse::ServiceUnavailable().finish()
    }
}

async fn scrape(exporter: Data<Exporter>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(exporter.render())
}
