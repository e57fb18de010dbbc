//! What the store is told at its start.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::error::OpenError;

/// The most characters of a keyspace's name that Cassandra takes.
const KEYSPACE_CHARS: usize = 48;

/// How the cluster is reached and used.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CqlConfig {
    /// Nodes to begin with, as `host:port`; the others are learnt from them.
    pub nodes: Vec<String>,
    /// The keyspace: a small letter, then small letters, digits and `_`, at most 48. One of its own for each Questline cluster.
    pub keyspace: String,
    /// The datacenter whose replicas are read and written. Without it any node may be asked: right where there is one datacenter.
    pub datacenter: Option<String>,
    /// Who logs in, where the cluster asks for it.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// TLS, where the cluster speaks it.
    pub tls: Option<Tls>,
    /// Where set, a keyspace that is not there is made with this replication; else it must be there.
    pub replication: Option<Replication>,
    /// Where set, the schema is brought up to date at the start, under a lock; else one that is older is refused.
    pub migrate: bool,
    /// Whether heads are agreed on in the own datacenter or in all of them.
    pub serial: Serial,
    /// Requests under way at once, of one process, of each kind.
    pub in_flight: InFlight,
    /// How long a request may take, by kind.
    pub timeouts: Timeouts,
}

impl Default for CqlConfig {
    fn default() -> Self {
        Self {
            nodes: vec!["127.0.0.1:9042".to_owned()],
            keyspace: "questline".to_owned(),
            datacenter: None,
            user: None,
            password: None,
            tls: None,
            replication: None,
            migrate: true,
            serial: Serial::default(),
            in_flight: InFlight::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// TLS to the cluster. Its nodes are always verified.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the authorities that sign the nodes' certificates.
    pub ca: PathBuf,
    /// The name that every node's certificate bears. Without it each must bear the node's address.
    pub server_name: Option<String>,
    /// PEM file of our own certificate, where the cluster asks for one; then `key` too.
    pub certificate: Option<PathBuf>,
    /// PEM file of the own certificate's key.
    pub key: Option<PathBuf>,
}

/// Copies of each row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Replication {
    /// So many in a cluster of one datacenter.
    Copies(u8),
    /// So many in each datacenter, by its name.
    Datacenters(BTreeMap<String, u8>),
}

/// Where a head is agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serial {
    /// In the own datacenter: owners of a partition must all live in it.
    #[default]
    Local,
    /// In all datacenters: slower, and right when owners live in several.
    Global,
}

/// Requests under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InFlight {
    /// Batches of checkpoints.
    pub writes: usize,
    /// Pages read.
    pub reads: usize,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            writes: 64,
            reads: 256,
        }
    }
}

/// How long a request may take before its outcome is called unknown, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// To connect to a node.
    pub connect_ms: u64,
    /// A batch of a checkpoint.
    pub write_ms: u64,
    /// A page.
    pub read_ms: u64,
    /// After which a read is asked of another replica as well.
    pub read_again_ms: u64,
    /// The head, read or set.
    pub head_ms: u64,
    /// A change of the schema.
    pub schema_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            write_ms: 5_000,
            read_ms: 2_000,
            read_again_ms: 100,
            head_ms: 5_000,
            schema_ms: 30_000,
        }
    }
}

/// A text that is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever has to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

impl CqlConfig {
    /// Says what cannot be meant, before anything is reached.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let bad = |what: String| Err(OpenError::Config(what));
        if self.nodes.is_empty() {
            return bad("`nodes` is empty: name at least one as host:port".to_owned());
        }
        if !is_keyspace(&self.keyspace) {
            return bad(format!(
                "`keyspace` is {:?}: a small letter, then small letters, digits and _, at most {KEYSPACE_CHARS}",
                self.keyspace
            ));
        }
        if self.user.is_some() != self.password.is_some() {
            return bad("`user` and `password` come together".to_owned());
        }
        if let Some(tls) = &self.tls
            && tls.certificate.is_some() != tls.key.is_some()
        {
            return bad("`tls.certificate` and `tls.key` come together".to_owned());
        }
        if self.in_flight.writes == 0 || self.in_flight.reads == 0 {
            return bad("`in_flight` must leave room for one request".to_owned());
        }
        match &self.replication {
            Some(Replication::Copies(0)) => bad("`replication` is 0 copies".to_owned()),
            Some(Replication::Datacenters(each)) => datacenters(each).map_or(Ok(()), bad),
            _ => Ok(()),
        }
    }
}

fn is_keyspace(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= KEYSPACE_CHARS
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(plain)
}

/// What is wrong with the datacenters' names or copies. A name stands in the schema's text: no quote gets there.
fn datacenters(each: &BTreeMap<String, u8>) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let bad = |(name, copies): (&String, &u8)| {
        name.is_empty() || !name.bytes().all(plain) || *copies == 0
    };
    if each.is_empty() {
        return Some("`replication` names no datacenter".to_owned());
    }
    let bad = each.iter().find(|datacenter| bad(*datacenter))?;
    Some(format!(
        "`replication` has {:?} = {}: a name of letters, digits and _-., at least one copy",
        bad.0, bad.1
    ))
}

pub(crate) fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[cfg(test)]
mod tests {
    use super::{CqlConfig, Replication};

    fn parsed(text: &str) -> CqlConfig {
        toml::from_str(text).expect("a configuration")
    }

    #[test]
    fn defaults_are_a_configuration() {
        CqlConfig::default().check().unwrap();
        parsed("").check().unwrap();
    }

    #[test]
    fn replication_is_a_number_or_datacenters() {
        let table = [
            ("replication = 3", Replication::Copies(3)),
            (
                "replication = { eu = 3, us = 2 }",
                Replication::Datacenters([("eu".into(), 3), ("us".into(), 2)].into()),
            ),
        ];
        for (text, expected) in table {
            let config = parsed(text);
            config.check().unwrap();
            assert_eq!(config.replication, Some(expected));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        let table = [
            ("nodes = []", "`nodes` is empty"),
            ("keyspace = 'Quest'", "`keyspace` is \"Quest\""),
            ("keyspace = 'a; DROP'", "`keyspace` is"),
            ("user = 'ann'", "`user` and `password` come together"),
            (
                "tls = { ca = 'ca.pem', key = 'k.pem' }",
                "`tls.certificate` and `tls.key`",
            ),
            ("in_flight = { reads = 0 }", "`in_flight`"),
            ("replication = 0", "0 copies"),
            ("replication = {}", "no datacenter"),
            ("replication = { \"eu'\" = 3 }", "\"eu'\" = 3"),
        ];
        for (text, expected) in table {
            let error = parsed(text).check().expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let config = parsed("user = 'ann'\npassword = 'sesame'");
        assert_eq!(config.password.as_ref().unwrap().reveal(), "sesame");
        let printed = [format!("{config:?}"), toml::to_string(&config).unwrap()];
        for text in printed {
            assert!(
                text.contains("(hidden)") && !text.contains("sesame"),
                "{text}"
            );
        }
    }
}
