//! Which partitions the engine holds: taking them, warming them up, letting them go.

use std::ops::RangeInclusive;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::time::Instant;
use types::{Epoch, Partition};

use crate::error::EngineError;
use crate::handle::EngineHandle;
use crate::job::Job;
use crate::query::Command;
use crate::warm;

impl EngineHandle {
    /// Takes the partition over and folds it on from its cursor; gives the epoch. Waits while the store is down; dropping the future
    /// gives it up. Harmless where it is here already.
    pub async fn take(&self, partition: Partition) -> Result<Epoch, EngineError> {
        let place = self.place(partition).ok_or(EngineError::Stopped)?;
        let fences = place.fences();
        let _turn = place.turn.lock().await;
        if let Some(epoch) = place.held() {
            return Ok(epoch);
        }
        // A tenure that ends by itself is gone before the next begins.
        if let Some(ending) = place.ending() {
            ending.wait().await;
        }
        let stop = self.shared.alive.child_token();
        let given_up = stop.clone().drop_guard();
        let begun = place.begin(fences, stop).ok_or(EngineError::Stopped)?;
        let (ready, taken) = oneshot::channel();
        let tell = self.shared.tell.clone();
        self.give(|load| Job {
            partition,
            place: Arc::clone(place),
            begun,
            ready,
            tell,
            load,
        });
        let epoch = taken.await.unwrap_or(Err(EngineError::Stopped))?;
        given_up.disarm();
        Ok(epoch)
    }

    /// Reads ahead what a takeover of the partition will need, owning and writing nothing. Says how many players are expected; what was read
    /// a moment ago is not read again. An error costs no more than that the takeover is slower.
    pub async fn warm(&self, partition: Partition) -> Result<usize, EngineError> {
        let place = self.place(partition).ok_or(EngineError::Stopped)?;
        let fences = place.fences();
        // A takeover does not wait for it.
        let _warming = place.warming.lock().await;
        if place.held().is_some() {
            return Ok(0);
        }
        if let Some(players) = place.warm_players() {
            return Ok(players);
        }
        let warm = warm::up(partition, self.ports()).await?;
        let players = warm.players();
        place.keep_warm(fences, warm);
        Ok(players)
    }

    /// Stops the intake, writes a last checkpoint and lets the partition go. The head goes on to name this process: whoever comes next
    /// takes it by its epoch. A store that does not answer is waited for as long as the pace says; what it lacks then is folded again.
    pub async fn release(&self, partition: Partition) {
        let Some(place) = self.place(partition) else {
            return;
        };
        let Some((commands, ending)) = place.close() else {
            return;
        };
        if let Some(commands) = commands {
            let (reply, written) = oneshot::channel();
            // A partition that has stopped already needs no telling.
            if commands.send(Command::Shutdown(reply)).await.is_ok() {
                drop(written.await);
            }
        }
        ending.wait().await;
    }

    /// Stops every partition at once, without a last checkpoint, and whatever was on its way to being taken. When it returns none
    /// folds, sends or writes any more.
    pub async fn fence(&self) {
        let endings = self.places().filter_map(|place| place.fence());
        // All are stopped before the first is waited for.
        let endings: Vec<_> = endings.collect();
        join_all(endings.into_iter().map(|ending| ending.wait())).await;
    }

    /// The partitions that are here, by number, each with its epoch.
    pub fn held(&self) -> Vec<(Partition, Epoch)> {
        let places = self.partitions().zip(self.places());
        let held = places.filter_map(|(partition, place)| Some((partition, place.held()?)));
        held.collect()
    }

    /// The logic versions that the process has.
    pub fn logic(&self) -> RangeInclusive<u32> {
        self.ports().versions.logic().versions.clone()
    }

    /// The newest logic version that a partition which is or was here has come to; `None` before the first.
    pub fn logic_met(&self) -> Option<u32> {
        self.ports().moving.met()
    }

    /// Has the partitions here move to a logic version: each one's log is given it where it has not come to it. To be called once every
    /// process that may take a partition over has it; one that the process itself does not have changes nothing.
    pub fn move_to_logic(&self, version: u32) {
        if self.ports().versions.logic().has(version) {
            self.ports().moving.want(version);
        }
    }

    /// Questions are answered until then and no longer: nobody knows whether another owner has come since. For ever, where this is
    /// never said.
    pub fn vouch(&self, until: Instant) {
        self.shared.vouched.send_replace(Some(until));
    }
}
