//! The fold where players share something: one after the other in the order of the log, stocks beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use programme::model::Programme;
use progression::{Decision, State, Stocks, Subject, apply_at_once, due};
use types::{PlayerId, Record, Timestamp};

use super::fold::{Part, Wanted, fold_one, in_the_end};
use super::read::Records;
use crate::exit::Failure;

/// Everybody, and what they share.
struct World<'a> {
    programme: &'a Programme,
    players: BTreeMap<&'a PlayerId, Player>,
    stocks: Stocks,
    /// Each player's next timer: those of one instant by the player's bytes.
    timers: BTreeSet<(Timestamp, &'a PlayerId)>,
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
        players: BTreeMap::new(),
        stocks: Stocks::new(),
        timers: BTreeSet::new(),
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
        let stocks = &mut self.stocks;
        let mut deliver = |tell| stocks.deliver(programme, subject, &tell);
        let decision = fold_one(programme, &player.sealed, record, |history| {
            apply_at_once(programme, &mut player.state, history, record, &mut deliver)
        })?;
        self.decided(id, decision, record.position.sequence);
        Ok(())
    }

    /// Fires what is due by then, by time; what lapses is there for who comes next.
    fn fire_until(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
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
        for tell in &decision.tells {
            self.stocks.deliver(self.programme, subject, tell);
        }
        if self.wanted.emissions {
            self.part.say(subject, &decision, record);
        }
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        player.sealed.extend(decision.sealed);
        player.sealed.extend(decision.cells);
        let next = player.state.next_timer(self.programme);
        if let Some(before) = std::mem::replace(&mut player.next, next) {
            self.timers.remove(&(before, id));
        }
        self.timers.extend(next.map(|next| (next, id)));
    }
}

fn subject<'a>(programme: &'a Programme, player: &'a PlayerId) -> Subject<'a> {
    Subject {
        brand: &programme.brand,
        player,
    }
}
