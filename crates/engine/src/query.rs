//! Questions to the partition, and how a player's actor answers them.

use std::rc::Rc;

use actix::Addr;
use bytes::Bytes;
use ports::Entity;
use progression::journal::Entry;
use progression::{Outcome, PlayerView};
use tokio::sync::oneshot;
use types::{BrandId, Epoch, EventId, Partition as PartitionId, Position, SourceId, Timestamp};

use crate::confirm::Confirm;
use crate::context::Tenure;
use crate::error::QueryError;
use crate::head::Restored;
use crate::journal;
use crate::partition::Partition;
use crate::player::{Look, Player};
use crate::preview::{self, Foreseen};
use crate::repair::RepairReply;
use crate::slots::SlotId;

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, QueryError>>;

/// A player as it stood at a position.
#[derive(Debug)]
pub struct PlayerAsOf {
    /// What a reader sees.
    pub view: PlayerView,
    /// The last record folded into it.
    pub as_of: Position,
}

/// Part of a player's journal.
#[derive(Debug)]
pub struct JournalPage {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Ask for what is before this entry number next; `None`: that was all.
    pub next: Option<u64>,
    /// On the newest page: the player as these entries and all before them leave it. What fell due since is in neither.
    pub player: Option<PlayerView>,
}

/// What became of one event.
#[derive(Debug)]
pub struct EventEntry {
    /// Its entry.
    pub entry: Entry,
    /// Entries that reversed it later, oldest first.
    pub reversed_by: Vec<Entry>,
}

/// What one record came to.
#[derive(Debug)]
pub struct OutcomeAt {
    /// What it came to.
    pub outcome: Outcome,
    /// Of a replay, what the event that came first came to, where that is still known.
    pub first: Option<Outcome>,
    /// The emissions it caused, as `simulate` writes them; for a replay, those of the event that came first.
    pub emissions: Vec<Bytes>,
}

/// One partition, as it is now.
#[derive(Clone, Debug)]
pub struct PartitionStatus {
    /// Which one.
    pub partition: PartitionId,
    /// Its tenure.
    pub epoch: Epoch,
    /// The last record folded, as far as all before it are.
    pub applied: Position,
    /// The cursor of its last checkpoint.
    pub cursor: Position,
    /// The end of the log; filled in by the handle.
    pub end: Position,
    /// Log messages between `applied` and `end`.
    pub lag: u64,
    /// Milliseconds since the last checkpoint, or the takeover.
    pub checkpoint_age_ms: u64,
    /// Players in memory.
    pub resident: usize,
    /// Players set aside.
    pub quarantined: usize,
    /// For each brand the number of the publication in effect at the last record taken.
    pub programmes: Vec<(BrandId, u64)>,
    /// The same in the partition's head.
    pub shown: Vec<(BrandId, u64)>,
    /// The logic version in effect at the last record taken.
    pub logic: u32,
    /// The last time that the log was found restored to an older copy.
    pub restored: Option<RestoredLog>,
    /// Emissions not yet acknowledged, for each sink.
    pub sinks: Vec<SinkStatus>,
}

/// What one sink still owes a partition.
#[derive(Clone, Debug)]
pub struct SinkStatus {
    /// Its name.
    pub sink: Box<str>,
    /// Emissions not yet acknowledged.
    pub pending: u64,
}

/// A log that was found restored to an older copy. What was folded from the lost part stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredLog {
    /// How often that has happened.
    pub times: u32,
    /// Up to here the log was the one that had been folded.
    pub kept: Position,
    /// Up to here it had been folded.
    pub folded: Position,
    /// When that was found.
    pub at: Timestamp,
}

impl From<Restored> for RestoredLog {
    fn from(restored: Restored) -> Self {
        Self {
            times: restored.times,
            kept: restored.kept,
            folded: restored.folded,
            at: restored.at,
        }
    }
}

/// A player that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Who.
    pub entity: Entity,
    /// Where its records are.
    pub partition: PartitionId,
    /// The record at which an invariant did not hold.
    pub position: Position,
    /// Which one, and how.
    pub why: String,
}

/// Waits until everything up to a position is folded and acknowledged.
pub(crate) struct Drain {
    pub(crate) position: Position,
    pub(crate) reply: Reply<()>,
}

/// What a partition is asked or told.
pub(crate) enum Command {
    Ask(Entity, Question),
    Status(Reply<PartitionStatus>),
    /// Known players in memory after an entity, in order.
    Residents(Option<Entity>, Reply<Vec<Entity>>),
    Drained(Drain),
    /// What a draft would mean for players.
    Preview(preview::Look, Reply<Foreseen>),
    Confirm(Confirm),
    SetAside(Reply<Vec<SetAside>>),
    Repair {
        entity: Entity,
        whole: bool,
        reply: RepairReply,
    },
    /// A checkpoint though none is due.
    WriteAhead(oneshot::Sender<()>),
    Shutdown(oneshot::Sender<()>),
}

/// What a player is asked.
pub(crate) enum Question {
    View(Reply<Option<PlayerAsOf>>),
    Journal {
        before: Option<u64>,
        limit: usize,
        reply: Reply<Option<JournalPage>>,
    },
    Explain {
        source: SourceId,
        id: EventId,
        reply: Reply<Option<EventEntry>>,
    },
    Outcome {
        position: Position,
        reply: Reply<OutcomeAt>,
    },
}

