//! The HTTP API.

mod answer;
mod auth;
mod body;
mod clock;
mod commands;
mod format;
mod history;
mod observe;
mod page;
mod people;
mod players;
mod programme;
mod publish;
mod routes;
mod unread;

use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use ports::EventLog;
use std::net::TcpListener;

pub(crate) use auth::authorize;
pub(crate) use page::{Page, before};
pub use routes::ROUTES;

use crate::intake::Intake;
use crate::keys::Keys;

/// How long a client has to read an answer before its connection is ended with its request unread. Not below a second: actix
/// counts from a clock that may be half a second behind, and a time that has passed already ends nothing.
const LINGER: Duration = Duration::from_secs(2);

/// What every handler has.
pub(crate) struct Shared {
    pub(crate) intake: Arc<Intake>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) log: Arc<dyn EventLog>,
}

/// The server, to be awaited; stopped by its handle.
pub(crate) fn server(
    listener: TcpListener,
    intake: Arc<Intake>,
    keys: Arc<Keys>,
    log: Arc<dyn EventLog>,
) -> std::io::Result<actix_web::dev::Server> {
    let config = intake.config;
    let shared = web::Data::new(Shared { intake, keys, log });
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .wrap(from_fn(observe::observe))
            .configure(routes::configure)
    };
    let server = HttpServer::new(app)
        .workers(config.workers)
        .max_connections(config.connections_max)
        .client_request_timeout(config.read_timeout)
        .client_disconnect_timeout(LINGER)
        .shutdown_timeout(config.drain_timeout.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
