//! What a partition does when its records say that a programme changes.

use types::{BrandId, Stage};

use crate::partition::Partition;
use crate::pump::Heard;
use crate::timeline::Timeline;

impl Partition {
    /// Takes in what records say of programmes, before any record behind them is folded.
    pub(crate) fn hear(&mut self, heard: &[Heard]) {
        for Heard { change, at } in heard {
            let mut timeline = self.tenure.timeline.borrow_mut();
            if !timeline.hear(change, at.position, at.clock) {
                continue;
            }
            drop(timeline);
            // Its names are written before any state or segment that speaks of it.
            self.untabled
                .extend(self.tenure.programme(&change.brand, change.number));
            if change.stage == Stage::Active {
                tracing::info!(
                    partition = %self.tenure.partition, position = %at.position, brand = %change.brand, number = change.number,
                    version = %change.version, "another programme is in effect"
                );
            }
        }
    }

    /// Whether the last head does not say yet what was heard. Who publishes waits for that.
    pub(crate) fn heard_unwritten(&self) -> bool {
        let timeline = self.tenure.timeline.borrow();
        let written = &self.checkpoints.fold.timeline;
        let news = |(brand, number): (&BrandId, u64)| {
            number > written.active(brand) || timeline.known(brand) > written.known(brand)
        };
        timeline.changed().any(news) && self.cursor().position > self.checkpoints.cursor.position
    }

    /// For each brand the publication in effect by a timeline.
    pub(crate) fn programmes(&self, timeline: &Timeline) -> Vec<(BrandId, u64)> {
        let current = self.tenure.ports.versions.all_current().into_iter();
        current
            .map(|(brand, _)| {
                let number = timeline.active(&brand);
                (brand, number)
            })
            .collect()
    }
}
