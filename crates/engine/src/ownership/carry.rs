//! Carrying decisions out. They are of the moment and come again each round until they are done, so that each is begun where nothing is
//! under way for its partition, and what is under way and no longer wanted is given up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use ports::{LivenessError, NodeName, OwnerId, Renewal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use types::{Epoch, Partition};

use super::agent::Agent;
use super::membership::Decision;
use crate::error::EngineError;

/// How long the successor may take to warm up: the partition moves without, after that.
const WARM_WITHIN: Duration = Duration::from_secs(5);
/// What was read ahead is read again after so long.
const WARM_FOR: Duration = Duration::from_secs(15);
/// How long a word to the others may take before it is said again.
const WORD_WITHIN: Duration = Duration::from_secs(2);
/// What was said is said again after so long: it is not in the listings at once.
pub(super) const SAID_FOR: Duration = Duration::from_secs(1);
/// The first and the longest time after which a partition that does not run here is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What is under way for a partition.
#[derive(Debug)]
pub(super) enum Doing {
    /// Being taken over, unless it is given up.
    Taking(CancellationToken),
    /// What is dirty is written, and the successor warms up.
    Preparing,
    /// It has.
    Ready(NodeName),
    /// Its last checkpoint is written.
    Releasing,
}

/// What has come to its end.
pub(super) enum Done {
    Beat,
    Renewed(Duration, Result<Renewal, LivenessError>),
    Took(Partition, Option<Result<Epoch, EngineError>>),
    Prepared(Partition, NodeName),
    Released(Partition),
    /// Nothing waits for it.
    Nothing,
}

/// A partition that does not run here though it should.
#[derive(Debug, Default)]
pub(super) struct Failure {
    until: Duration,
    wait: Duration,
    why: String,
}

impl Failure {
    pub(super) fn again(&mut self, now: Duration, why: String) {
        self.wait = (self.wait * 2).clamp(AGAIN.0, AGAIN.1);
        self.until = now + self.wait;
        self.why = why;
    }

    /// It has run since, or is another's to run, for so long that it is forgotten.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.until) > AGAIN.1
    }

    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    pub(super) fn why(&self) -> &str {
        &self.why
    }
}

impl Agent {
    pub(super) fn carry(&mut self, decisions: Vec<Decision>, now: Duration) {
        let (mut takes, mut moves) = (BTreeSet::new(), BTreeSet::new());
        for decision in decisions {
            match decision {
                // Without a lease; that is looked at each round.
                Decision::Fence => {}
                Decision::Suspect(process) => self.suspect(process, now),
                Decision::Take(partition) => {
                    takes.insert(partition);
                    self.take(partition, now);
                }
                Decision::Warm(partition) => self.warm(partition, now),
                Decision::HandOff { partition, to } => {
                    moves.insert(partition);
                    self.hand_off(partition, to);
                }
                Decision::Release(partition) => self.release(partition),
                Decision::MoveTo(version) => self.engine.move_to_logic(version),
            }
        }
        self.doing.retain(|partition, doing| match doing {
            Doing::Taking(wanted) => {
                if !takes.contains(partition) {
                    wanted.cancel();
                }
                true
            }
            Doing::Preparing | Doing::Ready(_) => moves.contains(partition),
            Doing::Releasing => true,
        });
    }

