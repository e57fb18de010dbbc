//! The engine from outside: start, questions, shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ports::{EmissionSink, Entity, EventLog, StateStore};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use types::{BrandId, EventId, Partition, PlayerId, Position, SourceId};

use crate::arbiter::{self, Job, partition_of};
use crate::config::EngineConfig;
use crate::context::Ports;
use crate::error::{EngineError, QueryError, RepairError};
use crate::query::{
    Command, Drain, EventEntry, JournalPage, OutcomeAt, PartitionStatus, PlayerAsOf, Question,
    Reply, SetAside,
};
use crate::repair::Repaired;
use crate::tell::Tells;
use crate::versions::Versions;

/// Questions that may wait at a partition.
const WAITING: usize = 1024;

/// Starts engines.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Takes all partitions over and folds them on from their cursors. Returns when all are taken; waits while the store is down.
    pub async fn start(
        config: EngineConfig,
        versions: impl Into<Arc<Versions>>,
        log: Arc<dyn EventLog>,
        store: Arc<dyn StateStore>,
        sinks: Vec<Arc<dyn EmissionSink>>,
    ) -> Result<EngineHandle, EngineError> {
        let mut sinks = sinks;
        sinks.push(Arc::new(Tells {
            log: Arc::clone(&log),
            clock: config.clock,
        }));
        let ports = Ports {
            versions: versions.into(),
            log,
            store,
            sinks,
        };
        let (failed, failure) = watch::channel(None);
        let (mut commands, mut jobs, mut starting) = (Vec::new(), Vec::new(), Vec::new());
        for partition in 0..ports.log.partitions() {
            let (sender, receiver) = mpsc::channel(WAITING);
            let (ready, started) = oneshot::channel();
            commands.push(sender);
            starting.push(started);
            jobs.push(Job {
                partition: Partition(partition),
                commands: receiver,
                ready,
                failure: failed.clone(),
            });
        }
        let ends = arbiter::spread(&config, &ports, jobs)?;
        for started in starting {
            started.await.unwrap_or(Err(EngineError::Stopped))?;
        }
        Ok(EngineHandle {
            shared: Arc::new(Shared {
                ports,
                commands,
                failure,
                _failed: failed,
                stopping: AtomicBool::new(false),
                ends: Mutex::new(ends),
            }),
        })
    }
}

/// Asks and stops a running engine. It stops, without a last checkpoint, when the last clone is dropped.
#[derive(Clone)]
pub struct EngineHandle {
    shared: Arc<Shared>,
}

struct Shared {
    ports: Ports,
    commands: Vec<mpsc::Sender<Command>>,
    failure: watch::Receiver<Option<EngineError>>,
    /// Keeps the channel open, so that waiting for a failure lasts.
    _failed: watch::Sender<Option<EngineError>>,
    stopping: AtomicBool,
    ends: Mutex<Vec<oneshot::Receiver<()>>>,
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle")
            .field("partitions", &self.shared.commands.len())
            .finish_non_exhaustive()
    }
}

impl EngineHandle {
    /// Which partition a player's records are in.
    pub fn partition_of(&self, entity: &Entity) -> Partition {
        partition_of(self.shared.ports.log.as_ref(), entity)
    }

    /// The player's view, and the position it is as of; `None` where it never had an event.
    pub async fn player(&self, entity: &Entity) -> Result<Option<PlayerAsOf>, QueryError> {
        self.ask(entity, Question::View).await
    }

