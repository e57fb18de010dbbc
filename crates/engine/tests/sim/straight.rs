//! The log folded straight through by the core, in one go and without an engine: what must come out.

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::Entity;
use progression::{
    Catalogue, Decision, History, PlayerView, State, Subject, apply, due, view, wants,
};
use types::{Body, Position, Timestamp};

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
    state: State,
    sealed: Vec<Bytes>,
    emitted: Vec<Emitted>,
}

impl Folding {
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

pub(crate) fn fold(world: &World) -> Straight {
    let mut players = BTreeMap::new();
    for partition in world.partitions() {
        let mut folding: BTreeMap<Entity, Folding> = BTreeMap::new();
        let mut clock = Timestamp::MIN;
        for read in world.log.history(partition) {
            clock = clock.max(read.recorded_at);
            let Ok(record) = events::record::decode(read.position, clock, &read.body) else {
                continue;
            };
            let Body::Event { brand, event, .. } = &record.body else {
                continue;
            };
            let (brand, player) = (brand.clone(), event.player.clone());
            let Some(programme) = world.programmes.get(&brand) else {
                continue;
            };
            let subject = Subject {
                brand: &brand,
                player: &player,
            };
            let entity = Entity {
                brand: brand.clone(),
                player: player.clone(),
            };
            let folding = folding.entry(entity).or_insert_with(|| Folding {
                state: State::new(),
                sealed: Vec::new(),
                emitted: Vec::new(),
            });
            let mut history = History::new();
            loop {
                let wanted = wants(programme, &folding.state, &history, &record);
                if wanted.is_empty() {
                    break;
                }
                for number in wanted {
                    let bytes = &folding.sealed[number as usize];
                    history
                        .insert(number, bytes, &Catalogue::of(programme))
                        .unwrap();
                }
            }
            let decision = apply(programme, &mut folding.state, &history, &record);
            folding.decided(subject, decision);
        }
        players.extend(folding.into_iter().map(|(entity, mut folded)| {
            let programme = world.programmes.get(&entity.brand).unwrap();
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
