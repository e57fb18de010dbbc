//! Everything together, from listeners to a clean end.

use std::net::TcpListener;
use std::sync::Arc;

use people::People;
use ports::EventLog;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::appender::Appender;
use crate::budget::Budget;
use crate::config::Config;
use crate::intake::Intake;
use crate::keys::Keys;
use crate::people::Telling;
use crate::programmes::Programmes;
use crate::queries::Queries;
use crate::rate::Rates;
use crate::{grpc, http};

/// Sockets that are bound already, so that whoever binds them knows their ports.
#[derive(Debug)]
pub struct Listeners {
    /// HTTP API.
    pub http: TcpListener,
    /// gRPC API.
    pub grpc: TcpListener,
    /// Probes and metrics; `None` where another part of the process serves them.
    pub admin: Option<TcpListener>,
}

/// What the service stands on.
#[derive(Clone)]
pub struct Deps {
    /// Where events go.
    pub log: Arc<dyn EventLog>,
    /// Who answers about players.
    pub queries: Arc<dyn Queries>,
    /// Each brand's programme.
    pub programmes: Arc<dyn Programmes>,
    /// Who was erased, and keys that seal what is personal.
    pub people: Arc<People>,
    /// Who may call.
    pub keys: Arc<Keys>,
    /// The process's metrics in the Prometheus text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// Why the service ended by itself.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A socket.
    #[error("a socket failed: {0}")]
    Io(#[from] std::io::Error),
    /// The gRPC server.
    #[error("gRPC failed: {0}")]
    Grpc(#[from] tonic::transport::Error),
    /// The reflection service has no valid descriptors.
    #[error("gRPC reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until `shutdown`: then takes no more requests, lets open ones end and what was handed over become durable.
pub async fn run(
    config: Config,
    listeners: Listeners,
    deps: Deps,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let mut pumps = JoinSet::new();
    let intake = Arc::new(Intake {
        config,
        programmes: deps.programmes,
        log: deps.log.clone(),
        people: deps.people.clone(),
        queries: deps.queries.clone(),
        appender: Appender::start(&deps.log, &mut pumps),
        budget: Budget::new(config.in_flight_bytes_max),
        rates: Rates::new(config.events_per_second),
        previewing: Semaphore::new(1),
    });
    let telling = Telling {
        people: deps.people,
        appender: intake.appender.clone(),
        budget: intake.budget.clone(),
        clock: intake.config.clock,
    };
    let telling = tokio::spawn(shutdown.clone().run_until_cancelled_owned(telling.run()));
    let http = http::server(listeners.http, intake.clone(), deps.keys.clone(), deps.log)?;
    let admin = Admin {
        queries: deps.queries,
        metrics: deps.metrics,
    };
    let admin = listeners
        .admin
        .map(|listener| admin::server(listener, admin))
        .transpose()?;
    let stop_http = stop_when(&shutdown, http.handle(), true);
    let stop_admin = admin
        .as_ref()
        .map(|admin| stop_when(&shutdown, admin.handle(), false));
    let grpc = grpc::serve(listeners.grpc, intake, deps.keys, shutdown.clone());
    let http = async { http.await.map_err(ServeError::from) };
    let admin = async {
        match admin {
            Some(admin) => admin.await.map_err(ServeError::from),
            None => Ok(()),
        }
    };
    // One that fails takes the others down with it.
    let result = tokio::try_join!(
        ends(http, &shutdown),
        ends(grpc, &shutdown),
        ends(admin, &shutdown)
    );
    shutdown.cancel();
    drop(stop_http.await);
    if let Some(stop) = stop_admin {
        drop(stop.await);
    }
    // Ended by the shutdown, whatever it was about to say.
    drop(telling.await);
    // The servers are gone and with them every appender: the pumps end when what they hold is durable.
    while pumps.join_next().await.is_some() {}
    result.map(|_| ())
}

/// Serves probes and metrics alone, until `shutdown`: for a process that takes no events.
pub async fn probes(
    listener: TcpListener,
    queries: Arc<dyn Queries>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let server = admin::server(listener, Admin { queries, metrics })?;
    let stop = stop_when(&shutdown, server.handle(), false);
    let result = ends(async { server.await.map_err(ServeError::from) }, &shutdown).await;
    drop(stop.await);
    result
}

// When one server ends, for whatever reason, all do.
async fn ends<F>(server: F, shutdown: &CancellationToken) -> Result<(), ServeError>
where
    F: Future<Output = Result<(), ServeError>>,
{
    let result = server.await;
    shutdown.cancel();
    result
}

fn stop_when(
    shutdown: &CancellationToken,
    server: actix_web::dev::ServerHandle,
    graceful: bool,
) -> tokio::task::JoinHandle<()> {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        shutdown.cancelled().await;
        server.stop(graceful).await;
    })
}
