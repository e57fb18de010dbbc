//! The log folded straight through by the core, as it grows and without an engine: what must come out.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ports::{Entity, LogRecord};
use programme::Programme;
use progression::{
    Catalogue, Decision, History, PlayerView, State, Subject, apply, asked_under, change, due,
    view, wants,
};
use types::{Body, Partition, Position, Record, Stage, Timestamp};

use super::programmes::read_by;
use super::world::{World, brand};

/// The fold of everything that was ever appended, as far as it has come.
#[derive(Default)]
pub(crate) struct Straight {
    published: Published,
    catalogue: Catalogue,
    partitions: BTreeMap<Partition, Partial>,
}

/// The publications as each logic version reads them, each knowing those before it.
#[derive(Default)]
pub(crate) struct Published([Vec<Arc<Programme>>; 2]);

impl Published {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0[0].len()
    }

    /// By number, from 1, under a logic version, from 1.
    pub(crate) fn get(&self, (number, logic): (u64, u32)) -> &Programme {
        &self.0[logic as usize - 1][number as usize - 1]
    }

    fn add(&mut self, source: &str, catalogue: &mut Catalogue) {
        for (version, read) in (1..).zip(&mut self.0) {
            let earlier = read.iter().rev().map(Arc::clone).collect();
            let next = Arc::new(read_by(version, source).after(earlier));
            catalogue.learn(&next);
            read.push(next);
        }
    }
}

/// One partition's.
struct Partial {
    /// Records folded.
    seen: usize,
    clock: Timestamp,
    known: u64,
    active: u64,
    logic: u32,
    folding: BTreeMap<Entity, Folding>,
}

pub(crate) struct Player {
    pub(crate) view: PlayerView,
    pub(crate) applied: Position,
    /// By number, from 0.
    pub(crate) sealed: Vec<Bytes>,
    /// In order.
    pub(crate) emitted: Vec<Emitted>,
}

#[derive(Clone)]
pub(crate) struct Emitted {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) body: Bytes,
}

#[derive(Clone)]
struct Folding {
    /// Publication and logic version that it is folded under.
    under: (u64, u32),
    state: State,
    sealed: Vec<Bytes>,
    emitted: Vec<Emitted>,
}

impl Folding {
    fn meet(&mut self, entity: &Entity, met: (u64, u32), published: &Published, at: Timestamp) {
        let (number, logic) = self.under;
        let to = (met.0.max(number), met.1.max(logic));
        if to == self.under {
            return;
        }
        let (before, next) = (published.get(self.under), published.get(to));
        let decision = change(before, next, &mut self.state, at);
        self.under = to;
        let subject = Subject {
            brand: &entity.brand,
            player: &entity.player,
        };
        self.decided(subject, decision);
    }

    /// Fires what is due by then.
    fn fire(&mut self, entity: &Entity, published: &Published, now: Timestamp) {
        let subject = Subject {
            brand: &entity.brand,
            player: &entity.player,
        };
        let decision = due(published.get(self.under), &mut self.state, now);
        self.decided(subject, decision);
    }

    fn decided(&mut self, subject: Subject<'_>, decision: Decision) {
        for emission in decision.emissions() {
            let id = emission.id(subject).to_string();
            self.emitted.push(Emitted {
                kind: emission.kind().to_owned(),
                body: emission.json(subject, &id).into(),
                id,
            });
        }
        for (number, bytes) in decision.sealed {
            assert_eq!(number as usize, self.sealed.len());
            self.sealed.push(bytes.into());
        }
    }
}

impl Straight {
    /// Folds on, as far as programmes are published and records appended.
    pub(crate) fn advance(&mut self, world: &World) {
        let published = world.programmes.published(&brand());
        for publication in published.iter().skip(self.published.count()) {
            self.published.add(&publication.source, &mut self.catalogue);
        }
        if self.published.count() == 0 {
            // Nobody folds yet.
            return;
        }
        for partition in world.partitions() {
            let seen = self.partitions.get(&partition).map_or(0, |it| it.seen);
            for read in world.log.history_after(partition, seen) {
                self.take(partition, &read);
            }
        }
    }

    /// The publications so far.
    pub(crate) fn published(&self) -> &Published {
        &self.published
    }

