//! Who is there: leases, heartbeats, suspicion, and hints of who holds what.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::mpsc;
use types::Partition;

use crate::OwnerId;

/// What the nodes of a cluster tell one another.
///
/// Nothing here makes an owner: the only epoch is in a partition's head, and its compare-and-set says who owns it. The contract is weak
/// on purpose:
/// - A lease stands [`Liveness::lease`] after the last renewal that was done, and then ends by itself. It is one process's: while it stands,
///   no other gets the name. A lease that ended is anybody's, of the process before too.
/// - A suspicion stands as long after it was written, whoever writes it again meanwhile, and then ends by itself.
/// - A holder's hint stands until another is written or it is let go. The one that lands last stands, a late one of an owner that
///   lost the partition included.
/// - What a watcher is given may be late, may be skipped where something newer follows, and may run back for a moment. Each listing is
///   whole: all that stood at one time, but for hints, which may be given while they are still being written. Some listing comes at least every few seconds while the connection is sound.
/// - A heartbeat may be late, overtaken, or lost.
/// - After an error it is not known whether the call was done, or will still be. Doing it again is safe.
#[async_trait]
pub trait Liveness: Send + Sync {
    /// How long a lease stands after its last renewal, and a suspicion after it was written. The same for all nodes.
    fn lease(&self) -> std::time::Duration;

    /// Takes the lease under the name, or renews it, and makes it say what `member` says. It counts from a time between this call and its
    /// answer: who renews counts from the call.
    async fn renew(&self, name: &NodeName, member: &Member) -> Result<Renewal, LivenessError>;

    /// Ends the lease under the name at once where it is the process's, else does nothing. Also for a node that is started again, whose
    /// lease of before still stands though nothing is heard of that process.
    async fn leave(&self, name: &NodeName, process: OwnerId) -> Result<(), LivenessError>;

    /// Says that the process runs. All watchers hear it, those of the own node included.
    async fn beat(&self, name: &NodeName, process: OwnerId) -> Result<(), LivenessError>;

    /// Writes that the process is silent, where that is not written already.
    async fn suspect(&self, process: OwnerId) -> Result<(), LivenessError>;

    /// Writes that the process holds the partition, whoever did before.
    async fn hold(&self, partition: Partition, process: OwnerId) -> Result<(), LivenessError>;

    /// Takes back that the process holds the partition; nothing where another does.
    async fn release(&self, partition: Partition, process: OwnerId) -> Result<(), LivenessError>;

    /// All that is seen from now on. It begins with what stands now, and ends only when this is dropped. A watcher that does not keep up
    /// loses heartbeats and older listings, nothing else.
    fn watch(&self) -> mpsc::Receiver<Seen>;
}

/// A node's name, given by the operator: 1 to 64 of `A-Z a-z 0-9 _ -`. It stays when the node is started again, so that its partitions
/// come back to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

/// The longest name of a node.
const NAME_MAX: usize = 64;

impl NodeName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(known) {
            true => Ok(Self(name.into())),
            false => Err(NameError(name.chars().take(NAME_MAX + 1).collect())),
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// No name for a node.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no name for a node: 1 to {NAME_MAX} of A-Z, a-z, 0-9, _ and -")]
pub struct NameError(String);

/// What a node's lease says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The process that runs under the name now.
    pub process: OwnerId,
    /// It is about to leave: it gives away what it holds and gets nothing.
    pub draining: bool,
    /// The logic versions it can run.
    pub logic: RangeInclusive<u32>,
    /// The newest logic version that a partition which it holds has come to; `None` before it held one.
    pub logic_met: Option<u32>,
    /// Where other nodes reach it: a URL, at most 256 bytes.
    pub address: Arc<str>,
}

/// A process that somebody wrote to be silent. The record ends by itself, for all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The order in which records were written.
    pub revision: u64,
    /// Who is suspected. Started again under its name, it no longer is.
    pub process: OwnerId,
}

/// Everything that stood at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The nodes whose lease stands.
    pub members: BTreeMap<NodeName, Member>,
    /// The suspicions that stand, in the order they were written.
    pub suspicions: Vec<Suspicion>,
    /// Who took each partition last; absent where it was let go, or never taken.
    pub holders: BTreeMap<Partition, OwnerId>,
}

/// What a renewal came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The lease stands.
    Renewed,
    /// Another process's lease stands under the name.
    Refused {
        /// What it says.
        standing: Member,
    },
}

/// What a watcher sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The records.
    Listed(Records),
    /// A node's heartbeat.
    Beat {
        /// Whose.
        name: NodeName,
        /// Which of the processes of that name.
        process: OwnerId,
    },
    /// Whether the own connection works: what was sent over it came back lately. Said when it changes; before the first word it does
    /// not work.
    Sound(bool),
}

/// Why a call has no answer.
#[derive(Debug, Error)]
pub enum LivenessError {
    /// Not reachable now. Whether the call was done is not known. Try again.
    #[error("liveness is unavailable: {0}")]
    Unavailable(String),
}

#[cfg(test)]
mod tests {
    use super::NodeName;

    #[test]
    fn names_of_nodes() {
        let long = "n".repeat(65);
        let table = [
            ("engine-0", true),
            ("A_z-9", true),
            (&long[..64], true),
            (&long, false),
            ("", false),
            ("a.b", false),
            ("a b", false),
            ("a*", false),
            ("größe", false),
        ];
        for (name, fits) in table {
            assert_eq!(name.parse::<NodeName>().is_ok(), fits, "{name:?}");
        }
    }
}
