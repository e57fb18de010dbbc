//! What must hold after every step, whoever took it.
//!
//! - A head's epoch rises by one at a takeover; in between only its owner sets it, its stamps do not fall. Its cursor never goes back, where
//!   the log does not.
//! - A gateway that keeps what came first gets of each player what the log so far says, in that order, and no id with two bodies.
//! - A stock answers what a count by hand says, in the order of its log; so it never gives more than it has.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use ports::{EmissionSink, Entity, Head, LogRecord};
use testkit::faulty::{FaultySink, Received};
use types::Partition;

use super::shared::Told;
use super::straight::Straight;
use super::world::World;

/// How much is demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Everything.
    All,
    /// The log was put back while it was whole: cursors go back.
    Restored,
    /// Acknowledged records are lost: what was decided of them may be decided otherwise.
    Lossy,
}

/// What one gateway has.
#[derive(Default)]
struct Gateway {
    seen: usize,
    bodies: HashMap<Box<str>, Bytes>,
    /// Of each entity, how many emissions the gateway is past, those that it does not take included.
    past: BTreeMap<Entity, usize>,
}

/// Looks on.
pub(crate) struct Watch {
    demand: Demand,
    pub(crate) straight: Straight,
    pub(crate) told: Told,
    heads: BTreeMap<Partition, Head>,
    heads_seen: usize,
    appended: BTreeMap<Partition, usize>,
    gateways: Vec<Gateway>,
}

impl Watch {
    pub(crate) fn new(world: &World, demand: Demand) -> Self {
        Self {
            demand,
            straight: Straight::default(),
            told: Told::default(),
            heads: BTreeMap::new(),
            heads_seen: 0,
            appended: BTreeMap::new(),
            gateways: world.sinks.iter().map(|_| Gateway::default()).collect(),
        }
    }

    /// Looks at what has happened since; an error says what must not have.
    pub(crate) fn look(&mut self, world: &World) -> Result<(), String> {
        for set in world.store.heads_set(self.heads_seen) {
            self.heads_seen += 1;
            self.head(set.partition, set.head)?;
        }
        self.log(world)?;
        for (index, sink) in world.sinks.iter().enumerate() {
            for received in sink.received_after(self.gateways[index].seen) {
                self.gateways[index].seen += 1;
                self.received(world, index, sink, received)?;
            }
        }
        Ok(())
    }

    fn head(&mut self, partition: Partition, head: Head) -> Result<(), String> {
        let Some(before) = self.heads.insert(partition, head.clone()) else {
            return Ok(());
        };
        let back = head.cursor < before.cursor;
        let wrong = if head.epoch == before.epoch {
            let mine = head.owner == before.owner && head.last_stamp >= before.last_stamp;
            !mine || back
        } else {
            // Whoever takes over goes on from the last head that was set.
            head.epoch.0 != before.epoch.0 + 1 || (back && self.demand == Demand::All)
        };
        match wrong {
            true => Err(format!(
                "one owner: head of {partition} after\n {before:?}\n {head:?}"
            )),
            false => Ok(()),
        }
    }

    fn log(&mut self, world: &World) -> Result<(), String> {
        let mut appended: Vec<LogRecord> = Vec::new();
        for partition in world.partitions() {
            let seen = self.appended.entry(partition).or_default();
            let new = world.log.history_after(partition, *seen);
            *seen += new.len();
            appended.extend(new);
        }
        if self.demand == Demand::Lossy {
            return Ok(());
        }
        // What was appended before anybody published waits for that.
        if !appended.is_empty() || self.straight.published().count() == 0 {
            self.straight.advance(world);
        }
        match world.shared {
            true => self.told.hear(world, &appended),
            false => Ok(()),
        }
    }

    fn received(
        &mut self,
        world: &World,
        gateway: usize,
        sink: &FaultySink,
        received: Received,
    ) -> Result<(), String> {
        if self.demand == Demand::Lossy {
            return Ok(());
        }
        let outgoing = received.outgoing;
        let name = format!("gateway {}", world.sinks[gateway].name());
        let gateway = &mut self.gateways[gateway];
        match gateway.bodies.get(&outgoing.id) {
            Some(body) if *body == outgoing.body => return Ok(()),
            Some(_) => {
                return Err(format!(
                    "acted on once: {name} got {} with another body",
                    outgoing.id
                ));
            }
            None => {}
        }
        let entity = Entity {
            brand: outgoing.brand.parse().map_err(|_| "a brand")?,
            player: outgoing.player.parse().map_err(|_| "a player")?,
        };
        let past = gateway.past.entry(entity.clone()).or_default();
        let whose = (world.partition_of(&entity), &entity);
        let next = self
            .straight
            .emission(whose, *past, |kind| sink.takes(kind));
        match next {
            Some((after, next)) if *next.id == *outgoing.id && next.body == outgoing.body => {
                *past = after;
                gateway.bodies.insert(outgoing.id, outgoing.body);
                Ok(())
            }
            next => Err(format!(
                "order at gateways: {name} got of {entity:?}\n {} {}, next is\n {:?}",
                outgoing.kind,
                outgoing.id,
                next.map(|(_, next)| (next.kind, next.id))
            )),
        }
    }
}