    /// Nothing that is under way may go on.
    pub(super) fn give_up_all(&mut self) {
        self.doing.retain(|_, doing| match doing {
            Doing::Taking(wanted) => {
                wanted.cancel();
                true
            }
            Doing::Preparing | Doing::Ready(_) => false,
            Doing::Releasing => true,
        });
    }

    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Beat => self.beaten(),
            Done::Renewed(sent, renewal) => self.renewed(sent, renewal),
            Done::Took(partition, took) => {
                self.doing.remove(&partition);
                match took {
                    Some(Ok(_)) => {
                        self.warmed.remove(&partition);
                        self.say_held(partition);
                    }
                    Some(Err(EngineError::Stopped)) | None => {}
                    Some(Err(error)) => self.failed(partition, &error),
                }
            }
            Done::Prepared(partition, to) => {
                if let Some(doing @ Doing::Preparing) = self.doing.get_mut(&partition) {
                    *doing = Doing::Ready(to);
                }
            }
            Done::Released(partition) => drop(self.doing.remove(&partition)),
            Done::Nothing => {}
        }
    }

    fn suspect(&mut self, process: OwnerId, now: Duration) {
        self.suspected
            .retain(|_, then| now.saturating_sub(*then) < SAID_FOR);
        if self.suspected.contains_key(&process) {
            return;
        }
        self.suspected.insert(process, now);
        tracing::warn!(process = %format_args!("{:032x}", process.0), "nothing is heard of a node: it is suspected");
        let liveness = Arc::clone(&self.liveness);
        self.begin(async move {
            word(liveness.suspect(process)).await;
            Done::Nothing
        });
    }

    fn take(&mut self, partition: Partition, now: Duration) {
        let failing = self.failures.get(&partition);
        if failing.is_some_and(|failure| now < failure.until) || self.doing.contains_key(&partition)
        {
            return;
        }
        let wanted = CancellationToken::new();
        self.doing.insert(partition, Doing::Taking(wanted.clone()));
        let engine = self.engine.clone();
        self.begin(async move {
            let began = Instant::now();
            let took = wanted.run_until_cancelled(engine.take(partition)).await;
            if let Some(Ok(epoch)) = &took {
                tracing::info!(%partition, %epoch, took_ms = ms(began.elapsed()), "held");
            }
            Done::Took(partition, took)
        });
    }

    fn warm(&mut self, partition: Partition, now: Duration) {
        let since = self.warmed.get(&partition);
        if since.is_some_and(|since| now.saturating_sub(*since) < WARM_FOR) {
            return;
        }
        self.warmed.insert(partition, now);
        let engine = self.engine.clone();
        self.begin(async move {
            match tokio::time::timeout(WARM_WITHIN, engine.warm(partition)).await {
                Ok(Err(error)) => tracing::warn!(%partition, %error, "not warmed up"),
                Ok(Ok(players)) => tracing::debug!(%partition, players, "warmed up"),
                Err(_) => tracing::debug!(%partition, "not warmed up in time"),
            }
            Done::Nothing
        });
    }

    fn hand_off(&mut self, partition: Partition, to: NodeName) {
        match self.doing.get(&partition) {
            Some(Doing::Ready(ready)) if *ready == to => self.release(partition),
            None | Some(Doing::Ready(_)) => self.prepare(partition, to),
            Some(Doing::Taking(_) | Doing::Preparing | Doing::Releasing) => {}
        }
    }

    /// Writes what is dirty and has the successor read ahead, before the partition stands still.
    fn prepare(&mut self, partition: Partition, to: NodeName) {
        let Some(address) = self.view.members.get(&to).map(|it| Arc::clone(&it.address)) else {
            return;
        };
        self.doing.insert(partition, Doing::Preparing);
        let (engine, peers) = (self.engine.clone(), Arc::clone(&self.peers));
        self.begin(async move {
            engine.write_ahead(partition).await;
            match tokio::time::timeout(WARM_WITHIN, peers.warm(&address, partition)).await {
                Ok(Err(error)) => tracing::warn!(%partition, %to, %error, "the successor is cold"),
                Err(_) => {
                    tracing::warn!(%partition, %to, "the successor is cold: it takes too long")
                }
                Ok(Ok(())) => {}
            }
            Done::Prepared(partition, to)
        });
    }

    fn release(&mut self, partition: Partition) {
        if let Some(Doing::Taking(_) | Doing::Releasing) = self.doing.get(&partition) {
            return;
        }
        self.doing.insert(partition, Doing::Releasing);
        let (engine, liveness) = (self.engine.clone(), Arc::clone(&self.liveness));
        let process = self.settings.process;
        self.begin(async move {
            let began = Instant::now();
            engine.release(partition).await;
            let stopped = began.elapsed();
            word(liveness.release(partition, process)).await;
            tracing::info!(%partition, stopped_ms = ms(stopped), told_ms = ms(began.elapsed()), "let go");
            Done::Released(partition)
        });
    }

    pub(super) fn begin(&mut self, work: impl Future<Output = Done> + Send + 'static) {
        let work: BoxFuture<'static, Done> = Box::pin(work);
        self.work.push(work);
    }
}

/// Whole milliseconds.
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A word to the others. One that is lost is said again when its lack is seen.
pub(super) async fn word(said: impl Future<Output = Result<(), LivenessError>>) {
    match tokio::time::timeout(WORD_WITHIN, said).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the other nodes are not told"),
        Err(_) => tracing::warn!("the other nodes are not told: no answer"),
    }
}
