//! Where the log and the store are: embedded in the data folder, or a cluster's.

use std::path::PathBuf;
use std::time::Duration;

use log_jetstream::{Clock, Login, Settings, Syncing, Tls};
use serde::{Deserialize, Serialize};
use store_cql::{CqlConfig, Secret};

use super::keep::Keep;
use crate::exit::Failure;

/// Partitions of a new log on JetStream where none are named.
const PARTITIONS: u16 = 64;

/// How long a log on JetStream keeps what nothing needs any more where nothing is said: its streams are bounded, and a full one refuses.
const JETSTREAM_KEEPS: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSection {
    /// Where it is.
    pub(crate) kind: LogKind,
    /// How long it keeps what nothing needs any more; absent: for ever in the data folder, 30 days on JetStream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retention: Option<Keep>,
    /// NATS JetStream, where it is there.
    pub(crate) jetstream: JetStream,
}

impl LogSection {
    /// How long what nothing needs any more is kept; absent: for ever.
    pub(crate) fn keep(&self) -> Option<Duration> {
        match (&self.retention, self.kind) {
            (Some(keep), _) => keep.time(),
            (None, LogKind::Embedded) => None,
            (None, LogKind::JetStream) => Some(JETSTREAM_KEEPS),
        }
    }
}

/// Where the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogKind {
    /// In the data folder.
    #[default]
    Embedded,
    /// On NATS JetStream.
    JetStream,
}

/// The store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreSection {
    /// Where it is.
    pub(crate) kind: StoreKind,
    /// ScyllaDB or Cassandra, where it is there.
    pub(crate) cql: CqlConfig,
}

/// Where the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreKind {
    /// In the data folder.
    #[default]
    Embedded,
    /// On ScyllaDB or Cassandra.
    Cql,
}

/// NATS JetStream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JetStream {
    /// Any of the servers: `nats://host:port`, or `tls://host:port`.
    pub(crate) servers: Vec<String>,
    /// The Questline cluster that owns the log.
    pub(crate) cluster: String,
    /// Begins the names of streams and subjects.
    pub(crate) prefix: String,
    /// How many streams the partitions lie in.
    pub(crate) streams: u16,
    /// Copies of every message.
    pub(crate) replicas: usize,
    /// What each stream may take on each server, in MiB.
    pub(crate) stream_mib: u64,
    /// As whom.
    pub(crate) login: LoginSection,
    /// A login of the system account, with which is seen that the servers sync before they acknowledge.
    pub(crate) system: LoginSection,
    /// Accept knowingly that they may not.
    pub(crate) accept_unsynced: bool,
    /// Certificates.
    pub(crate) tls: TlsSection,
    /// How long one append is tried, in milliseconds.
    pub(crate) append_timeout_ms: u64,
    /// How long the start waits for the servers, in milliseconds.
    pub(crate) open_timeout_ms: u64,
}

impl Default for JetStream {
    fn default() -> Self {
        Self {
            servers: vec!["nats://127.0.0.1:4222".to_owned()],
            cluster: "questline".to_owned(),
            prefix: "questline".to_owned(),
            streams: 16,
            replicas: 3,
            stream_mib: 16 << 10,
            login: LoginSection::default(),
            system: LoginSection::default(),
            accept_unsynced: false,
            tls: TlsSection::default(),
            append_timeout_ms: 12_000,
            open_timeout_ms: 30_000,
        }
    }
}

/// User and password, or a token, or a credentials file; nothing of it: no login.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoginSection {
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<Secret>,
    /// A token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Secret>,
    /// A credentials file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<PathBuf>,
}

impl LoginSection {
    fn login(&self, place: &str) -> Result<Login, Failure> {
        match (&self.user, &self.password, &self.token, &self.credentials) {
            (None, None, None, None) => Ok(Login::Anonymous),
            (Some(user), Some(password), None, None) => Ok(Login::User {
                user: user.clone(),
                password: password.reveal().to_owned(),
            }),
            (None, None, Some(token), None) => Ok(Login::Token(token.reveal().to_owned())),
            (None, None, None, Some(file)) => Ok(Login::Credentials(file.clone())),
            _ => Err(Failure::bad_usage(format!(
                "[{place}] has either user and password, or token, or credentials"
            ))),
        }
    }
}

/// Certificates.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsSection {
    /// Never speak without TLS.
    pub(crate) required: bool,
    /// PEM file of root certificates besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    /// PEM file of the own certificate; then `key` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
}

impl JetStream {
    /// The settings of the adapter.
    pub(crate) fn settings(
        &self,
        partitions: Option<u16>,
        clock: Clock,
    ) -> Result<Settings, Failure> {
        let system = self.system.login("log.jetstream.system")?;
        let syncing = match (self.accept_unsynced, system) {
            (true, _) => Syncing::Accepted,
            (false, Login::Anonymous) => {
                return Err(Failure::bad_usage(
                    "whether NATS syncs before it acknowledges is seen through its system account: give its login in \
                     [log.jetstream.system], or set [log.jetstream] accept_unsynced = true to accept not knowing",
                ));
            }
            (false, system) => Syncing::Verified { system },
        };
        let client = match (&self.tls.certificate, &self.tls.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            _ => {
                return Err(Failure::bad_usage(
                    "[log.jetstream.tls] certificate and key come together",
                ));
            }
        };
        let partitions = partitions.unwrap_or(PARTITIONS);
        Ok(Settings {
            login: self.login.login("log.jetstream.login")?,
            tls: Tls {
                required: self.tls.required,
                roots: self.tls.ca.clone(),
                client,
            },
            prefix: self.prefix.clone(),
            partitions,
            streams: self.streams.min(partitions),
            replicas: self.replicas,
            stream_bytes: self.stream_mib.saturating_mul(1 << 20),
            clock,
            append_timeout: Duration::from_millis(self.append_timeout_ms),
            open_timeout: Duration::from_millis(self.open_timeout_ms),
            ..Settings::new(self.servers.clone(), self.cluster.clone(), syncing)
        })
    }
}
