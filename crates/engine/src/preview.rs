//! What a draft would mean for players, some of a partition at a time.
//!
//! Nothing is changed: a player in memory answers from a copy of his state, of another one the snapshot is read and let go. It is work beside
//! the partition's own, on its thread: in slices of half a millisecond, and after one that kept others waiting it rests three times as long.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use ports::Entity;
use programme::model::Programme;
use progression::Foresight;
use tokio::time::Instant;
use types::{BrandId, Partition as PartitionId, PlayerId};

use crate::context::Tenure;
use crate::error::QueryError;
use crate::handle::EngineHandle;
use crate::load;
use crate::partition::Partition;
use crate::player::{Foresee, Player, Under};
use crate::query::{Command, Reply};

/// How long it works before others get their turn.
const SLICE: Duration = Duration::from_micros(500);
/// How much longer than it worked it rests, where others have work.
const RESTS: u32 = 3;
/// Others that took longer than this for their turn have work of their own.
const IDLE: Duration = Duration::from_micros(50);
/// Snapshots read at once.
const SNAPSHOTS: usize = 64;

/// Some players, looked at.
#[derive(Debug, Default)]
pub struct Foreseen {
    /// How many were looked at.
    pub players: u64,
    /// How many could not be: set aside, or their snapshots are not readable.
    pub unread: u64,
    /// Those for whom it would mean anything.
    pub affected: Vec<(PlayerId, Foresight)>,
    /// Go on behind this player; `None`: these were the last.
    pub next: Option<PlayerId>,
}

/// Who is to be looked at.
pub(crate) struct Look {
    draft: Arc<Programme>,
    entities: Vec<Entity>,
}

impl EngineHandle {
    /// Up to `limit` known players of one brand in a partition, after `after`, in byte order of their ids.
    pub async fn players_of(
        &self,
        partition: PartitionId,
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

    /// A draft as it would be if it were published next: it knows every version before it.
    pub fn draft(&self, draft: Programme) -> Arc<Programme> {
        let ports = self.ports();
        let oldest = *ports.versions.logic().versions.start();
        let logic = ports.moving.met().unwrap_or(oldest);
        ports.versions.draft(draft, logic)
    }

    /// What a draft would mean, if it took effect now, for up to `limit` players of its brand in a partition, after `after`, by the bytes
    /// of their ids. The draft is one that [`draft`](Self::draft) gave.
    pub async fn preview(
        &self,
        partition: PartitionId,
        draft: &Arc<Programme>,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<Foreseen, QueryError> {
        let brand = &draft.brand;
        let entities = self.players_of(partition, brand, after, limit).await?;
        let last = entities.last().filter(|_| entities.len() >= limit);
        let next = last.map(|last| last.player.clone());
        let look = Look {
            draft: Arc::clone(draft),
            entities,
        };
        let command = |reply| Command::Preview(look, reply);
        let foreseen = self.send(partition, command).await?;
        Ok(Foreseen { next, ..foreseen })
    }
}

impl Partition {
    pub(crate) fn preview(&mut self, look: Look, reply: Reply<Foreseen>) {
        let rules = self.tenure.timeline.borrow().rules(&look.draft.brand);
        let foresee = Foresee {
            now: self.tenure.view_time(self.reached.clock),
            draft: look.draft,
            rules,
        };
        let (mut here, mut stored, mut unread) = (Vec::new(), Vec::new(), 0);
        for entity in look.entities {
            let slot = self.slots.find(&entity).and_then(|id| self.slots.get(id));
            match slot {
                Some(slot) if slot.is_behind() => unread += 1,
                Some(slot) if slot.actor().is_some() => {
                    here.extend(slot.actor().map(|actor| (entity, actor.clone())));
                }
                // On its way into memory it is what the store has.
                _ => stored.push(entity),
            }
        }
        let tenure = Rc::clone(&self.tenure);
        self.tasks.spawn_local(async move {
            let mut foreseen = Foreseen {
                unread,
                ..Foreseen::default()
            };
            let mut pace = Pace::begin();
            in_memory(here, &mut stored, &foresee, &mut foreseen, &mut pace).await;
            in_store(&tenure, &stored, &foresee, &mut foreseen, &mut pace).await;
            // Who asked may have gone.
            drop(reply.send(Ok(foreseen)));
        });
    }
}

/// Asks players in memory; one that has left it meanwhile is in the store.
async fn in_memory(
    here: Vec<(Entity, Addr<Player>)>,
    stored: &mut Vec<Entity>,
    foresee: &Foresee,
    foreseen: &mut Foreseen,
    pace: &mut Pace,
) {
    for (entity, actor) in here {
        match actor.send(foresee.clone()).await {
            Ok(found) => foreseen.count(entity, found),
            Err(_) => stored.push(entity),
        }
        pace.keep().await;
    }
}

async fn in_store(
    tenure: &Rc<Tenure>,
    stored: &[Entity],
    foresee: &Foresee,
    foreseen: &mut Foreseen,
    pace: &mut Pace,
) {
    for some in stored.chunks(SNAPSHOTS) {
        let rows = load::rows(tenure, some).await;
        for (entity, row) in some.iter().zip(rows) {
            match opened(tenure, entity, row).await {
                Ok(Some(player)) => foreseen.count(entity.clone(), player.foresee(foresee)),
                Ok(None) => {}
                Err(why) => {
                    tracing::warn!(partition = %tenure.partition, why, "a preview passes over a player");
                    foreseen.unread += 1;
                }
            }
            pace.keep().await;
        }
    }
}

/// The player whose snapshot it is, not an actor.
async fn opened(
    tenure: &Rc<Tenure>,
    entity: &Entity,
    row: Result<Option<bytes::Bytes>, String>,
) -> Result<Option<Player>, String> {
    let Some(bytes) = row? else { return Ok(None) };
    let decoded = load::decode(tenure, entity, &bytes).await;
    let load::Decoded {
        rules, state, key, ..
    } = decoded.map_err(|found| match found {
        load::Found::Broken(why) => why,
        _ => "a newer owner, or a newer release, has written it".to_owned(),
    })?;
    let programme = tenure.programme(&entity.brand, rules);
    let programme = programme.ok_or_else(|| format!("publication {} is not here", rules.number))?;
    let under = Under { rules, programme };
    let tenure = Rc::clone(tenure);
    Ok(Some(Player::new(
        tenure,
        entity.clone(),
        under,
        *state,
        None,
        key,
    )))
}

impl Foreseen {
    fn count(&mut self, entity: Entity, found: Option<Foresight>) {
        let Some(foresight) = found else { return };
        self.players += 1;
        if !foresight.is_nothing() {
            self.affected.push((entity.player, foresight));
        }
    }
}

/// Lets others have their turn.
struct Pace {
    since: Instant,
}

impl Pace {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
        }
    }

    async fn keep(&mut self) {
        let worked = self.since.elapsed();
        if worked < SLICE {
            return;
        }
        let offered = Instant::now();
        tokio::task::yield_now().await;
        if offered.elapsed() > IDLE {
            tokio::time::sleep(worked * RESTS).await;
        }
        self.since = Instant::now();
    }
}
