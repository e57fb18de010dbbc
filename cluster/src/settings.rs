//! The settings of each part, as their files have them. A part that is started again is found where it was, so that ports are named.

use std::net::SocketAddr;
use std::path::Path;

use testkit::servers::nats::{SYSTEM, USER};

/// Where the servers are, and what the log is like.
pub(crate) struct Servers {
    /// NATS.
    pub(crate) nats: Vec<String>,
    /// Cassandra.
    pub(crate) cql: String,
    /// Partitions of the log.
    pub(crate) partitions: u16,
    /// `log` or `event`.
    pub(crate) clock: &'static str,
}

impl Servers {
    fn log(&self) -> String {
        let streams = self.partitions.div_ceil(8);
        format!(
            "[log]\nkind = \"jetstream\"\n[log.jetstream]\nservers = {:?}\ncluster = \"loopback\"\nstreams = {streams}\nreplicas = {}\n\
             stream_mib = 256\nlogin = {{ user = {:?}, password = {:?} }}\nsystem = {{ user = {:?}, password = {:?} }}\n",
            self.nats,
            self.nats.len(),
            USER.0,
            USER.1,
            SYSTEM.0,
            SYSTEM.1,
        )
    }

    fn store(&self) -> String {
        format!(
            "[store]\nkind = \"cql\"\n[store.cql]\nnodes = [{:?}]\nreplication = 1\n",
            self.cql
        )
    }

    fn head(&self, folder: &Path, name: &str, role: &str, programme: &Path) -> String {
        format!(
            "data = {:?}\nprogramme = [{programme:?}]\nrole = [{role:?}]\nclock = {:?}\npartitions = {}\n",
            folder.join(name),
            self.clock,
            self.partitions
        )
    }

    /// An engine node, which sends to the gateways.
    pub(crate) fn engine(
        &self,
        folder: &Path,
        name: &str,
        programme: &Path,
        [cluster, admin]: [SocketAddr; 2],
        gateways: (String, String),
        notified: &str,
    ) -> String {
        format!(
            "{}node = {name:?}\ncluster = \"{cluster}\"\nadmin = \"{admin}\"\n[notifications]\nendpoint = {:?}\n{notified}[bonus_engine]\nendpoint = {:?}\n{}{}",
            self.head(folder, name, "engine", programme),
            gateways.0,
            gateways.1,
            self.log(),
            self.store(),
        )
    }

    /// An ingest node, which asks the engine nodes.
    pub(crate) fn ingest(
        &self,
        folder: &Path,
        name: &str,
        programme: &Path,
        [http, grpc, admin]: [SocketAddr; 3],
        keys: &Path,
        nodes: &[String],
    ) -> String {
        format!(
            "{}http = \"{http}\"\ngrpc = \"{grpc}\"\nadmin = \"{admin}\"\nkeys = {keys:?}\nnodes = {nodes:?}\n{}{}",
            self.head(folder, name, "ingest", programme),
            self.log(),
            self.store(),
        )
    }
}

/// The notifications gateway.
pub(crate) fn notifications(folder: &Path, [grpc, http]: [SocketAddr; 2]) -> String {
    format!(
        "data = {:?}\nrole = [\"notifications\"]\n[notifications]\ngrpc = \"{grpc}\"\nhttp = \"{http}\"\n",
        folder.join("notifications")
    )
}

/// The bonus-engine gateway, in front of an operator.
pub(crate) fn bonus_engine(folder: &Path, [grpc, http]: [SocketAddr; 2], operator: &str) -> String {
    format!(
        "data = {:?}\nrole = [\"bonus-engine\"]\n[bonus_engine]\ngrpc = \"{grpc}\"\nhttp = \"{http}\"\n[bonus_engine.operator]\n\
         url = \"{operator}/grants\"\ntimeout_ms = 1000\n",
        folder.join("bonus-engine")
    )
}
