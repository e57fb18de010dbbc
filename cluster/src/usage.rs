//! What each process has used.

use std::time::Duration;

use anyhow::Result;
use loadtest::cpu;

use crate::nodes::Cluster;

/// What a process has used since its start.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The process.
    pub name: String,
    /// Its id.
    pub pid: u32,
    /// CPU time.
    pub cpu: Duration,
    /// Resident memory, in bytes.
    pub resident: u64,
}

/// Every process of the cluster that runs.
pub fn usage(cluster: &Cluster) -> Result<Vec<Usage>> {
    let ours = cluster
        .processes()
        .filter_map(|process| Some((process.name.clone(), process.pid()?)));
    let nats = (0..cluster.nats.urls().len())
        .map(|node| (format!("nats-{}", node + 1), cluster.nats.pid(node)));
    ours.chain(nats)
        .map(|(name, pid)| {
            Ok(Usage {
                name,
                pid,
                cpu: cpu::of_process(pid)?,
                resident: cpu::resident_bytes(pid)?,
            })
        })
        .collect()
}
