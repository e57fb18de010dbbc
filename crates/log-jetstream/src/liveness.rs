//! The port `Liveness` on a KV bucket and plain messages.
//!
//! # How it lies in NATS
//! A bucket `<prefix>-nodes` has a key for each lease, suspicion and holder. Leases and suspicions are written with a `Nats-TTL` of their
//! own, and the server removes them; each renewal names the sequence that it replaces. (`update` of the library's KV would drop the TTL:
//! the lease would stand for ever.) Heartbeats are plain messages to `<prefix>.beat.<name>`, which nothing keeps.
//!
//! # What the port's words mean here
//! - **Lease**: counted by the clock of the bucket's servers, in whole seconds; of a lost leader the next one goes on with it. Renewals
//!   fail while the bucket has no leader, which takes 4 to 9 seconds: no lease may be shorter than some of these.
//! - **Listing**: what one of the bucket's servers has. One that is behind gives an older one.
//! - **Sound**: what this connection sent to itself came back within a second.

mod heard;
mod list;
mod records;
mod shared;
mod watch;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_TTL};
use async_trait::async_trait;
use bytes::Bytes;
use ports::{Liveness, LivenessError, Member, NodeName, OwnerId, Renewal, Seen};
use tokio::sync::{mpsc, watch as signal};
use types::Partition;

use crate::api::{Api, Stored};
use crate::error::OpenError;
use crate::open::{self, Opened};
use crate::settings::Settings;
use records::Key;
use shared::Shared;

/// What a watcher may be behind.
const BACKLOG: usize = 256;
/// Writers of one key at one time that a call lets win before it gives up.
const TRIES: usize = 4;

/// Other nodes, over NATS. It has a connection of its own: a heartbeat does not wait behind a batch.
pub struct JetStreamLiveness {
    shared: Arc<Shared>,
    up: signal::Receiver<bool>,
    lease: Duration,
    /// Where the own leases stood last.
    standing: Mutex<HashMap<NodeName, u64>>,
}

impl JetStreamLiveness {
    /// Opens what the nodes of a log share, after the log itself, and makes it where it is not there. `lease` is in whole seconds, the same
    /// at all nodes.
    pub async fn open(settings: &Settings, lease: Duration) -> Result<Self, OpenError> {
        if lease.subsec_nanos() != 0 || lease.is_zero() {
            return Err(OpenError::Settings(format!(
                "a lease of {lease:?}: whole seconds, at least one"
            )));
        }
        if settings.partitions > records::PARTITIONS_MAX {
            return Err(OpenError::Settings(format!(
                "nodes can share at most {} partitions, not {}",
                records::PARTITIONS_MAX,
                settings.partitions
            )));
        }
        let Opened {
            api,
            connection,
            layout,
            ..
        } = open::open(settings).await?;
        let bucket = records::bucket(settings, &layout);
        open::patiently(settings, || open::bucket(&api, settings, &bucket)).await?;
        Ok(Self {
            shared: Arc::new(Shared {
                api,
                layout,
                foreign: AtomicUsize::new(0),
            }),
            up: connection.up,
            lease,
            standing: Mutex::default(),
        })
    }

    fn standing(&self) -> MutexGuard<'_, HashMap<NodeName, u64>> {
        self.standing
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What is handed to a connection that is down goes out when it is up again, too late.
    fn api(&self) -> Result<&Api, LivenessError> {
        match *self.up.borrow() {
            true => Ok(&self.shared.api),
            false => Err(unavailable("no connection to NATS")),
        }
    }

    /// The last message of a key; one without a body is the mark of what was taken back.
    async fn last(&self, key: &Key) -> Result<Option<Stored>, LivenessError> {
        let layout = &self.shared.layout;
        let stream = format!("KV_{}", layout.nodes_bucket());
        let last = self.api()?.last(&stream, &key.subject(layout)).await;
        last.map_err(unavailable)
    }

