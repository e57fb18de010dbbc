//! What a partition does when its records say that a programme changes, or the logic version.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;
use types::{BrandId, Change, Stage};

use crate::logic::Rules;
use crate::partition::Partition;
use crate::pump::{Heard, Mark, News};
use crate::timeline::Timeline;

/// A log that does not say by then what it was given is given it again.
const AGAIN: Duration = Duration::from_secs(60);

impl Partition {
    /// Takes in what records say of what is behind them, before any of that is folded.
    pub(crate) fn hear(&mut self, heard: &[Heard]) {
        for Heard { news, at } in heard {
            match news {
                News::Programme(change) => self.hear_programme(change, *at),
                News::Logic(version) => self.hear_logic(*version, *at),
            }
        }
    }

    fn hear_programme(&mut self, change: &Change, at: Mark) {
        let mut timeline = self.tenure.timeline.borrow_mut();
        if !timeline.hear(change, at.position, at.clock) {
            return;
        }
        let rules = Rules {
            number: change.number,
            logic: timeline.logic.now(),
        };
        drop(timeline);
        // Its names are written before any state or segment that speaks of it.
        self.untabled
            .extend(self.tenure.programme(&change.brand, rules));
        if change.stage == Stage::Active {
            tracing::info!(
                partition = %self.tenure.partition, position = %at.position, brand = %change.brand, number = change.number,
                version = %change.version, "another programme is in effect"
            );
        }
    }

    fn hear_logic(&mut self, version: u32, at: Mark) {
        let mut timeline = self.tenure.timeline.borrow_mut();
        if timeline.logic.hear(version, at.position, at.clock) {
            self.tenure.ports.moving.meet(version);
            tracing::info!(
                partition = %self.tenure.partition, position = %at.position, version, "another logic version is in effect"
            );
        }
    }

    /// Has the log say the logic version that all nodes have, where it has not come to it.
    pub(crate) fn move_on(&mut self) {
        let version = self.tenure.ports.moving.wanted();
        let there = self.tenure.timeline.borrow().logic.now();
        let said = self.moved.is_some_and(|said| said.elapsed() < AGAIN);
        if version <= there || said || self.stopping {
            return;
        }
        self.moved = Some(Instant::now());
        let tenure = Rc::clone(&self.tenure);
        self.tasks.spawn_local(async move {
            let entry = ports::Entry {
                recorded_at: None,
                body: events::record::encode_logic(version),
            };
            let partition = tenure.partition;
            if let Err(error) = tenure.ports.log.append(partition, vec![entry]).await {
                tracing::warn!(%partition, %error, version, "the log was not given the logic version; tried again");
            }
        });
    }

    /// Whether the last head does not say yet what was heard. Who publishes waits for that.
    pub(crate) fn heard_unwritten(&self) -> bool {
        let timeline = self.tenure.timeline.borrow();
        let written = &self.checkpoints.fold.timeline;
        let news = |(brand, number): (&BrandId, u64)| {
            number > written.active(brand) || timeline.known(brand) > written.known(brand)
        };
        let moved = timeline.logic.now() > written.logic.now();
        (moved || timeline.changed().any(news))
            && self.cursor().position > self.checkpoints.cursor.position
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
