//! The fold where players share something: one after the other in the order of the log, stocks beside them.

use std::collections::{BTreeMap, HashMap};

use programme::model::Programme;
use progression::{Catalogue, Decision, State, Subject, apply_at_once, due};
use types::{PlayerId, Record, Timestamp};

use super::fold::{Part, Wanted, fold_one, in_the_end, kept};
use super::read::Records;
use super::town::Town;
use crate::exit::Failure;

/// Everybody, and what they share.
struct World<'a> {
    programme: &'a Programme,
    catalogue: Catalogue,
    players: BTreeMap<&'a PlayerId, Player>,
    town: Town<&'a PlayerId>,
    wanted: Wanted,
    part: Part<'a>,
}

#[derive(Default)]
struct Player {
    state: State,
    sealed: HashMap<u32, Vec<u8>>,
    next: Option<Timestamp>,
}

/// Folds every player's records as they stand in the log.
pub(super) fn fold_together<'a>(
    programme: &'a Programme,
    records: &'a Records,
    end: Timestamp,
    wanted: Wanted,
) -> Result<Part<'a>, Failure> {
    let players = records.players.iter();
    let mut all: Vec<(&PlayerId, &Record)> = players
        .flat_map(|(player, records)| records.iter().map(move |record| (player, record)))
        .collect();
    all.sort_by_key(|(_, record)| record.position);
    let mut world = World {
        programme,
        catalogue: Catalogue::of(programme),
        players: BTreeMap::new(),
        town: Town::default(),
        wanted,
        part: Part::default(),
    };
    let failed = |player: &PlayerId| {
        let player = player.clone();
        move |why: anyhow::Error| Failure::failed(format!("player {player}: {why}"))
    };
    for (player, record) in all {
        world.fire_until(record.recorded_at);
        world.fold(player, record).map_err(failed(player))?;
    }
    world.fire_until(end);
    let World {
        players, mut part, ..
    } = world;
    for (player, folded) in players {
        let subject = subject(programme, player);
        in_the_end(
            programme,
            subject,
            &folded.state,
            &folded.sealed,
            end,
            wanted,
            &mut part,
        )
        .map_err(failed(player))?;
    }
    Ok(part)
}

impl<'a> World<'a> {
    fn fold(&mut self, id: &'a PlayerId, record: &Record) -> anyhow::Result<()> {
        let (programme, subject) = (self.programme, subject(self.programme, id));
        let player = self.players.entry(id).or_default();
        let stocks = &mut self.town.stocks;
        let mut deliver = |tell| stocks.deliver(programme, subject, &tell);
        let row = |number| kept(&player.sealed, number);
        let decision = fold_one(&self.catalogue, row, record, |history| {
            apply_at_once(programme, &mut player.state, history, record, &mut deliver)
        })?;
        self.decided(id, decision, record.position.sequence);
        Ok(())
    }

    /// Fires what is due by then, by time; what lapses is there for who comes next.
    fn fire_until(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.town.next_due(now) {
            let Some(player) = self.players.get_mut(id) else {
                continue;
            };
            player.next = None;
            let decision = due(self.programme, &mut player.state, at);
            self.decided(id, decision, 0);
        }
    }

    fn decided(&mut self, id: &'a PlayerId, decision: Decision, record: u64) {
        let subject = subject(self.programme, id);
        self.town.told(self.programme, subject, &decision);
        if self.wanted.emissions {
            self.part.say(subject, &decision, record);
        }
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        player.sealed.extend(decision.sealed);
        player.sealed.extend(decision.cells);
        let next = player.state.next_timer(self.programme);
        self.town.waits(id, &mut player.next, next);
    }
}

fn subject<'a>(programme: &'a Programme, player: &'a PlayerId) -> Subject<'a> {
    Subject {
        brand: &programme.brand,
        player,
    }
}