    fn take(&mut self, partition: Partition, read: &LogRecord) {
        let Self {
            published,
            catalogue,
            partitions,
        } = self;
        let partial = partitions.entry(partition).or_insert_with(|| Partial {
            seen: 0,
            clock: Timestamp::MIN,
            known: 1,
            active: 1,
            logic: 1,
            folding: BTreeMap::new(),
        });
        partial.seen += 1;
        partial.clock = partial.clock.max(read.recorded_at);
        if let Ok(record) = events::record::decode(read.position, partial.clock, &read.body) {
            partial.fold(&record, published, catalogue);
        }
    }

    /// The n-th emission of an entity that a sink takes, counted from `at` among all of its emissions; and where the next begins. What is
    /// due by the last record counts as fired.
    pub(crate) fn emission(
        &self,
        (partition, entity): (Partition, &Entity),
        at: usize,
        takes: impl Fn(&str) -> bool,
    ) -> Option<(usize, Emitted)> {
        let partial = self.partitions.get(&partition)?;
        let folding = partial.folding.get(entity)?;
        let next = |folding: &Folding| {
            let from = folding.emitted.iter().enumerate().skip(at);
            let mut taken = from.filter(|(_, one)| takes(&one.kind));
            taken.next().map(|(index, one)| (index + 1, one.clone()))
        };
        next(folding).or_else(|| {
            let mut fired = folding.clone();
            fired.fire(entity, &self.published, partial.clock);
            next(&fired)
        })
    }

    /// Every entity, with what is due by the last record of its partition.
    pub(crate) fn end(&self) -> BTreeMap<Entity, Player> {
        let mut players = BTreeMap::new();
        for partial in self.partitions.values() {
            players.extend(partial.folding.iter().map(|(entity, folding)| {
                let mut folded = folding.clone();
                folded.fire(entity, &self.published, partial.clock);
                let subject = Subject {
                    brand: &entity.brand,
                    player: &entity.player,
                };
                let programme = self.published.get(folded.under);
                let player = Player {
                    view: view(programme, &folded.state, subject, partial.clock),
                    applied: folded.state.applied(),
                    sealed: folded.sealed,
                    emitted: folded.emitted,
                };
                (entity.clone(), player)
            }));
        }
        players
    }
}

impl Partial {
    fn fold(&mut self, record: &Record, published: &Published, catalogue: &Catalogue) {
        let (brand, event) = match &record.body {
            Body::Event { brand, event, .. } => (brand, event),
            Body::Programme(change) if change.stage == Stage::Known => {
                self.known = self.known.max(change.number);
                return;
            }
            Body::Programme(change) => {
                // Everybody meets it at once, whether anything happens to him or not.
                for number in self.active + 1..=change.number {
                    for (entity, folding) in &mut self.folding {
                        folding.meet(entity, (number, self.logic), published, self.clock);
                    }
                    self.active = number;
                }
                return;
            }
            Body::Logic(version) => {
                self.logic = self.logic.max(*version);
                for (entity, folding) in &mut self.folding {
                    let met = (self.active, self.logic);
                    folding.meet(entity, met, published, self.clock);
                }
                return;
            }
            Body::Tick(_) => return,
        };
        let entity = Entity {
            brand: brand.clone(),
            player: event.player.clone(),
        };
        let asked = asked_under(event);
        let newer = (self.active + 1..=self.known.max(self.active))
            .find(|number| asked == Some(&published.get((*number, 1)).version.0));
        let under = (newer.unwrap_or(self.active), self.logic);
        let folding = self
            .folding
            .entry(entity.clone())
            .or_insert_with(|| Folding {
                under,
                state: State::new(),
                sealed: Vec::new(),
                emitted: Vec::new(),
            });
        folding.meet(&entity, under, published, self.clock);
        let programme = published.get(folding.under);
        let mut history = History::new();
        loop {
            let wanted = wants(programme, &folding.state, &history, record);
            if wanted.is_empty() {
                break;
            }
            for number in wanted {
                let bytes = &folding.sealed[number as usize];
                history.insert(number, bytes, catalogue).unwrap();
            }
        }
        let decision = apply(programme, &mut folding.state, &history, record);
        let subject = Subject {
            brand: &entity.brand,
            player: &entity.player,
        };
        folding.decided(subject, decision);
    }
}
