//! Hints of who holds what, kept true: what is said of this process and is not so, and what is so and is not said.

use std::sync::Arc;
use std::time::Duration;

use types::Partition;

use super::agent::Agent;
use super::carry::{Doing, Done, SAID_FOR, word};

impl Agent {
    /// Says that the partition is held here.
    pub(super) fn say_held(&mut self, partition: Partition) {
        self.hinted.insert(partition, self.now());
        let (liveness, process) = (Arc::clone(&self.liveness), self.settings.process);
        self.begin(async move {
            word(liveness.hold(partition, process)).await;
            Done::Nothing
        });
    }

    pub(super) fn look_after_hints(&mut self, now: Duration) {
        for partition in (0..self.partitions).map(Partition) {
            let lately = self.hinted.get(&partition);
            if lately.is_some_and(|then| now.saturating_sub(*then) < SAID_FOR) {
                continue;
            }
            let said = self.view.holders.get(&partition).copied();
            let mine = said == Some(self.settings.process);
            let going = matches!(
                self.doing.get(&partition),
                Some(Doing::Taking(_) | Doing::Releasing)
            );
            match (self.machine.holds(partition), said) {
                _ if going => {}
                (true, None) => self.say_held(partition),
                (true, Some(_)) if !mine => self.doubt(partition),
                (false, Some(_)) if mine => self.say_gone(partition),
                _ => {}
            }
        }
    }

    /// Another says that it holds what is held here: the head knows. Where it names this process the other's word came late.
    fn doubt(&mut self, partition: Partition) {
        self.hinted.insert(partition, self.now());
        let (engine, liveness) = (self.engine.clone(), Arc::clone(&self.liveness));
        let process = self.settings.process;
        self.begin(async move {
            if engine.confirm(partition).await.is_ok() {
                word(liveness.hold(partition, process)).await;
            }
            Done::Nothing
        });
    }

    fn say_gone(&mut self, partition: Partition) {
        self.hinted.insert(partition, self.now());
        let (liveness, process) = (Arc::clone(&self.liveness), self.settings.process);
        self.begin(async move {
            word(liveness.release(partition, process)).await;
            Done::Nothing
        });
    }
}
