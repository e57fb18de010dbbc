//! The end of a history: everything is folded and delivered, and compared with the straight fold and with the oracle.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use engine::EngineHandle;
use ports::{EmissionSink, Entity, EventLog, LogRecord, StateStore};
use progression::{Effect, Outcome};
use testkit::faulty::FaultySink;
use types::{Body, Partition, Position, Timestamp};

use super::oracle;
use super::straight::Player;
use super::watch::{Demand, Watch};
use super::world::{self, World};

/// Waits until everything is folded and acknowledged, what was told meanwhile too.
pub(super) async fn drain(world: &World, engine: &EngineHandle) -> Result<(), String> {
    let mut ends = ends(world).await?;
    loop {
        tokio::select! {
            biased;
            drained = engine.drained(&ends) => drained.map_err(|error| error.to_string())?,
            error = engine.failed() => return Err(error.to_string()),
            () = tokio::time::sleep(Duration::from_secs(1_000)) => {
                return Err(format!("nothing lost: not drained: {:?}", engine.partition_status().await));
            }
        }
        let now = self::ends(world).await?;
        if now == std::mem::replace(&mut ends, now.clone()) {
            break;
        }
    }
    Ok(())
}

/// Waits until everything is folded and acknowledged, stops, and compares.
pub(super) async fn finish(
    world: &World,
    engine: &EngineHandle,
    watch: &RefCell<Watch>,
    demand: Demand,
) -> Result<(), String> {
    drain(world, engine).await?;
    watch.borrow_mut().look(world)?;
    ledgers(world, engine).await?;
    if demand == Demand::Lossy {
        records_once(world, engine).await?;
        engine.shutdown().await;
        return watch.borrow_mut().look(world);
    }
    let players = {
        let watch = watch.borrow();
        world.count_changes(watch.straight.published().count());
        watch.straight.end()
    };
    if demand == Demand::All {
        compare_views(engine, &players).await?;
    }
    // Of a log that was put back, positions mean another in views and segments; the oracle compares what the players came to.
    if world.shared {
        let told = std::mem::take(&mut watch.borrow_mut().told);
        world.counts.set(told.check(world, engine).await?);
        engine.shutdown().await;
    } else {
        let expected = {
            let watch = watch.borrow();
            oracle::fold(world, watch.straight.published(), &world::brand())?
        };
        if expected.players() != players.len() {
            return Err("the oracle knows other players".to_owned());
        }
        expected.compare_players(engine).await?;
        engine.shutdown().await;
        // The first sink takes all types.
        expected.compare_emissions(&world.sinks[0])?;
    }
    watch.borrow_mut().look(world)?;
    compare_entities(world, engine, &players).await?;
    if demand == Demand::All {
        compare_segments(world, &players).await?;
    }
    world
        .sinks
        .iter()
        .try_for_each(|sink| compare_emissions(sink, &players))
}

async fn compare_views(
    engine: &EngineHandle,
    players: &BTreeMap<Entity, Player>,
) -> Result<(), String> {
    for (entity, player) in players.iter().filter(|(entity, _)| entity.is_player()) {
        let view = engine.player(entity).await;
        let view = view.map_err(|error| error.to_string())?;
        let got = view.map(|found| format!("{:?} at {}", found.view, found.as_of));
        let expected = format!("{:?} at {}", player.view, player.applied);
        if got.as_ref() != Some(&expected) {
            return Err(format!(
                "views: {entity:?}\n got      {got:?}\n expected {expected}"
            ));
        }
    }
    Ok(())
}

/// What every player's journal says was given and taken back is what the player has.
async fn ledgers(world: &World, engine: &EngineHandle) -> Result<(), String> {
    for entity in &world.entities {
        let page = engine.journal(entity, None, usize::MAX).await;
        let page = page.map_err(|error| format!("nothing lost: journal of {entity:?}: {error}"))?;
        let Some(page) = page else { continue };
        let moved = page.entries.iter().flat_map(|entry| &entry.effects);
        let sum: i128 = moved
            .map(|effect| match effect {
                Effect::Earned(one) => one.amount.0,
                Effect::Reversed(one) => -one.amount.0,
                _ => 0,
            })
            .sum();
        let view = page.player.ok_or("a newest page without its player")?;
        let has: i128 = view.balances.iter().map(|(_, points)| points.0).sum();
        if has != sum {
            return Err(format!(
                "ledger: {entity:?} has {has}, the journal gives {sum}"
            ));
        }
    }
    Ok(())
}

