//! Connections, and what the server says of itself when one is made.

use std::error::Error as _;
use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event};
use tokio::sync::watch;

use crate::error::OpenError;
use crate::frame;
use crate::settings::{Login, Settings, Tls};
use crate::version;

/// How long one attempt to connect takes at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A silent connection is known to be dead after about two of these.
const PING_INTERVAL: Duration = Duration::from_secs(2);
/// The longest wait between two attempts to reconnect.
const RECONNECT_MAX: Duration = Duration::from_millis(500);

/// A connection that mends itself.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// Whether it is up.
    pub(crate) up: watch::Receiver<bool>,
}

/// Connects.
pub(crate) async fn connect(settings: &Settings, login: &Login) -> Result<Connection, OpenError> {
    let (sender, up) = watch::channel(true);
    let options = ConnectOptions::new()
        .name(format!("questline {}", settings.cluster))
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .max_reconnects(None)
        .reconnect_delay_callback(|attempt| {
            let doubled = Duration::from_millis(10 << attempt.min(8));
            doubled.min(RECONNECT_MAX)
        })
        .event_callback(move |event| {
            match event {
                Event::Connected => drop(sender.send_replace(true)),
                Event::Disconnected | Event::Closed => drop(sender.send_replace(false)),
                _ => tracing::warn!(%event, "NATS"),
            }
            async {}
        });
    let options = with_login(options, login)
        .await
        .map_err(|why| OpenError::Login {
            servers: settings.servers.join(", "),
            why,
        })?;
    let client = with_tls(options, &settings.tls)
        .connect(settings.servers.as_slice())
        .await
        .map_err(|error| explained(settings, &error))?;
    Ok(Connection { client, up })
}

async fn with_login(options: ConnectOptions, login: &Login) -> Result<ConnectOptions, String> {
    Ok(match login {
        Login::Anonymous => options,
        Login::User { user, password } => options.user_and_password(user.clone(), password.clone()),
        Login::Token(token) => options.token(token.clone()),
        Login::Credentials(file) => options
            .credentials_file(file)
            .await
            .map_err(|error| format!("{}: {error}", file.display()))?,
    })
}

fn with_tls(mut options: ConnectOptions, tls: &Tls) -> ConnectOptions {
    options = options.require_tls(tls.required);
    if let Some(roots) = &tls.roots {
        options = options.add_root_certificates(roots.clone());
    }
    if let Some((certificate, key)) = &tls.client {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

fn explained(settings: &Settings, error: &ConnectError) -> OpenError {
    let servers = settings.servers.join(", ");
    let why = error.to_string();
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            OpenError::Login { servers, why }
        }
        ConnectErrorKind::Tls => OpenError::Tls { servers, why },
        _ if failed_in_tls(error) => OpenError::Tls { servers, why },
        ConnectErrorKind::ServerParse => OpenError::Settings(why),
        _ => OpenError::Unavailable { servers, why },
    }
}

/// A handshake that fails comes as an error of the socket, with the handshake's own inside.
fn failed_in_tls(error: &ConnectError) -> bool {
    let socket = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>());
    socket.is_some_and(|socket| {
        let inside = socket.get_ref();
        inside.is_some_and(|inside| inside.is::<async_nats::rustls::Error>())
            || socket.to_string().starts_with("tls handshake")
    })
}

/// What the connected server says of itself suffices.
pub(crate) fn check_server(client: &Client) -> Result<(), OpenError> {
    let info = client.server_info();
    version::check(&info.server_name, &info.version)?;
    let server = info.server_name;
    if !info.jetstream {
        return Err(OpenError::NoJetStream { server });
    }
    if info.max_payload < frame::BYTES_MAX {
        return Err(OpenError::MaxPayload {
            server,
            bytes: info.max_payload,
            needed: frame::BYTES_MAX,
        });
    }
    Ok(())
}
