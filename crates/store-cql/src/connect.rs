//! The session with the cluster, and how patiently and how consistently each kind of request is made.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileHandle};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::{DefaultRetryPolicy, FallthroughRetryPolicy};
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::{Consistency, SerialConsistency};

use crate::config::{CqlConfig, Serial, milliseconds};
use crate::error::{OpenError, of_session};
use crate::tls;

/// How each kind of request is made.
pub(crate) struct Profiles {
    /// Checkpoints: repeated on another node where the driver may, since the same stamp makes it harmless.
    pub(crate) writes: ExecutionProfileHandle,
    /// Rows: asked of a second replica where the first is slow.
    pub(crate) reads: ExecutionProfileHandle,
    /// Heads: tried once. Whoever asked looks at what stands there before anything is tried again.
    pub(crate) heads: ExecutionProfileHandle,
    /// Changes of the schema.
    pub(crate) schema: ExecutionProfileHandle,
    /// At which consistency a head is read.
    pub(crate) serial: Consistency,
}

impl Profiles {
    pub(crate) fn new(config: &CqlConfig) -> Self {
        let (rows, agreement, serial) = match config.serial {
            Serial::Local => (
                Consistency::LocalQuorum,
                SerialConsistency::LocalSerial,
                Consistency::LocalSerial,
            ),
            Serial::Global => (
                Consistency::Quorum,
                SerialConsistency::Serial,
                Consistency::Serial,
            ),
        };
        let nodes = nodes(config);
        let base = |timeout: u64| {
            ExecutionProfile::builder()
                .consistency(rows)
                .serial_consistency(Some(agreement))
                .load_balancing_policy(Arc::clone(&nodes))
                .request_timeout(Some(milliseconds(timeout)))
        };
        let again = SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: milliseconds(config.timeouts.read_again_ms),
        };
        let once = || Arc::new(FallthroughRetryPolicy::new());
        let repeated = || Arc::new(DefaultRetryPolicy::new());
        let (timeouts, reads) = (config.timeouts, base(config.timeouts.read_ms));
        Self {
            writes: base(timeouts.write_ms)
                .retry_policy(repeated())
                .build()
                .into_handle(),
            reads: reads
                .retry_policy(repeated())
                .speculative_execution_policy(Some(Arc::new(again)))
                .build()
                .into_handle(),
            heads: base(timeouts.head_ms)
                .retry_policy(once())
                .build()
                .into_handle(),
            schema: base(timeouts.schema_ms)
                .retry_policy(once())
                .build()
                .into_handle(),
            serial,
        }
    }
}

fn nodes(config: &CqlConfig) -> Arc<dyn LoadBalancingPolicy> {
    let policy = DefaultPolicy::builder().token_aware(true);
    match &config.datacenter {
        Some(datacenter) => policy.prefer_datacenter(datacenter.clone()).build(),
        None => policy.build(),
    }
}

/// Connects, once: it fails where no node answers now.
pub(crate) async fn session(config: &CqlConfig, profiles: &Profiles) -> Result<Session, OpenError> {
    let mut builder = SessionBuilder::new()
        .known_nodes(&config.nodes)
        .connection_timeout(milliseconds(config.timeouts.connect_ms))
        .hostname_resolution_timeout(Some(milliseconds(config.timeouts.connect_ms)))
        .schema_agreement_timeout(milliseconds(config.timeouts.schema_ms))
        .schema_agreement_interval(Duration::from_millis(50))
        .keyspaces_to_fetch([&config.keyspace])
        .default_execution_profile_handle(profiles.schema.clone());
    if let (Some(user), Some(password)) = (&config.user, &config.password) {
        builder = builder.user(user, password.reveal());
    }
    if let Some(tls) = &config.tls {
        builder = builder.tls_context(Some(tls::client(tls)?));
    }
    let session = builder
        .build()
        .await
        .map_err(|error| of_session(config, &error))?;
    has_datacenter(config, &session)?;
    Ok(session)
}

/// Without a node in it every request would fail, and none would say why.
fn has_datacenter(config: &CqlConfig, session: &Session) -> Result<(), OpenError> {
    let Some(wanted) = &config.datacenter else {
        return Ok(());
    };
    let state = session.get_cluster_state();
    let there: BTreeSet<&str> = state
        .get_nodes_info()
        .iter()
        .filter_map(|node| node.datacenter.as_deref())
        .collect();
    if there.contains(wanted.as_str()) {
        return Ok(());
    }
    let there: Vec<&str> = there.into_iter().collect();
    Err(OpenError::Config(format!(
        "no node is in datacenter {wanted:?}: the cluster has {}",
        there.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use scylla::statement::{Consistency, SerialConsistency};

    use super::Profiles;
    use crate::config::{CqlConfig, Serial};

    /// A condition that was sent twice could be set twice, with another's in between: only rows, read, are asked of a second node.
    #[test]
    fn only_reads_are_sent_twice_without_being_asked_to() {
        let profiles = Profiles::new(&CqlConfig::default());
        let table = [
            ("writes", &profiles.writes, false),
            ("reads", &profiles.reads, true),
            ("heads", &profiles.heads, false),
            ("schema", &profiles.schema, false),
        ];
        for (name, handle, twice) in table {
            let profile = handle.to_profile();
            let policy = profile.get_speculative_execution_policy();
            assert_eq!(policy.is_some(), twice, "{name}");
            assert!(profile.get_request_timeout().is_some(), "{name}");
        }
    }

    #[test]
    fn rows_and_heads_are_agreed_on_by_the_same_datacenters() {
        let table = [
            (
                Serial::Local,
                Consistency::LocalQuorum,
                SerialConsistency::LocalSerial,
                Consistency::LocalSerial,
            ),
            (
                Serial::Global,
                Consistency::Quorum,
                SerialConsistency::Serial,
                Consistency::Serial,
            ),
        ];
        for (serial, rows, agreement, read) in table {
            let profiles = Profiles::new(&CqlConfig {
                serial,
                ..CqlConfig::default()
            });
            assert_eq!(profiles.serial, read);
            for handle in [&profiles.writes, &profiles.reads, &profiles.heads] {
                let profile = handle.to_profile();
                assert_eq!(profile.get_consistency(), rows);
                assert_eq!(profile.get_serial_consistency(), Some(agreement));
            }
        }
    }
}
