//! How long a partition stood still while it changed hands: what the first record that its new owner folds had waited in the log.
//!
//! The new owner sees both ends, by the log's clock and by its own, and needs nothing of the old one for it. Where nothing was waiting it
//! is the ordinary time from the log to the fold. On the event clock records do not say when they came, and nothing is measured.

use types::Timestamp;

use crate::config::Clock;
use crate::context::Tenure;
use crate::partition::Partition;
use crate::pump::Chunk;

/// What is known of it.
pub(crate) enum Pause {
    /// No record has come yet.
    Quiet,
    /// The first one stood in the log since then.
    Since(Timestamp),
    /// It is over.
    Over,
}

impl Pause {
    pub(crate) fn begun(tenure: &Tenure) -> Self {
        match tenure.config.clock {
            Clock::Log => Self::Quiet,
            Clock::Event => Self::Over,
        }
    }
}

impl Partition {
    /// Notes when the first record of the tenure came.
    pub(crate) fn resume(&mut self, chunk: &Chunk) {
        if !matches!(self.pause, Pause::Quiet) {
            return;
        }
        let recorded = chunk
            .groups
            .iter()
            .flat_map(|(_, records)| records)
            .map(|queued| queued.record.recorded_at)
            .min();
        if let Some(recorded) = recorded {
            self.pause = Pause::Since(recorded);
        }
    }

    /// A record was folded.
    pub(crate) fn resumed(&mut self) {
        let Pause::Since(recorded) = self.pause else {
            return;
        };
        self.pause = Pause::Over;
        let tenure = &self.tenure;
        let waited = (tenure.config.now)().nanos() - recorded.nanos();
        // Below zero where clocks differ.
        let waited = std::time::Duration::from_nanos(u64::try_from(waited).unwrap_or(0));
        tenure.measures.resumed(self.planned, waited);
        tracing::info!(
            partition = %tenure.partition, epoch = %tenure.epoch, planned = self.planned, waited_ms = waited.as_millis() as u64,
            "folds on"
        );
    }
}