impl Question {
    /// The position that must be applied before it can be answered.
    pub(crate) fn waits_for(&self) -> Position {
        match self {
            Self::Outcome { position, .. } => *position,
            _ => Position::START,
        }
    }

    pub(crate) fn fail(self, error: QueryError) {
        // Who asked may have gone.
        match self {
            Self::View(reply) => drop(reply.send(Err(error))),
            Self::Journal { reply, .. } => drop(reply.send(Err(error))),
            Self::Explain { reply, .. } => drop(reply.send(Err(error))),
            Self::Outcome { reply, .. } => drop(reply.send(Err(error))),
        }
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::View(reply) => reply.is_closed(),
            Self::Journal { reply, .. } => reply.is_closed(),
            Self::Explain { reply, .. } => reply.is_closed(),
            Self::Outcome { reply, .. } => reply.is_closed(),
        }
    }
}

impl Partition {
    pub(crate) fn command(&mut self, command: Command) {
        match command {
            Command::Ask(entity, question) => {
                let (id, absent) = match self.slots.find(&entity) {
                    Some(id) => (id, false),
                    None => (self.slots.add(entity.clone()), true),
                };
                self.ask(id, question);
                if absent {
                    self.load(vec![(id, entity)]);
                }
            }
            Command::Status(reply) => drop(reply.send(Ok(self.status()))),
            Command::Residents(after, reply) => {
                let known = self.slots.iter().filter(|slot| slot.known);
                let mut entities: Vec<Entity> = known
                    .filter(|slot| after.as_ref().is_none_or(|after| slot.entity > *after))
                    .map(|slot| slot.entity.clone())
                    .collect();
                entities.sort_unstable();
                drop(reply.send(Ok(entities)));
            }
            Command::WriteAhead(written) => self.write_ahead(written),
            Command::Drained(drain) => self.drains.push(drain),
            Command::Preview(look, reply) => self.preview(look, reply),
            Command::Confirm(confirm) => self.confirm(confirm),
            Command::SetAside(reply) => drop(reply.send(Ok(self.set_aside()))),
            Command::Repair {
                entity,
                whole,
                reply,
            } => self.repair(&entity, whole, reply),
            // Taken by the loop, which answers when it is done.
            Command::Shutdown(_) => {}
        }
    }

    /// Asks the player's actor, or lets the question wait for it.
    pub(crate) fn ask(&mut self, id: SlotId, question: Question) {
        let now = self.tenure.view_time(self.reached.clock);
        let timeline = self.tenure.timeline.borrow();
        let Some(slot) = self.slots.get(id) else {
            return question.fail(QueryError::Moving);
        };
        slot.idle = false;
        if slot.is_behind() {
            let why = slot.aside().map(|aside| aside.why.clone());
            return question.fail(QueryError::Quarantined(why.unwrap_or_default()));
        }
        let Some(actor) = slot
            .actor()
            .filter(|_| question.waits_for() <= slot.applied)
        else {
            slot.questions.retain(|waiting| !waiting.is_abandoned());
            slot.questions.push(question);
            return;
        };
        let (actor, entity) = (actor.clone(), slot.entity.clone());
        let rules = timeline.rules(&entity.brand);
        let look = Look { now, rules };
        let tenure = Rc::clone(&self.tenure);
        self.tasks
            .spawn_local(answer(tenure, entity, actor, look, question));
    }

    fn status(&self) -> PartitionStatus {
        let outbox = self.outbox.borrow();
        PartitionStatus {
            partition: self.tenure.partition,
            epoch: self.tenure.epoch,
            applied: self.folded(),
            cursor: self.checkpoints.cursor.position,
            end: self.reached.position,
            lag: 0,
            checkpoint_age_ms: u64::try_from(self.checkpoints.last.elapsed().as_millis())
                .unwrap_or(u64::MAX),
            resident: self.slots.len(),
            quarantined: self.slots.aside(),
            programmes: self.programmes(&self.tenure.timeline.borrow()),
            shown: self.programmes(&self.checkpoints.fold.timeline),
            logic: self.tenure.timeline.borrow().logic.now(),
            restored: self.checkpoints.fold.restored.map(RestoredLog::from),
            sinks: (0..outbox.lanes())
                .map(|lane| SinkStatus {
                    sink: outbox.sink_name(lane).into(),
                    pending: outbox.pending(lane),
                })
                .collect(),
        }
    }
}

async fn answer(
    tenure: Rc<Tenure>,
    entity: Entity,
    actor: Addr<Player>,
    look: Look,
    question: Question,
) {
    // Each answer may find that who asked has gone.
    match question {
        Question::View(reply) => {
            let looked = actor.send(look).await;
            let view = |(view, as_of)| PlayerAsOf { view, as_of };
            drop(reply.send(looked.map(|found| found.map(view)).map_err(gone)));
        }
        Question::Journal {
            before,
            limit,
            reply,
        } => {
            let page = journal::page(&tenure, &entity, &actor, before, limit).await;
            drop(reply.send(page));
        }
        Question::Explain { source, id, reply } => {
            let found = journal::find(&tenure, &entity, &actor, &source, &id).await;
            drop(reply.send(found));
        }
        Question::Outcome { position, reply } => {
            let outcome = journal::outcome(&tenure, &entity, &actor, position).await;
            drop(reply.send(outcome));
        }
    }
}

pub(crate) fn gone(_: actix::MailboxError) -> QueryError {
    QueryError::Moving
}
