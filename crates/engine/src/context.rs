//! What everything in one tenure of one partition shares.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ports::{EmissionSink, EventLog, StateStore};
use programme::model::Programme;
use progression::Catalogue;
use tokio::sync::Semaphore;
use types::{BrandId, Epoch, Partition, Position, Timestamp};

use crate::config::{Clock, EngineConfig};
use crate::error::EngineError;
use crate::kin;
use crate::logic::{Moving, Rules};
use crate::measure::Measures;
use crate::timeline::Timeline;
use crate::versions::Versions;

/// The ports and the programmes, the same for all partitions.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) versions: Arc<Versions>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) sinks: Vec<Arc<dyn EmissionSink>>,
    /// Rights to take a cut.
    pub(crate) turns: Arc<Semaphore>,
    /// Partitions that are folded in this process.
    pub(crate) here: Arc<AtomicUsize>,
    pub(crate) moving: Arc<Moving>,
}

/// A partition's share of what all that are folded in this process use together.
pub(crate) struct Share(Arc<AtomicUsize>);

impl Share {
    /// One more has a share, until this is dropped.
    pub(crate) fn new(here: &Arc<AtomicUsize>) -> Self {
        here.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(here))
    }

    pub(crate) fn of(&self, whole: usize) -> usize {
        whole / self.0.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One tenure: from a takeover to the next.
pub(crate) struct Tenure {
    pub(crate) partition: Partition,
    pub(crate) epoch: Epoch,
    /// The cursor of the head taken over.
    pub(crate) taken: Position,
    /// By when all timers had fired, by that head.
    pub(crate) swept: Timestamp,
    pub(crate) config: EngineConfig,
    pub(crate) ports: Ports,
    /// Names of every programme version that a state or segment in memory speaks of.
    pub(crate) catalogue: RefCell<Catalogue>,
    /// Publications heard of, as far as the partition has taken records.
    pub(crate) timeline: RefCell<Timeline>,
    pub(crate) measures: Measures,
}

impl Tenure {
    /// Whether any sink takes emissions of this type.
    pub(crate) fn takes(&self, kind: &str) -> bool {
        self.ports.sinks.iter().any(|sink| sink.takes(kind))
    }

    /// A publication whose names are known from now on. It was learnt when its record was read, or with a snapshot.
    pub(crate) fn programme(&self, brand: &BrandId, rules: Rules) -> Option<Arc<Programme>> {
        let programme = self.ports.versions.under(brand, rules)?;
        self.catalogue.borrow_mut().learn(&programme);
        Some(programme)
    }

    /// "Now" for a view, where records up to `recorded` have been folded.
    pub(crate) fn view_time(&self, recorded: Timestamp) -> Timestamp {
        match self.config.clock {
            Clock::Event => recorded,
            Clock::Log => recorded.max((self.config.now)()),
        }
    }

    pub(crate) fn fenced(&self) -> EngineError {
        EngineError::Fenced {
            partition: self.partition,
            epoch: self.epoch,
        }
    }

    /// Nothing is folded here under a logic version that the process does not have.
    pub(crate) fn lacks(&self, version: u32) -> EngineError {
        kin::lacks(self.partition, version, self.ports.versions.logic())
    }

    pub(crate) fn head_gone(&self) -> EngineError {
        EngineError::HeadGone {
            partition: self.partition,
        }
    }

    pub(crate) fn unreadable(&self, why: impl Into<String>) -> EngineError {
        EngineError::Store {
            partition: self.partition,
            why: why.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Share;

    #[test]
    fn who_is_here_shares_and_who_leaves_leaves_its_share() {
        let here = Arc::default();
        let one = Share::new(&here);
        assert_eq!(one.of(90), 90);
        let others = [Share::new(&here), Share::new(&here)];
        assert_eq!((one.of(90), others[1].of(90)), (30, 30));
        drop(others);
        assert_eq!(one.of(90), 90);
    }
}
