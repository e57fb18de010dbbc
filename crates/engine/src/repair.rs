//! Repair of players that are set aside, once the cause is gone: the records that waited are folded from the log.
//!
//! The player's snapshot is read again (or nothing, to fold it from the log's beginning), then its records from where the row says,
//! a bounded number at a time, until none is left that the partition has taken; from then on the player takes part again. The row is
//! lifted only in a cut after the one that made all of this durable, since the cursor has long passed these records: a crash before
//! leaves the player set aside, and a later repair passes over what is applied and offers its emissions again.

use std::rc::Rc;

use ports::Entity;
use types::{Body, BrandId, Position};

use crate::context::Tenure;
use crate::error::RepairError;
use crate::follow::Follow;
use crate::load;
use crate::partition::{Event, Partition};
use crate::pump::{self, Mark, Queued};
use crate::quarantine::Aside;
use crate::query::Reply;
use crate::slots::{Presence, SlotId};
use crate::timeline::Timeline;

/// Records folded at once.
const RECORDS: usize = 1024;

/// What a repair came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// Records of the player that were read again, those applied already included.
    pub records: u64,
}

/// Where an answer goes.
pub(crate) type RepairReply = Reply<Result<Repaired, RepairError>>;

/// A player that takes its records of the past, on its slot.
pub(crate) struct Repairing {
    pub(crate) aside: Rc<Aside>,
    /// It has all that the partition has taken, and takes what comes.
    pub(crate) level: bool,
}

/// A repair under way.
pub(crate) struct Repair {
    id: SlotId,
    whole: bool,
    stage: Stage,
    /// Read up to here.
    at: Mark,
    records: u64,
    reply: RepairReply,
}

enum Stage {
    /// Until what the actor holds is durable.
    Saving,
    /// Its snapshot, or records, are being read or folded; `reading`: from the log.
    Folding { reading: bool },
    /// Until a cut numbered higher has made it durable.
    Folded(i64),
    /// Until a cut numbered higher has lifted the row.
    Lifted(i64),
}

/// Records of a player, and how far the log was read for them.
pub(crate) struct Waiting {
    records: Vec<Queued>,
    /// What took effect on the way.
    heard: Timeline,
    at: Mark,
}

impl Partition {
    /// Begins a repair; with `whole` from the log's beginning, without the snapshot.
    pub(crate) fn repair(&mut self, entity: &Entity, whole: bool, reply: RepairReply) {
        let refuse = |reply: RepairReply, why| drop(reply.send(Ok(Err(why))));
        let Some(id) = self.slots.find(entity) else {
            return refuse(reply, RepairError::NotSetAside);
        };
        if self.repairs.iter().any(|repair| repair.id == id) {
            return refuse(reply, RepairError::Running);
        }
        let slot = self.slots.get(id);
        if !slot.is_some_and(|slot| matches!(slot.presence, Presence::Quarantined(..))) {
            return refuse(reply, RepairError::NotSetAside);
        }
        self.repairs.push(Repair {
            id,
            whole,
            stage: Stage::Saving,
            at: Mark::default(),
            records: 0,
            reply,
        });
    }

    /// Whether a repair waits for a cut.
    pub(crate) fn repairs_want_a_cut(&self) -> bool {
        let folding = |repair: &Repair| matches!(repair.stage, Stage::Folding { .. });
        !self.repairs.iter().all(folding)
    }

    /// Moves repairs on as far as they go now.
    pub(crate) fn advance_repairs(&mut self) {
        if self.holds_back() {
            return;
        }
        for index in 0..self.repairs.len() {
            let repair = &self.repairs[index];
            let (id, at) = (repair.id, repair.at);
            match repair.stage {
                Stage::Saving => self.reopen(index),
                Stage::Folding { reading: false } => {
                    let slot = self.slots.get(id);
                    let Some(slot) = slot.filter(|slot| slot.is_at_rest()) else {
                        continue;
                    };
                    if slot.is_behind() {
                        self.repairs[index].stage = Stage::Folding { reading: true };
                        self.read_waiting(id, at);
                    } else {
                        self.repairs[index].stage = Stage::Folded(self.checkpoints.number);
                    }
                }
                Stage::Folding { reading: true } | Stage::Folded(_) | Stage::Lifted(_) => {}
            }
        }
    }

    /// Reads the snapshot again, once nothing of the player is only in memory.
    fn reopen(&mut self, index: usize) {
        let (id, whole) = (self.repairs[index].id, self.repairs[index].whole);
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Presence::Quarantined(_, aside) = &slot.presence else {
            return;
        };
        if !slot.is_clean() {
            return;
        }
        let mut aside = Rc::clone(aside);
        let entity = slot.entity.clone();
        if whole {
            // A snapshot from half-way must not be taken for more than it is: from now on the records wait from the beginning.
            aside = Rc::new(Aside {
                from: Mark::default(),
                swept: types::Timestamp::MIN,
                ..(*aside).clone()
            });
            self.quarantine_rows.insert(entity.clone(), aside.encode());
        }
        slot.presence = Presence::Loading;
        slot.repair = Some(Repairing {
            aside: Rc::clone(&aside),
            level: false,
        });
        self.slots.set_bytes(id, 0);
        let repair = &mut self.repairs[index];
        repair.at = aside.from;
        repair.stage = Stage::Folding { reading: false };
        tracing::info!(partition = %self.tenure.partition, from = %aside.from.position, whole, "repair begun");
        let tenure = Rc::clone(&self.tenure);
        self.await_event(async move {
            let found = load::reopened(&tenure, &entity, &aside, whole).await;
            Event::Loaded(vec![(id, found)])
        });
    }

