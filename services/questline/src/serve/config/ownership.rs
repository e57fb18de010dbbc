//! How engine nodes share the partitions of a log: how long they wait for one another. The same at all of them.

use std::time::Duration;

use engine::ownership::Timing;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OwnershipSection {
    /// Between two heartbeats, in milliseconds.
    pub(crate) beat_ms: u64,
    /// How long nothing is heard of a node until others take over, in milliseconds.
    pub(crate) silence_ms: u64,
    /// Between two renewals of a node's lease, in milliseconds.
    pub(crate) renew_ms: u64,
    /// How long a lease stands after its last renewal, in seconds: a node that can renew it no longer stops a tenth before.
    pub(crate) lease_s: u64,
    /// How long a node that is told to end may take to hand over its partitions, in seconds; the others are let go at once then.
    pub(crate) drain_s: u64,
}

impl Default for OwnershipSection {
    fn default() -> Self {
        Self {
            beat_ms: 500,
            silence_ms: 3_000,
            renew_ms: 3_000,
            lease_s: 30,
            drain_s: 20,
        }
    }
}

impl OwnershipSection {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let wrong = |why: &str| Err(Failure::bad_usage(format!("[ownership] {why}")));
        if self.beat_ms == 0 || self.beat_ms.saturating_mul(3) > self.silence_ms {
            return wrong(
                "beat_ms is at least 1, and three beats fit into silence_ms: else one that is late is a silence",
            );
        }
        if self.renew_ms == 0
            || self.renew_ms.saturating_mul(3) > self.lease_s.saturating_mul(1_000)
        {
            return wrong(
                "renew_ms is at least 1, and three renewals fit into lease_s: else one that is late ends the lease",
            );
        }
        Ok(())
    }

    pub(crate) fn timing(&self) -> Timing {
        let (lease, silence) = (self.lease(), Duration::from_millis(self.silence_ms));
        Timing {
            lease,
            margin: lease / 10,
            silence,
            quiet: silence / 2,
        }
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_s)
    }
}

#[cfg(test)]
mod tests {
    use engine::ownership::Timing;

    use super::OwnershipSection;

    #[test]
    fn the_defaults_are_the_engines() {
        let section = OwnershipSection::default();
        assert!(section.check().is_ok());
        assert_eq!(section.timing(), Timing::default());
    }
}