    /// What happened to the player, newest first: up to `limit` entries numbered below `before`. `None` where it never had an event.
    pub async fn journal(
        &self,
        entity: &Entity,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Option<JournalPage>, QueryError> {
        let question = |reply| Question::Journal {
            before,
            limit,
            reply,
        };
        self.ask(entity, question).await
    }

    /// Why an event did, or didn't, count, and what reversed it since; `None` where the player had no such event.
    pub async fn explain(
        &self,
        entity: &Entity,
        source: &SourceId,
        id: &EventId,
    ) -> Result<Option<EventEntry>, QueryError> {
        let (source, id) = (source.clone(), id.clone());
        let question = |reply| Question::Explain { source, id, reply };
        self.ask(entity, question).await
    }

    /// What the player's record at a position came to. Waits until it is folded; dropping the future gives the wait up.
    pub async fn outcome(
        &self,
        entity: &Entity,
        position: Position,
    ) -> Result<OutcomeAt, QueryError> {
        let question = |reply| Question::Outcome { position, reply };
        self.ask(entity, question).await
    }

    /// Up to `limit` known players of a partition, after `after`, in byte order of brand and id: those in the store and those in
    /// memory that are not written yet.
    pub async fn entities(
        &self,
        partition: Partition,
        after: Option<&Entity>,
        limit: usize,
    ) -> Result<Vec<Entity>, QueryError> {
        let command = |reply| Command::Residents(after.cloned(), reply);
        // Memory first: a player written and let go in between is then in the store.
        let mut entities = self.send(partition, command).await?;
        let store = &self.shared.ports.store;
        let mut after = after.cloned();
        let mut found = 0;
        while found < limit {
            let page = store.entities(partition, after.as_ref(), limit).await;
            let page = page.map_err(|error| {
                tracing::warn!(%partition, %error, "players are not listed");
                QueryError::Overloaded
            })?;
            let last = page.last().filter(|_| page.len() == limit).cloned();
            // What players share has snapshots too.
            let players = page.into_iter().filter(Entity::is_player);
            let before = entities.len();
            entities.extend(players);
            found += entities.len() - before;
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        entities.sort_unstable();
        entities.dedup();
        entities.truncate(limit);
        Ok(entities)
    }

    /// Up to `limit` known players of one brand in a partition, after `after`, in byte order of their ids.
    pub async fn players_of(
        &self,
        partition: Partition,
        brand: &BrandId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<Vec<Entity>, QueryError> {
        let mut found: Vec<Entity> = Vec::new();
        let mut after = after.map(|player| Entity {
            brand: brand.clone(),
            player: player.clone(),
        });
        // Entities stand by brand: pages of brands before this one are passed over.
        loop {
            let page = self.entities(partition, after.as_ref(), limit).await?;
            let Some(last) = page.last().cloned() else {
                return Ok(found);
            };
            found.extend(page.into_iter().filter(|entity| entity.brand == *brand));
            if found.len() >= limit || last.brand > *brand {
                found.truncate(limit);
                return Ok(found);
            }
            after = Some(last);
        }
    }

    /// Every player that is set aside, by partition, brand and id.
    pub async fn set_aside(&self) -> Result<Vec<SetAside>, QueryError> {
        let mut all = Vec::new();
        for partition in self.partitions() {
            all.extend(self.send(partition, Command::SetAside).await?);
        }
        Ok(all)
    }

    /// Repairs a player that is set aside: folds the records that wait, on its snapshot, or with `whole` without one, from the log's
    /// beginning. Returns when that is durable and the player takes part again for good.
    pub async fn repair(&self, entity: &Entity, whole: bool) -> Result<Repaired, RepairError> {
        let entity = entity.clone();
        let partition = self.partition_of(&entity);
        let command = |reply| Command::Repair {
            entity,
            whole,
            reply,
        };
        self.send(partition, command).await?
    }

    /// How each partition stands.
    pub async fn partition_status(&self) -> Result<Vec<PartitionStatus>, QueryError> {
        let mut all = Vec::with_capacity(self.shared.commands.len());
        for partition in self.partitions() {
            let mut status = self.send(partition, Command::Status).await?;
            if let Ok((end, _)) = self.shared.ports.log.end(partition).await {
                status.end = status.end.max(end);
            }
            status.lag = status.end.sequence.saturating_sub(status.applied.sequence);
            all.push(status);
        }
        Ok(all)
    }

    /// Waits until, in each partition, everything up to the position is folded and every emission decided is acknowledged.
    pub async fn drained(&self, positions: &[(Partition, Position)]) -> Result<(), QueryError> {
        for (partition, position) in positions {
            let command = |reply| {
                Command::Drained(Drain {
                    position: *position,
                    reply,
                })
            };
            self.send(*partition, command).await?;
        }
        Ok(())
    }

    /// Waits until a partition stops on its own, and says why: another owner, another log, a store of a newer version.
    pub async fn failed(&self) -> EngineError {
        let mut failure = self.shared.failure.clone();
        match failure.wait_for(Option::is_some).await {
            Ok(error) => error.clone().unwrap_or(EngineError::Stopped),
            Err(_) => EngineError::Stopped,
        }
    }

    /// Stops the intake, writes a last checkpoint of each partition and lets go of the ports. A store that does not answer is waited for
    /// as long as the pace says; what it lacks then is folded again at the next start.
    pub async fn shutdown(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let mut stopped = Vec::new();
        for commands in &self.shared.commands {
            let (reply, answer) = oneshot::channel();
            // A partition that has stopped already needs no telling.
            if commands.send(Command::Shutdown(reply)).await.is_ok() {
                stopped.push(answer);
            }
        }
        for answer in stopped {
            drop(answer.await);
        }
        for ended in self.shared.ends.lock().await.drain(..) {
            drop(ended.await);
        }
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.shared.ports
    }

    fn partitions(&self) -> impl Iterator<Item = Partition> {
        (0..self.shared.ports.log.partitions()).map(Partition)
    }

    async fn ask<T>(
        &self,
        entity: &Entity,
        question: impl FnOnce(Reply<T>) -> Question,
    ) -> Result<T, QueryError> {
        if !self.shared.ports.versions.knows(&entity.brand) {
            // No player of an unknown brand has a state; the partition would drop the question.
            return Err(QueryError::Moving);
        }
        let command = |reply| Command::Ask(entity.clone(), question(reply));
        self.send(self.partition_of(entity), command).await
    }

    pub(crate) async fn send<T>(
        &self,
        partition: Partition,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, QueryError> {
        let (reply, answer) = oneshot::channel();
        let commands = self.shared.commands.get(usize::from(partition.0));
        let commands = commands.ok_or(QueryError::Moving)?;
        match commands.try_send(command(reply)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(QueryError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(self.closed()),
        }
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    fn closed(&self) -> QueryError {
        if self.shared.stopping.load(Ordering::Relaxed) {
            QueryError::Stopping
        } else {
            QueryError::Moving
        }
    }
}
