//! Why a log does not open. Every message says what to set.

use thiserror::Error;

/// Why a log does not open. Nothing was written to an existing log.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The settings contradict themselves.
    #[error("log settings: {0}")]
    Settings(String),
    /// No server answers, or the cluster has no leader yet.
    #[error(
        "NATS at {servers} does not answer: {why}; start it, or correct the addresses of the log's servers"
    )]
    Unavailable {
        /// The servers that were tried.
        servers: String,
        /// The last answer.
        why: String,
    },
    /// The server does not know this user.
    #[error(
        "NATS at {servers} refuses the login of the log ({why}): correct user and password, token or credentials file"
    )]
    Login {
        /// The servers that were tried.
        servers: String,
        /// Its answer.
        why: String,
    },
    /// The server wants TLS, or it does not offer it, or the certificates do not fit.
    #[error(
        "no TLS with NATS at {servers} ({why}): name the server as tls://.. and give the certificates it expects, or take TLS off on both sides"
    )]
    Tls {
        /// The servers that were tried.
        servers: String,
        /// What went wrong.
        why: String,
    },
    /// The server is older than what the log rests on.
    #[error(
        "NATS server {server} is version {version}; the log needs {needed} or later: upgrade every server of the cluster"
    )]
    TooOld {
        /// Its name.
        server: String,
        /// What it runs.
        version: String,
        /// What is needed.
        needed: String,
    },
    /// The server has no JetStream for this account.
    #[error(
        "NATS server {server} has no JetStream for this login: set `jetstream {{ store_dir: .. }}` in the server and `jetstream: enabled` in the account"
    )]
    NoJetStream {
        /// Its name.
        server: String,
    },
    /// A log message would not fit.
    #[error(
        "NATS server {server} takes messages up to {bytes} bytes, a log message may have {needed}: set `max_payload: 8MB` in every server"
    )]
    MaxPayload {
        /// Its name.
        server: String,
        /// What it takes.
        bytes: usize,
        /// What is needed.
        needed: usize,
    },
    /// The server acknowledges before it syncs.
    #[error(
        "NATS server {server} syncs its files every {seconds} s, after it acknowledged: a power failure loses what was acknowledged; set `sync_interval: always` in `jetstream {{}}` of every server, or accept that loss knowingly (`Syncing::Accepted`)"
    )]
    LazySync {
        /// Its name.
        server: String,
        /// The interval.
        seconds: u64,
    },
    /// Whether the servers sync before they acknowledge cannot be seen.
    #[error(
        "whether NATS syncs before it acknowledges cannot be seen: {0}; give a login of the system account (`Syncing::Verified`), or accept not knowing (`Syncing::Accepted`)"
    )]
    SyncUnseen(String),
    /// The cluster cannot hold so many replicas.
    #[error(
        "the log asks for {replicas} replicas and NATS cannot place them ({why}): run at least {replicas} servers with JetStream in one cluster, or ask for fewer replicas"
    )]
    Replicas {
        /// How many were asked for.
        replicas: usize,
        /// The server's answer.
        why: String,
    },
    /// The cluster has no room for the stream's bytes.
    #[error(
        "NATS cannot reserve {bytes} bytes for stream {stream} ({why}): raise `max_file_store` of the servers or the account's limit, or lower the log's bytes for each stream"
    )]
    NoRoom {
        /// The stream.
        stream: String,
        /// What was asked for.
        bytes: u64,
        /// The server's answer.
        why: String,
    },
    /// A stream is not as the code makes it.
    #[error(
        "stream {stream} has {field} = {found}, this log makes it {wanted}: somebody changed it; change it back, or change the setting that says {wanted}"
    )]
    Drift {
        /// The stream.
        stream: String,
        /// The name of the field in the stream's configuration.
        field: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A subject of the log belongs to another stream.
    #[error(
        "subjects of stream {stream} are taken by another stream ({why}): choose another prefix, or remove that stream"
    )]
    Overlap {
        /// Our stream.
        stream: String,
        /// The server's answer.
        why: String,
    },
    /// The log was made with other numbers.
    #[error(
        "the log {prefix} was made with {field} = {made} and cannot be opened with {asked}: it is fixed for ever; leave the setting at {made}, or use a new prefix"
    )]
    Fixed {
        /// The log's prefix.
        prefix: String,
        /// What is fixed.
        field: &'static str,
        /// What it was made with.
        made: String,
        /// What was asked for.
        asked: String,
    },
    /// Another Questline cluster owns the prefix.
    #[error(
        "the log {prefix} belongs to the cluster {owner}, and this node is of {asked}: give each cluster a prefix of its own"
    )]
    OtherCluster {
        /// The log's prefix.
        prefix: String,
        /// Who made it.
        owner: String,
        /// Who asks.
        asked: String,
    },
    /// A stream of the log is gone.
    #[error(
        "stream {stream} of the log is missing: restore it from a backup; if the log is lost as a whole, remove the other streams of its prefix too and start anew"
    )]
    Missing {
        /// The stream.
        stream: String,
    },
    /// What stands in the control stream is not ours.
    #[error("stream {stream} does not say what log this is ({why}): restore it from a backup")]
    Identity {
        /// The control stream.
        stream: String,
        /// What is wrong.
        why: String,
    },
}
