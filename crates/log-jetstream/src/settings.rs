//! What an operator says about the log.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::OpenError;

/// Subjects in a stream beyond which reading one of them gets dear: a filter walks over the others' messages.
const SUBJECTS_MAX: u16 = 8;

/// Where the log is, and what it has to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Any of the cluster's servers: `nats://host:port`, or `tls://host:port`.
    pub servers: Vec<String>,
    /// As whom.
    pub login: Login,
    /// Certificates, where the servers want TLS.
    pub tls: Tls,
    /// The Questline cluster that owns the log: another one on the same prefix is refused.
    pub cluster: String,
    /// Begins the names of streams and subjects: `[a-z0-9_-]{1,32}`.
    pub prefix: String,
    /// How many partitions; fixed for ever.
    pub partitions: u16,
    /// How many streams they lie in, in equal parts of at most 8; fixed for ever.
    pub streams: u16,
    /// Copies of every message: 3 in production; 1, and then it is as safe as one disk; or 5.
    pub replicas: usize,
    /// Bytes that each stream may take on each server. A full stream refuses appends.
    pub stream_bytes: u64,
    /// What recorded time is; fixed for ever.
    pub clock: Clock,
    /// What is known about syncing.
    pub syncing: Syncing,
    /// How long one append is tried before it fails.
    pub append_timeout: Duration,
    /// How long opening waits for a cluster that has no leader yet.
    pub open_timeout: Duration,
}

/// What recorded time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The stamp of the server that took the message.
    #[default]
    Server,
    /// The entry's own time, where it has one: for replays of history. An entry without one has the time before it.
    Event,
}

/// As whom one speaks to the servers. Never printed.
#[derive(Clone)]
pub enum Login {
    /// Nobody: the server asks for no login.
    Anonymous,
    /// User and password.
    User {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Token(String),
    /// A credentials file: a JWT and its key.
    Credentials(PathBuf),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::User { .. } => "User",
            Self::Token(_) => "Token",
            Self::Credentials(_) => "Credentials",
        })
    }
}

/// Certificates.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Never speak without TLS, whatever the server offers.
    pub required: bool,
    /// A file of root certificates besides the system's.
    pub roots: Option<PathBuf>,
    /// Files of the client's certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Whether the servers sync to disk before they acknowledge, which is a setting of the server (`sync_interval: always`) that an ordinary
/// login cannot see.
#[derive(Clone, Debug)]
pub enum Syncing {
    /// Asked of every server with JetStream, through a login of the system account; refused where one does not.
    Verified {
        /// The login of the system account.
        system: Login,
    },
    /// Not looked at: a power failure in all servers at once may lose what was acknowledged in the last two minutes. Each start says so.
    Accepted,
}

impl Settings {
    /// 64 partitions in 16 streams of three replicas and 16 GiB.
    pub fn new(servers: Vec<String>, cluster: impl Into<String>, syncing: Syncing) -> Self {
        Self {
            servers,
            login: Login::Anonymous,
            tls: Tls::default(),
            cluster: cluster.into(),
            prefix: "questline".to_owned(),
            partitions: 64,
            streams: 16,
            replicas: 3,
            stream_bytes: 16 << 30,
            clock: Clock::Server,
            syncing,
            append_timeout: Duration::from_secs(12),
            open_timeout: Duration::from_secs(30),
        }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let named = |name: &str| {
            (1..=32).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        };
        let problem = if self.servers.is_empty() {
            "name at least one NATS server".to_owned()
        } else if !named(&self.prefix) || !named(&self.cluster) {
            format!(
                "prefix {:?} and cluster {:?} are 1 to 32 of a-z, 0-9, _ and -",
                self.prefix, self.cluster
            )
        } else if self.partitions == 0
            || self.streams == 0
            || !self.partitions.is_multiple_of(self.streams)
            || self.partitions / self.streams > SUBJECTS_MAX
        {
            format!(
                "{} partitions do not lie in {} streams in equal parts of at most {SUBJECTS_MAX}",
                self.partitions, self.streams
            )
        } else if ![1, 3, 5].contains(&self.replicas) {
            format!("{} replicas: 3, 5, or 1 without any safety", self.replicas)
        } else if i64::try_from(self.stream_bytes).is_err() || self.stream_bytes == 0 {
            format!("{} bytes for each stream", self.stream_bytes)
        } else {
            return Ok(());
        };
        Err(OpenError::Settings(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, Syncing};

    type Change = fn(&mut Settings);

    fn checked(change: Change) -> Result<(), String> {
        let mut settings = Settings::new(vec!["nats://host".into()], "acme", Syncing::Accepted);
        change(&mut settings);
        settings.check().map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_work_is_said() {
        let table: &[(Change, Result<(), &str>)] = &[
            (|_| (), Ok(())),
            (|s| s.servers.clear(), Err("at least one NATS server")),
            (|s| s.prefix = "a.b".into(), Err("are 1 to 32 of a-z")),
            (|s| s.cluster = String::new(), Err("are 1 to 32 of a-z")),
            (|s| s.streams = 0, Err("do not lie in 0 streams")),
            (|s| s.streams = 7, Err("do not lie in 7 streams")),
            (|s| s.streams = 4, Err("in equal parts of at most 8")),
            (|s| s.replicas = 2, Err("2 replicas")),
            (|s| s.stream_bytes = 0, Err("0 bytes")),
        ];
        for (change, expected) in table {
            match (checked(*change), expected) {
                (Ok(()), Ok(())) => {}
                (Err(said), Err(part)) => assert!(said.contains(part), "{said}"),
                (got, _) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_login_does_not_print_its_secret() {
        let login = super::Login::User {
            user: "u".into(),
            password: "secret".into(),
        };
        assert_eq!(format!("{login:?}"), "User");
    }
}