    fn read_waiting(&mut self, id: SlotId, at: Mark) {
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let (tenure, entity) = (Rc::clone(&self.tenure), slot.entity.clone());
        let until = self.reached.position;
        self.await_event(async move {
            let read = waiting(&tenure, &entity, at, until).await;
            Event::Waiting(id, read)
        });
    }

    /// Records that waited.
    pub(crate) fn waited(&mut self, id: SlotId, read: Result<Waiting, String>) {
        let Some(repair) = self.repairs.iter_mut().find(|repair| repair.id == id) else {
            return;
        };
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Some(repairing) = &mut slot.repair else {
            return;
        };
        repair.stage = Stage::Folding { reading: false };
        let Waiting { records, heard, at } = match read {
            Ok(waiting) => waiting,
            Err(why) => {
                let position = repairing.aside.position;
                return self.quarantine(id, position, why);
            }
        };
        repair.at = at;
        repair.records += records.len() as u64;
        self.outstanding += records.len();
        // The cursor has passed them: it does not go back for them.
        let before = self.reached;
        slot.queue.extend(
            records
                .into_iter()
                .map(|queued| Queued { before, ..queued }),
        );
        self.tenure.timeline.borrow_mut().recall(&heard);
        if at.position >= before.position {
            repairing.level = true;
            // What fell due meanwhile, by sweeps that passed it over.
            self.tick(id, self.sweeps.done);
        }
        self.dispatch(id);
        self.slots.waits(id);
    }

    /// A cut of this number is durable.
    pub(crate) fn repairs_written(&mut self, cut: i64) {
        let number = self.checkpoints.number;
        let mut done = Vec::new();
        for (index, repair) in self.repairs.iter_mut().enumerate() {
            match repair.stage {
                Stage::Folded(after) if cut > after => {
                    repair.stage = Stage::Lifted(number);
                    self.slots.lift(repair.id);
                    if let Some(slot) = self.slots.get(repair.id) {
                        let lifted = Aside::lifted();
                        self.quarantine_rows.insert(slot.entity.clone(), lifted);
                    }
                }
                Stage::Lifted(after) if cut > after => done.push(index),
                _ => {}
            }
        }
        for index in done.into_iter().rev() {
            let Repair { records, reply, .. } = self.repairs.swap_remove(index);
            tracing::info!(partition = %self.tenure.partition, records, "player repaired");
            self.tenure.measures.repaired();
            // Who asked may have gone; the player is repaired nonetheless.
            drop(reply.send(Ok(Ok(Repaired { records }))));
        }
    }

    /// The player was set aside again: its repair, if any, came to nothing.
    pub(crate) fn fail_repair(&mut self, id: SlotId, why: &str) {
        let Some(index) = self.repairs.iter().position(|repair| repair.id == id) else {
            return;
        };
        let Repair { reply, .. } = self.repairs.swap_remove(index);
        drop(reply.send(Ok(Err(RepairError::StillBroken(why.to_owned())))));
    }
}

/// The player's next records after `at`, a bounded number of them and none past `until`.
async fn waiting(
    tenure: &Rc<Tenure>,
    entity: &Entity,
    mut at: Mark,
    until: Position,
) -> Result<Waiting, String> {
    let mut records = Vec::new();
    let mut timeline = tenure.timeline.borrow().until(at.position);
    let mut follow = Follow::after(tenure, at.position);
    while at.position < until && records.len() < RECORDS {
        let chunk = follow.next().await;
        let chunk =
            chunk.map_err(|error| format!("the records that wait cannot be read: {error}"))?;
        for read in chunk {
            if read.position > until {
                break;
            }
            at = at.after(&read);
            // What the pump passed over is passed over.
            let Ok(record) = events::record::decode(read.position, at.clock, &read.body) else {
                continue;
            };
            match &record.body {
                Body::Event { brand, event, .. } if is(brand, event, entity) => {
                    records.push(Queued {
                        before: at,
                        rules: pump::rules(tenure, &timeline, brand, event),
                        record,
                        key: None,
                    });
                }
                Body::Programme(change) => {
                    timeline.hear(change, at.position, at.clock);
                }
                Body::Logic(version) => {
                    timeline.logic.hear(*version, at.position, at.clock);
                }
                Body::Event { .. } | Body::Tick(_) => {}
            }
        }
        // The records of others are many: they take their turns too.
        tokio::task::yield_now().await;
    }
    pump::open(tenure, entity, &mut records).await;
    Ok(Waiting {
        records,
        heard: timeline,
        at,
    })
}

fn is(brand: &BrandId, event: &types::Event, entity: &Entity) -> bool {
    *brand == entity.brand && event.player == entity.player
}
