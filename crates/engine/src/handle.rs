//! The engine from outside: questions, shutdown.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use ports::Entity;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use types::{EventId, Partition, Position, SourceId};

use crate::arbiter::{Arbiters, Load, partition_of};
use crate::config::EngineConfig;
use crate::context::Ports;
use crate::error::{EngineError, QueryError, RepairError};
use crate::job::{Job, Tell};
use crate::place::Place;
use crate::query::{
    Command, Drain, EventEntry, JournalPage, OutcomeAt, PartitionStatus, PlayerAsOf, Question,
    Reply, SetAside,
};
use crate::repair::Repaired;
use crate::retain;

/// Asks and stops a running engine. It stops, without a last checkpoint, when the last clone is dropped.
#[derive(Clone)]
pub struct EngineHandle {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    ports: Ports,
    places: Vec<Arc<Place>>,
    pub(crate) tell: Tell,
    /// Until when questions are answered; `None`: always.
    pub(crate) vouched: watch::Sender<Option<Instant>>,
    stopping: AtomicBool,
    arbiters: Mutex<Option<Arbiters>>,
    /// Everything that runs stops with it.
    pub(crate) alive: CancellationToken,
    _alive: DropGuard,
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle")
            .field("partitions", &self.shared.places.len())
            .finish_non_exhaustive()
    }
}

impl EngineHandle {
    /// An engine that owns nothing.
    pub(crate) fn new(config: EngineConfig, ports: Ports, tell: Tell) -> Result<Self, EngineError> {
        let arbiters = Arbiters::start(&config, &ports)?;
        let places = (0..ports.log.partitions()).map(|_| Arc::default());
        let alive = CancellationToken::new();
        Ok(Self {
            shared: Arc::new(Shared {
                places: places.collect(),
                ports,
                tell,
                vouched: watch::Sender::new(None),
                stopping: AtomicBool::new(false),
                arbiters: Mutex::new(Some(arbiters)),
                _alive: alive.clone().drop_guard(),
                alive,
            }),
        })
    }

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
        let outcome = self.ask(entity, question).await?;
        self.confirm_outcome(self.partition_of(entity)).await?;
        Ok(outcome)
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

    /// Every player of the partitions here that is set aside, by partition, brand and id.
    pub async fn set_aside(&self) -> Result<Vec<SetAside>, QueryError> {
        let mut all = Vec::new();
        for (partition, _) in self.held() {
            all.extend(
                still_here(self.send(partition, Command::SetAside).await)?.unwrap_or_default(),
            );
        }
        Ok(all)
    }

    /// Repairs a player that is set aside: folds the records that wait, on its snapshot, or with `whole` without one, from the log's
    /// beginning. Returns when that is durable and the player takes part again for good.
    pub async fn repair(&self, entity: &Entity, whole: bool) -> Result<Repaired, RepairError> {
        let entity = entity.clone();
        let partition = self.partition_of(&entity);
        if whole {
            retain::is_whole(self.ports().log.as_ref(), partition).await?;
        }
        let command = |reply| Command::Repair {
            entity,
            whole,
            reply,
        };
        self.send(partition, command).await?
    }

    /// How each partition that is here stands.
    pub async fn partition_status(&self) -> Result<Vec<PartitionStatus>, QueryError> {
        let mut all = Vec::new();
        for (partition, _) in self.held() {
            let asked = self.send(partition, Command::Status).await;
            let Some(mut status) = still_here(asked)? else {
                continue;
            };
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
        let mut failure = self.shared.tell.failure.subscribe();
        match failure.wait_for(Option::is_some).await {
            Ok(error) => error.clone().unwrap_or(EngineError::Stopped),
            Err(_) => EngineError::Stopped,
        }
    }

    /// Stops the intake, writes a last checkpoint of each partition and lets go of the ports. A store that does not answer is waited for
    /// as long as the pace says; what it lacks then is folded again at the next start.
    pub async fn shutdown(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        join_all(self.partitions().map(|partition| self.release(partition))).await;
        let arbiters = self.arbiters().take();
        if let Some(arbiters) = arbiters {
            arbiters.end().await;
        }
    }

    /// Has a thread run the job.
    pub(crate) fn give(&self, job: impl FnOnce(Load) -> Job) {
        if let Some(arbiters) = self.arbiters().as_ref() {
            arbiters.give(job);
        }
    }

    fn arbiters(&self) -> MutexGuard<'_, Option<Arbiters>> {
        let arbiters = self.shared.arbiters.lock();
        arbiters.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn place(&self, partition: Partition) -> Option<&Arc<Place>> {
        self.shared.places.get(usize::from(partition.0))
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = &Arc<Place>> {
        self.shared.places.iter()
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.shared.ports
    }

    pub(crate) fn partition_count(&self) -> u16 {
        self.shared.ports.log.partitions()
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        (0..self.partition_count()).map(Partition)
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
        let place = self.place(partition).filter(|_| self.is_vouched());
        let commands = place.and_then(|place| place.commands());
        let commands = commands.ok_or_else(|| self.closed())?;
        match commands.try_send(command(reply)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(QueryError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(self.closed()),
        }
        let answer = answer.await.unwrap_or_else(|_| Err(self.closed()))?;
        // The process may have slept over it.
        match self.is_vouched() {
            true => Ok(answer),
            false => Err(QueryError::Moving),
        }
    }

    /// Whether there may be other owners.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.vouched.borrow().is_some()
    }

    fn is_vouched(&self) -> bool {
        let until = *self.shared.vouched.borrow();
        until.is_none_or(|until| Instant::now() < until)
    }

    fn closed(&self) -> QueryError {
        if self.shared.stopping.load(Ordering::Relaxed) {
            QueryError::Stopping
        } else {
            QueryError::Moving
        }
    }
}

/// An answer, or that the partition went while it was asked.
fn still_here<T>(asked: Result<T, QueryError>) -> Result<Option<T>, QueryError> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(QueryError::Moving) => Ok(None),
        Err(error) => Err(error),
    }
}