/// Every record that stands in the log is in its player's journal, once; nothing is there that was never appended.
async fn records_once(world: &World, engine: &EngineHandle) -> Result<(), String> {
    let (mut there, mut ever) = (BTreeMap::new(), BTreeMap::new());
    for partition in world.partitions() {
        ids(world, &world.log.records(partition), &mut there);
        ids(world, &world.log.history(partition), &mut ever);
    }
    for entity in &world.entities {
        let page = engine.journal(entity, None, usize::MAX).await;
        let page = page.map_err(|error| error.to_string())?;
        let entries = page.map_or_else(Vec::new, |page| page.entries);
        let mut journal = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.timer.is_none()) {
            let first = entry.outcome != Outcome::Conflict;
            if first && !journal.insert(format!("{} {}", entry.source, entry.id)) {
                return Err(format!(
                    "taken once: {} of {entity:?} was taken twice",
                    entry.id
                ));
            }
        }
        let (none, nothing) = (BTreeSet::new(), BTreeSet::new());
        let (there, ever) = (
            there.get(entity).unwrap_or(&none),
            ever.get(entity).unwrap_or(&nothing),
        );
        if let Some(lost) = there.difference(&journal).next() {
            return Err(format!(
                "nothing lost: {lost} of {entity:?} stands in the log and was not taken"
            ));
        }
        if let Some(odd) = journal.difference(ever).next() {
            return Err(format!(
                "nothing made up: {odd} of {entity:?} was never appended"
            ));
        }
    }
    Ok(())
}

fn ids(world: &World, records: &[LogRecord], ids: &mut BTreeMap<Entity, BTreeSet<String>>) {
    for read in records {
        let record = events::record::decode(Position::START, Timestamp::MIN, &read.body);
        if let Ok(Body::Event { brand, event, .. }) = record.map(|record| record.body) {
            let player = event.player.clone();
            let entity = Entity { brand, player };
            if world.entities.contains(&entity) {
                let of = ids.entry(entity).or_default();
                of.insert(format!("{} {}", event.source, event.id));
            }
        }
    }
}

/// Where each partition's log ends.
async fn ends(world: &World) -> Result<Vec<(Partition, Position)>, String> {
    let mut ends = Vec::new();
    for partition in world.partitions() {
        let end = world.log.end(partition).await;
        ends.push((partition, end.map_err(|error| error.to_string())?.0));
    }
    Ok(ends)
}

async fn compare_entities(
    world: &World,
    engine: &EngineHandle,
    players: &BTreeMap<Entity, Player>,
) -> Result<(), String> {
    let mut stored = HashSet::new();
    for partition in world.partitions() {
        let page = world.store.entities(partition, None, 1_000).await;
        stored.extend(page.map_err(|error| error.to_string())?);
    }
    let lost = players.keys().find(|entity| !stored.contains(*entity));
    match lost {
        Some(entity) => Err(format!(
            "nothing lost: {entity:?} of partition {} is not in the store",
            engine.partition_of(entity)
        )),
        None => Ok(()),
    }
}

async fn compare_segments(world: &World, players: &BTreeMap<Entity, Player>) -> Result<(), String> {
    for (entity, player) in players {
        let numbers: Vec<u32> = (0..).take(player.sealed.len()).collect();
        let partition = world.partition_of(entity);
        let stored = world.store.segments(partition, entity, &numbers).await;
        let stored = stored.map_err(|error| error.to_string())?;
        for (number, (there, expected)) in stored.iter().zip(&player.sealed).enumerate() {
            if there.as_ref() != Some(expected) {
                return Err(format!(
                    "segments: segment {number} of {entity:?} differs: {there:?}"
                ));
            }
        }
    }
    Ok(())
}

/// Every id once or more, always with the same body; on first receipt in the order in which the player's events caused them.
fn compare_emissions(sink: &FaultySink, players: &BTreeMap<Entity, Player>) -> Result<(), String> {
    let mut bodies = BTreeMap::new();
    let mut order: BTreeMap<Entity, Vec<String>> = BTreeMap::new();
    for received in sink.received() {
        let outgoing = received.outgoing;
        let id = outgoing.id.to_string();
        let entity = Entity {
            brand: outgoing.brand.parse().map_err(|_| "a brand")?,
            player: outgoing.player.parse().map_err(|_| "a player")?,
        };
        match bodies.get(&id) {
            None => {
                bodies.insert(id.clone(), outgoing.body);
                order.entry(entity).or_default().push(id);
            }
            Some(body) if *body == outgoing.body => {}
            Some(_) => return Err(format!("acted on once: {id} came with another body")),
        }
    }
    for (entity, player) in players {
        let emitted = player.emitted.iter();
        let taken: Vec<_> = emitted.filter(|one| sink.takes(&one.kind)).collect();
        let expected: Vec<_> = taken.iter().map(|one| one.id.clone()).collect();
        let got = order.remove(entity).unwrap_or_default();
        if got != expected {
            return Err(format!(
                "emissions: those of {entity:?} at {}\n got      {got:?}\n expected {expected:?}",
                sink.name()
            ));
        }
        if let Some(one) = taken
            .iter()
            .find(|one| bodies.get(&one.id) != Some(&one.body))
        {
            return Err(format!(
                "emissions: {} has another body than expected",
                one.id
            ));
        }
    }
    match order.pop_first() {
        Some((entity, ids)) => Err(format!("emissions: of nobody: {entity:?} {ids:?}")),
        None => Ok(()),
    }
}
