//! The two gateways: in this process behind loopback gRPC, or wherever they are.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use engine_service::GrpcSink;
use inbox::Listeners;
use ports::EmissionSink;
use telemetry::Exporter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Config, Role};
use crate::exit::Failure;

/// What the rest of the server needs to know of the gateways.
#[derive(Default)]
pub(super) struct Gateways {
    /// Where the engine sends emissions.
    pub(super) sinks: Vec<Arc<dyn EmissionSink>>,
    /// Where each is asked.
    pub(super) addresses: Vec<(&'static str, String)>,
}

/// Starts those that run here; for the others, finds out where they are.
pub(super) fn start(
    config: &Config,
    exporter: &Exporter,
    stop: &CancellationToken,
    tasks: &mut JoinSet<Result<(), Failure>>,
) -> Result<Gateways, Failure> {
    let mut found = Gateways::default();
    let usual = Config::default();
    let mut endpoint = config.notifications.endpoint.clone();
    if config.runs(Role::Notifications) {
        let section = &config.notifications;
        let usual = &usual.notifications;
        let (listeners, at, http) = listen(
            bind_or_any(section.grpc, usual.grpc)?,
            bind_or_any(section.http, usual.http)?,
        )?;
        found.addresses.push((notifications_service::NAME, http));
        endpoint = Some(at);
        let running = notifications_service::run(
            notifications_service::Config {
                folder: config.data.join(notifications_service::NAME),
            },
            listeners,
            exporter.clone(),
            stop.clone(),
        );
        tasks.spawn(async { running.await.map_err(Failure::failed) });
    }
    found.sink(
        config,
        notifications_service::NAME,
        endpoint,
        &config.notifications.types,
    )?;

    let mut endpoint = config.bonus_engine.endpoint.clone();
    if config.runs(Role::BonusEngine) {
        let section = &config.bonus_engine;
        let usual = &usual.bonus_engine;
        let (listeners, at, http) = listen(
            bind_or_any(section.grpc, usual.grpc)?,
            bind_or_any(section.http, usual.http)?,
        )?;
        found.addresses.push((bonus_engine_service::NAME, http));
        endpoint = Some(at);
        let running = bonus_engine_service::run(
            bonus_engine_service::Config {
                folder: config.data.join(bonus_engine_service::NAME),
                operator: section.operator.clone(),
            },
            listeners,
            exporter.clone(),
            stop.clone(),
        );
        tasks.spawn(async { running.await.map_err(Failure::failed) });
    }
    found.sink(
        config,
        bonus_engine_service::NAME,
        endpoint,
        &config.bonus_engine.types,
    )?;
    Ok(found)
}

impl Gateways {
    fn sink(
        &mut self,
        config: &Config,
        name: &'static str,
        endpoint: Option<String>,
        types: &[String],
    ) -> Result<(), Failure> {
        if !config.runs(Role::Engine) {
            return Ok(());
        }
        let Some(endpoint) = endpoint else {
            return Err(Failure::bad_usage(format!(
                "where is {name}? Run it here (--role) or name its endpoint in the configuration"
            )));
        };
        let types = types.iter().map(String::as_str);
        let sink = GrpcSink::new(name, &endpoint, types).map_err(Failure::bad_input)?;
        self.sinks.push(Arc::new(sink));
        Ok(())
    }
}

/// Both listeners, the endpoint for emissions and the URL for questions.
fn listen(grpc: TcpListener, http: TcpListener) -> Result<(Listeners, String, String), Failure> {
    let (endpoint, url) = (url(&grpc)?, url(&http)?);
    Ok((Listeners { grpc, http }, endpoint, url))
}

/// Listens at an address; a taken one is said with its number.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .map_err(|why| Failure::failed(format!("cannot listen at {address}: {why}")))
}

/// Listens at an address that is said at the start anyway: where it is the `usual` one and taken, at any free port.
pub(super) fn bind_or_any(address: SocketAddr, usual: SocketAddr) -> Result<TcpListener, Failure> {
    match TcpListener::bind(address) {
        Err(why) if why.kind() == ErrorKind::AddrInUse && address == usual => {
            bind(SocketAddr::new(address.ip(), 0))
        }
        Err(_) => bind(address),
        Ok(listener) => Ok(listener),
    }
}

/// The URL of a listener.
pub(super) fn url(listener: &TcpListener) -> Result<String, Failure> {
    Ok(format!("http://{}", listener.local_addr()?))
}
