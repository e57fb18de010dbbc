//! The log folded straight through by the core, in one go and without an engine: what must come out.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ports::Entity;
use programme::Programme;
use progression::{
    Catalogue, Decision, History, PlayerView, State, Subject, apply, asked_under, change, due,
    view, wants,
};
use types::{Body, Position, Stage, Timestamp};

use super::world::World;

pub(crate) struct Straight {
    pub(crate) players: BTreeMap<Entity, Player>,
}

pub(crate) struct Player {
    pub(crate) view: PlayerView,
    pub(crate) applied: Position,
    /// By number, from 0.
    pub(crate) sealed: Vec<Bytes>,
    /// In order.
    pub(crate) emitted: Vec<Emitted>,
}

pub(crate) struct Emitted {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) body: Bytes,
}

struct Folding {
    /// Of the publication that it is folded under.
    number: u64,
    state: State,
    sealed: Vec<Bytes>,
    emitted: Vec<Emitted>,
}

impl Folding {
    fn meet<'p>(
        &mut self,
        entity: &Entity,
        number: u64,
        numbered: &impl Fn(u64) -> &'p Programme,
        at: Timestamp,
    ) {
        if number <= self.number {
            return;
        }
        let (before, next) = (numbered(self.number), numbered(number));
        let decision = change(before, next, &mut self.state, at);
        self.number = number;
        let subject = Subject {
            brand: &entity.brand,
            player: &entity.player,
        };
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

pub(crate) fn fold(world: &World, published: &[Arc<Programme>]) -> Straight {
    let mut players = BTreeMap::new();
    let mut catalogue = Catalogue::default();
    published.iter().for_each(|it| catalogue.learn(it));
    let numbered = |number: u64| &*published[number as usize - 1];
    for partition in world.partitions() {
        let mut folding: BTreeMap<Entity, Folding> = BTreeMap::new();
        let mut clock = Timestamp::MIN;
        let (mut known, mut active) = (1, 1);
        for read in world.log.history(partition) {
            clock = clock.max(read.recorded_at);
            let Ok(record) = events::record::decode(read.position, clock, &read.body) else {
                continue;
            };
            let (brand, event) = match &record.body {
                Body::Event { brand, event, .. } => (brand, event),
                Body::Programme(change) if change.stage == Stage::Known => {
                    known = known.max(change.number);
                    continue;
                }
                Body::Programme(change) => {
                    // Everybody meets it at once, whether anything happens to him or not.
                    let news = active + 1..=change.number;
                    for number in news {
                        for (entity, folding) in &mut folding {
                            folding.meet(entity, number, &numbered, clock);
                        }
                        active = number;
                    }
                    continue;
                }
                Body::Tick(_) => continue,
            };
            let (brand, player) = (brand.clone(), event.player.clone());
            let subject = Subject {
                brand: &brand,
                player: &player,
            };
            let entity = Entity {
                brand: brand.clone(),
                player: player.clone(),
            };
            let asked = asked_under(event);
            let newer = (active + 1..=known.max(active))
                .find(|number| asked == Some(&numbered(*number).version.0));
            let number = newer.unwrap_or(active);
            let folding = folding.entry(entity.clone()).or_insert_with(|| Folding {
                number,
                state: State::new(),
                sealed: Vec::new(),
                emitted: Vec::new(),
            });
            folding.meet(&entity, number, &numbered, clock);
            let programme = numbered(folding.number);
            let mut history = History::new();
            loop {
                let wanted = wants(programme, &folding.state, &history, &record);
                if wanted.is_empty() {
                    break;
                }
                for number in wanted {
                    let bytes = &folding.sealed[number as usize];
                    history.insert(number, bytes, &catalogue).unwrap();
                }
            }
            let decision = apply(programme, &mut folding.state, &history, &record);
            folding.decided(subject, decision);
        }
        players.extend(folding.into_iter().map(|(entity, mut folded)| {
            let programme = numbered(folded.number);
            let subject = Subject {
                brand: &entity.brand,
                player: &entity.player,
            };
            let decision = due(programme, &mut folded.state, clock);
            folded.decided(subject, decision);
            let player = Player {
                view: view(programme, &folded.state, subject, clock),
                applied: folded.state.applied(),
                sealed: folded.sealed,
                emitted: folded.emitted,
            };
            (entity, player)
        }));
    }
    Straight { players }
}