    /// Writes a key's value where its last message is still at `expected`; without one, in any case. Gives the new one's sequence.
    async fn put(
        &self,
        key: &Key,
        expected: Option<u64>,
        ttl: Option<Duration>,
        value: Bytes,
    ) -> Result<Option<u64>, LivenessError> {
        let mut headers = HeaderMap::new();
        if let Some(expected) = expected {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        }
        if let Some(ttl) = ttl {
            headers.insert(NATS_MESSAGE_TTL, ttl.as_secs().to_string());
        }
        if value.is_empty() {
            headers.insert("KV-Operation", "DEL");
        }
        let subject = key.subject(&self.shared.layout);
        let put = self.api()?.put(subject, headers, value).await;
        put.map_err(unavailable)
    }

    /// Takes a key's value back where it is the process's.
    async fn take_back(
        &self,
        key: &Key,
        process: OwnerId,
        of: impl Fn(&[u8]) -> Option<OwnerId>,
    ) -> Result<(), LivenessError> {
        for _ in 0..TRIES {
            let last = self.last(key).await?;
            let Some(last) = last.filter(|last| of(&last.body) == Some(process)) else {
                return Ok(());
            };
            let (at, nothing) = (Some(last.sequence), Bytes::new());
            if (self.put(key, at, Some(self.lease), nothing).await?).is_some() {
                return Ok(());
            }
        }
        Err(busy(key))
    }
}

#[async_trait]
impl Liveness for JetStreamLiveness {
    fn lease(&self) -> Duration {
        self.lease
    }

    async fn renew(&self, name: &NodeName, member: &Member) -> Result<Renewal, LivenessError> {
        let key = Key::Lease(name.clone());
        let value = records::encode(member).map_err(unavailable)?;
        let mut expected = self.standing().get(name).copied().unwrap_or(0);
        for _ in 0..TRIES {
            let lease = Some(self.lease);
            if let Some(sequence) = self.put(&key, Some(expected), lease, value.clone()).await? {
                self.standing().insert(name.clone(), sequence);
                return Ok(Renewal::Renewed);
            }
            // It ended, or another has it, or a renewal that had no answer was done.
            let last = self.last(&key).await?;
            expected = last.as_ref().map_or(0, |last| last.sequence);
            let standing = last.and_then(|last| records::decode(&last.body));
            if let Some(standing) = standing.filter(|other| other.process != member.process) {
                return Ok(Renewal::Refused { standing });
            }
        }
        Err(busy(&key))
    }

    async fn leave(&self, name: &NodeName, process: OwnerId) -> Result<(), LivenessError> {
        let of = |value: &[u8]| records::decode(value).map(|member| member.process);
        self.take_back(&Key::Lease(name.clone()), process, of).await
    }

    async fn beat(&self, name: &NodeName, process: OwnerId) -> Result<(), LivenessError> {
        let subject = self.shared.layout.beat_subject(name.as_str());
        let client = self.api()?.client();
        let sent = client.publish(subject, records::text(process).into()).await;
        sent.map_err(unavailable)
    }

    async fn suspect(&self, process: OwnerId) -> Result<(), LivenessError> {
        let value = Bytes::from_static(b"silent");
        // Written by another already, it stands as that one wrote it.
        self.put(&Key::Suspect(process), Some(0), Some(self.lease), value)
            .await?;
        Ok(())
    }

    async fn hold(&self, partition: Partition, process: OwnerId) -> Result<(), LivenessError> {
        let value = Bytes::from(records::text(process));
        self.put(&Key::Holder(partition), None, None, value).await?;
        Ok(())
    }

    async fn release(&self, partition: Partition, process: OwnerId) -> Result<(), LivenessError> {
        self.take_back(&Key::Holder(partition), process, records::decode_holder)
            .await
    }

    fn watch(&self) -> mpsc::Receiver<Seen> {
        let (to, seen) = mpsc::channel(BACKLOG);
        let (shared, up) = (Arc::clone(&self.shared), self.up.clone());
        tokio::spawn(async move { watch::serve(&shared, up, to).await });
        seen
    }
}

fn unavailable(error: impl std::fmt::Display) -> LivenessError {
    LivenessError::Unavailable(error.to_string())
}

fn busy(key: &Key) -> LivenessError {
    unavailable(format!("{key:?} changed under each of {TRIES} tries"))
}
