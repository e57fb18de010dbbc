//! The bonus-engine gateway: a grant's life, and the operator's endpoint called once per key.
//!
//! It takes what the engine says about grants, keeps each grant's state durably, and asks the operator to credit it, or to take it
//! back. A call whose outcome is not known is made again with the same idempotency key, for as long as it takes and over restarts;
//! it is never issued anew.

mod backoff;
mod grant;
mod grants;
mod ingest;
mod operator;
mod postback;
mod routes;
mod service;
pub mod stand_in;
pub mod webhook;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use inbox::{Inbox, Listeners, ServeError, Server};
use proto::bonus::v1::bonus_service_server::BonusServiceServer;
use telemetry::Exporter;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

pub use backoff::Backoff;

pub use ingest::{Ingest, IngestConfig, IngestError};
pub use operator::{OperatorConfig, OperatorError};
pub use postback::{NotAppended, Postback, Postbacks, SOURCE};

/// Its name as a sink.
pub const NAME: &str = "bonus-engine";

/// The types of emission it takes.
pub const TYPES: [&str; 3] = ["grant_offered", "grant_claimed", "grant_revoked"];

/// Its configuration.
#[derive(Clone)]
pub struct Config {
    /// Where it keeps its journal and tables.
    pub folder: PathBuf,
    /// Whom it calls.
    pub operator: OperatorConfig,
    /// Where the operator's reports go; `None`: they wait here.
    pub postbacks: Option<Arc<dyn Postbacks>>,
}

/// Why the gateway ended before it was told to.
#[derive(Debug, Error)]
pub enum RunError {
    /// What it was told about the operator is wrong.
    #[error("operator: {0}")]
    Operator(#[from] OperatorError),
    /// A server or the inbox ended.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Runs the gateway until `shutdown` is cancelled, or until it can't go on.
pub async fn run(
    config: Config,
    listeners: Listeners,
    exporter: Exporter,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let operator = operator::Operator::new(&config.operator)?;
    let inbox = Inbox::<grants::Grants>::open(&config.folder, NAME).await;
    let inbox = inbox.map_err(ServeError::from)?;
    let calling = shutdown.child_token();
    let worker = worker::Worker::new(inbox.clone(), operator, &config.operator, calling.clone());
    let worker = tokio::spawn(worker.run());
    let reporter = config.postbacks.map(|to| {
        let reporter = postback::Reporter {
            inbox: inbox.clone(),
            to,
            backoff: config.operator.backoff,
            shutdown: calling.clone(),
        };
        tokio::spawn(reporter.run())
    });
    let mut services = RoutesBuilder::default();
    services.add_service(BonusServiceServer::new(service::Bonus(inbox.clone())));
    let server = Server {
        inbox: inbox.clone(),
        listeners,
        exporter,
        shutdown,
    };
    let served = server.run(services, routes::routes).await;
    calling.cancel();
    if let Err(error) = worker.await {
        tracing::error!(%error, "the worker ended badly: its calls are made again at the next start");
    }
    if let Some(reporter) = reporter
        && let Err(error) = reporter.await
    {
        tracing::error!(%error, "the reporter ended badly: reports go to the log after the next start");
    }
    served?;
    Ok(inbox.close().await.map_err(ServeError::from)?)
}
