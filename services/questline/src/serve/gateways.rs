//! The two gateways: in this process behind loopback gRPC, or wherever they are.

use std::fmt::Display;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use bonus_engine_service::{Ingest, Postbacks};
use engine_service::GrpcSink;
use inbox::Listeners;
use ports::EmissionSink;
use telemetry::Exporter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Config, GatewaySection, Role};
use crate::exit::Failure;

/// What the rest of the server needs to know of the gateways.
#[derive(Default)]
pub(super) struct Gateways {
    /// Where the engine sends emissions.
    pub(super) sinks: Vec<Arc<dyn EmissionSink>>,
    /// Where each is asked.
    pub(super) addresses: Vec<(&'static str, String)>,
}

/// Starts those that run here; for the others, finds out where they are. `here`: the log, where it is in this process.
pub(super) fn start(
    config: &Config,
    here: Option<Arc<dyn Postbacks>>,
    exporter: &Exporter,
    stop: &CancellationToken,
    tasks: &mut JoinSet<Result<(), Failure>>,
) -> Result<Gateways, Failure> {
    let mut found = Gateways::default();
    let usual = Config::default();
    let (exporter, stop) = (exporter.clone(), stop.clone());
    let (folder, ending, measured) = (config.data.clone(), stop.clone(), exporter.clone());
    let notifications = Gateway {
        name: notifications_service::NAME,
        role: Role::Notifications,
        section: &config.notifications,
        usual: &usual.notifications,
    };
    found.gateway(config, &notifications, tasks, move |listeners| {
        let folder = folder.join(notifications_service::NAME);
        let config = notifications_service::Config { folder };
        notifications_service::run(config, listeners, measured, ending)
    })?;
    let bonus = &config.bonus_engine;
    let postbacks = match &bonus.ingest {
        Some(ingest) => {
            let ingest = Ingest::new(ingest).map_err(Failure::bad_input)?;
            Some(Arc::new(ingest) as Arc<dyn Postbacks>)
        }
        None => here,
    };
    let bonus_config = bonus_engine_service::Config {
        folder: config.data.join(bonus_engine_service::NAME),
        operator: bonus.operator.clone(),
        postbacks,
    };
    let bonus_engine = Gateway {
        name: bonus_engine_service::NAME,
        role: Role::BonusEngine,
        section: &bonus.gateway(),
        usual: &usual.bonus_engine.gateway(),
    };
    found.gateway(config, &bonus_engine, tasks, move |listeners| {
        bonus_engine_service::run(bonus_config, listeners, exporter, stop)
    })?;
    Ok(found)
}

/// One of them.
struct Gateway<'a> {
    name: &'static str,
    role: Role,
    section: &'a GatewaySection,
    usual: &'a GatewaySection,
}

impl Gateways {
    /// Starts it, where it runs here, and says where the engine reaches it.
    fn gateway<R, E>(
        &mut self,
        config: &Config,
        gateway: &Gateway<'_>,
        tasks: &mut JoinSet<Result<(), Failure>>,
        run: impl FnOnce(Listeners) -> R,
    ) -> Result<(), Failure>
    where
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let Gateway {
            name,
            role,
            section,
            usual,
        } = *gateway;
        let mut endpoint = section.endpoint.clone();
        if config.runs(role) {
            let (listeners, at, http) = listen(
                bind_or_any(section.grpc, usual.grpc)?,
                bind_or_any(section.http, usual.http)?,
            )?;
            self.addresses.push((name, http));
            if !config.runs(Role::Engine) {
                self.addresses.push(("emissions", at.clone()));
            }
            endpoint = Some(at);
            let running = run(listeners);
            tasks.spawn(async { running.await.map_err(Failure::failed) });
        }
        if !config.runs(Role::Engine) {
            return Ok(());
        }
        let Some(endpoint) = endpoint else {
            return Err(Failure::bad_usage(format!(
                "where is {name}? Run it here (--role) or name its endpoint in the configuration: [{}] endpoint = \"http://host:port\"",
                name.replace('-', "_")
            )));
        };
        let types = section.types.iter().map(String::as_str);
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
    TcpListener::bind(address).map_err(|why| {
        let hint = match why.kind() {
            ErrorKind::AddrInUse => "; name another one: --http, --grpc, --admin, or a setting",
            _ => "",
        };
        Failure::failed(format!("cannot listen at {address}: {why}{hint}"))
    })
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
