//! What a server is told: defaults, then a TOML file, then the environment, then flags; the later wins.

mod adapters;
mod keep;
mod ownership;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bonus_engine_service::{Backoff, IngestConfig, OperatorConfig};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub(crate) use adapters::{LogKind, LogSection, StoreKind, StoreSection};
pub(crate) use ownership::OwnershipSection;

use crate::commands::key::KEYS_FILE;
use crate::exit::Failure;

/// Everything that a server can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Programme files, one a brand: what a brand begins with that has no programme yet.
    pub(crate) programme: Vec<PathBuf>,
    /// Where HTTP is served.
    pub(crate) http: SocketAddr,
    /// Where gRPC is served.
    pub(crate) grpc: SocketAddr,
    /// Where health, readiness and metrics are served.
    pub(crate) admin: SocketAddr,
    /// Where partitions and their owners are served, over gRPC.
    pub(crate) cluster: SocketAddr,
    /// Which parts run in this process.
    pub(crate) role: Vec<Role>,
    /// What recorded time is; absent: as the data folder was made, `log` for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock: Option<ClockName>,
    /// Partitions; absent: as the data folder was made, 8 for a new one, 64 on JetStream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partitions: Option<u16>,
    /// The file of keys; absent: `keys.json` in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<PathBuf>,
    /// Where an ingest node asks about players: the cluster address of each engine node, `http://host:port`.
    pub(crate) nodes: Vec<String>,
    /// The engine node's name among those that share a log; absent: the host's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<String>,
    /// Where other nodes reach the cluster address, `http://host:port`; absent: at the address itself, or at the host's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advertise: Option<String>,
    /// How engine nodes share the partitions of a log.
    pub(crate) ownership: OwnershipSection,
    /// The log.
    pub(crate) log: LogSection,
    /// The store.
    pub(crate) store: StoreSection,
    /// The engine.
    pub(crate) engine: EngineSection,
    /// The notifications gateway.
    pub(crate) notifications: GatewaySection,
    /// The bonus-engine gateway.
    pub(crate) bonus_engine: BonusSection,
}

/// A part of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// HTTP and gRPC in front of the log.
    Ingest,
    /// The fold.
    Engine,
    /// The notifications gateway.
    Notifications,
    /// The bonus-engine gateway.
    BonusEngine,
}

/// What recorded time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClockName {
    /// The log's own.
    Log,
    /// `recorded_at`, else `occurred_at`, of the event.
    Event,
}

/// The engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EngineSection {
    /// Threads; 0: as many as cores.
    pub(crate) threads: usize,
    /// Player state kept in memory, in MiB.
    pub(crate) memory_mib: usize,
    /// Fold time that a restart may have to spend again, in milliseconds; absent: 5,000, and 2,000 on a cluster's store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replay_budget_ms: Option<u64>,
}

/// A gateway: where it listens in this process, or where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatewaySection {
    /// Where it takes emissions.
    pub(crate) grpc: SocketAddr,
    /// Where it is asked.
    pub(crate) http: SocketAddr,
    /// Where it runs, if not in this process: `http://host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// The types of emissions that it takes.
    pub(crate) types: Vec<String>,
}

/// The bonus-engine gateway: the same, and the operator behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BonusSection {
    /// Where it takes emissions.
    pub(crate) grpc: SocketAddr,
    /// Where it is asked.
    pub(crate) http: SocketAddr,
    /// Where it runs, if not in this process: `http://host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// The types of emissions that it takes.
    pub(crate) types: Vec<String>,
    /// The operator's endpoint, to which grants are posted. While nobody listens there, grants wait.
    pub(crate) operator: OperatorConfig,
    /// Where the operator's reports go to reach the log; absent: straight into it, where the engine runs in this process, else they
    /// wait in the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ingest: Option<IngestConfig>,
}

impl BonusSection {
    /// What it has in common with the other gateway.
    pub(crate) fn gateway(&self) -> GatewaySection {
        GatewaySection {
            grpc: self.grpc,
            http: self.http,
            endpoint: self.endpoint.clone(),
            types: self.types.clone(),
        }
    }
}

/// Types that a gateway takes where nothing else is said: not the points, which are in the journal.
const NOTIFIED: &[&str] = &notifications_service::TYPES;
const GRANTED: &[&str] = &bonus_engine_service::TYPES;

impl Default for Config {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let owned = |types: &[&str]| types.iter().map(|&name| name.to_owned()).collect();
        Self {
            data: PathBuf::from("questline-data"),
            programme: Vec::new(),
            http: local(8080),
            grpc: local(8081),
            admin: local(8082),
            cluster: local(8087),
            role: vec![
                Role::Ingest,
                Role::Engine,
                Role::Notifications,
                Role::BonusEngine,
            ],
            clock: None,
            partitions: None,
            keys: None,
            nodes: Vec::new(),
            node: None,
            advertise: None,
            ownership: OwnershipSection::default(),
            log: LogSection::default(),
            store: StoreSection::default(),
            engine: EngineSection {
                threads: 0,
                memory_mib: 1024,
                replay_budget_ms: None,
            },
            notifications: GatewaySection {
                grpc: local(8083),
                http: local(8084),
                endpoint: None,
                types: owned(NOTIFIED),
            },
            bonus_engine: BonusSection {
                grpc: local(8085),
                http: local(8086),
                endpoint: None,
                types: owned(GRANTED),
                operator: OperatorConfig {
                    url: "http://127.0.0.1:8088/grants".to_owned(),
                    ca_file: None,
                    secret: None,
                    timeout_ms: 10_000,
                    concurrency: 32,
                    backoff: Backoff::default(),
                },
                ingest: None,
            },
        }
    }
}

/// Flags of `serve`, which win over everything else.
#[derive(Clone, Debug, Default, Serialize, clap::Args)]
pub(crate) struct Flags {
    /// The data folder; made where there is none [default: questline-data]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    /// A programme to begin a brand with; once for each brand. What was published since stays in effect
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    programme: Vec<PathBuf>,
    /// Where HTTP is served [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<SocketAddr>,
    /// Where gRPC is served [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc: Option<SocketAddr>,
    /// Where health, readiness and metrics are served [default: 127.0.0.1:8082]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<SocketAddr>,
    /// What recorded time is; fixed when the data folder is made [default: log]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockName>,
    /// Which parts run in this process [default: all]
    #[arg(long, value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    role: Vec<Role>,
}

/// Variables of our prefix that are not the server's.
const OTHER_VARIABLES: &[&str] = &["url", "cluster_url", "key", "kills"];

impl Config {
    /// The configuration in effect: `QUESTLINE_HTTP=...`, and two underscores between a section and its key.
    pub(crate) fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, Failure> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(Failure::bad_input(format!(
                    "{}: no such file",
                    file.display()
                )));
            }
            figment = figment.merge(Toml::file(file));
        }
        let config: Self = figment
            .merge(
                Env::prefixed("QUESTLINE_")
                    .ignore(OTHER_VARIABLES)
                    .split("__"),
            )
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| Failure::bad_input(one_a_line(error)))?;
        config.checked()
    }

    /// Whether a part runs in this process.
    pub(crate) fn runs(&self, role: Role) -> bool {
        self.role.contains(&role)
    }

    /// Fold time that a restart may have to spend again.
    pub(crate) fn replay_budget(&self) -> Duration {
        Duration::from_millis(
            self.engine
                .replay_budget_ms
                .unwrap_or(match self.store.kind {
                    StoreKind::Embedded => 5_000,
                    StoreKind::Cql => 2_000,
                }),
        )
    }

    /// The file of keys.
    pub(crate) fn keys(&self) -> PathBuf {
        let usual = || self.data.join(KEYS_FILE);
        self.keys.clone().unwrap_or_else(usual)
    }

    fn checked(self) -> Result<Self, Failure> {
        let (ingest, engine) = (self.runs(Role::Ingest), self.runs(Role::Engine));
        let embedded = self.log.kind == LogKind::Embedded;
        if embedded && ingest != engine {
            return Err(Failure::bad_usage(
                "the embedded log belongs to one process: the roles ingest and engine go together",
            ));
        }
        if (ingest || engine) && embedded != (self.store.kind == StoreKind::Embedded) {
            return Err(Failure::bad_usage(
                "log and store go together: [log] kind = \"jetstream\" with [store] kind = \"cql\", or both \"embedded\"",
            ));
        }
        if ingest && !engine && self.nodes.is_empty() {
            return Err(Failure::bad_usage(
                "an ingest node asks the engine nodes about players: nodes = [\"http://host:8087\", ..] names their cluster addresses",
            ));
        }
        self.ownership.check()?;
        Ok(self)
    }
}

fn one_a_line(error: figment::Error) -> String {
    let all: Vec<String> = error.into_iter().map(|one| one.to_string()).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Config, Flags, Role};

    fn load(toml: &str, flags: &Flags) -> Result<Config, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(toml.as_bytes()).unwrap();
        Config::load(Some(file.path()), flags).map_err(|failure| failure.to_string())
    }

    fn flags() -> Flags {
        Flags {
            programme: vec!["p.yaml".into()],
            ..Flags::default()
        }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_defaults() {
        let toml = "http = \"127.0.0.1:1\"\ngrpc = \"127.0.0.1:2\"\n[bonus_engine.operator]\nurl = \"http://o\"\n";
        let flags = Flags {
            http: Some("127.0.0.1:9".parse().unwrap()),
            ..flags()
        };
        let config = load(toml, &flags).unwrap();
        assert_eq!(
            (config.http.port(), config.grpc.port(), config.admin.port()),
            (9, 2, 8082)
        );
        assert_eq!(config.bonus_engine.operator.url, "http://o");
        assert_eq!(config.bonus_engine.http.port(), 8086);
    }

    #[test]
    fn what_is_not_known_or_does_not_go_together_is_said() {
        let table = [
            ("htp = \"127.0.0.1:1\"", flags(), "htp"),
            ("http = 8080", flags(), "http"),
            (
                "",
                Flags {
                    role: vec![Role::Ingest],
                    ..flags()
                },
                "go together",
            ),
            (
                "[log]\nkind = \"jetstream\"",
                flags(),
                "log and store go together",
            ),
            (
                "[log]\nkind = \"jetstream\"\n[store]\nkind = \"cql\"",
                Flags {
                    role: vec![Role::Ingest],
                    ..flags()
                },
                "names their cluster addresses",
            ),
            ("[log.jetstream]\nserver = \"x\"", flags(), "server"),
            ("[ownership]\nbeat_ms = 2000", flags(), "beat_ms"),
        ];
        for (toml, flags, expected) in table {
            let why = load(toml, &flags).unwrap_err();
            assert!(why.contains(expected), "{toml}: {why}");
        }
    }

    #[test]
    fn a_programme_may_be_published_later() {
        for role in [vec![], vec![Role::Notifications]] {
            let flags = Flags {
                role,
                ..Flags::default()
            };
            assert!(load("", &flags).is_ok());
        }
    }
}
