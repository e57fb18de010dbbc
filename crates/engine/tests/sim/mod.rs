//! One simulated history: a world that outlives its engines, several lives of an engine, and the comparison at the end.

mod oracle;
mod publish;
mod repair;
mod shared;
mod straight;
mod world;

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use engine::{Clock, Engine, EngineConfig, EngineHandle, Pace, Rules, Threads, Versions};
use ports::{EmissionSink, Entity, EventLog, OwnerId, ProgrammeStore, StateStore};
pub(crate) use publish::{Changes, run_changes};
pub(crate) use shared::Counts;
use tokio::task::LocalSet;
use types::{Partition, Position, Timestamp};
use world::World;

/// What goes wrong beside the store's usual ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mishap {
    #[default]
    None,
    /// Reads find damage now and then; players are set aside, and repaired.
    Damage,
    /// Once, with everything written, the log is put back to an older copy.
    RestoredLog,
}

/// Runs a seed; the error says what differs.
pub(crate) fn run(seed: u64, rules: Rules) -> Result<(), String> {
    run_with(seed, rules, Mishap::None)
}

/// Runs a seed over a store that is damaged now and then; says how many players were repaired.
pub(crate) fn run_damaged(seed: u64) -> Result<u64, String> {
    let world = Rc::new(World::new(seed));
    lives(&world, Rules::default(), Mishap::Damage)?;
    Ok(world.repaired.get())
}

/// Runs a seed with a mishap.
pub(crate) fn run_with(seed: u64, rules: Rules, mishap: Mishap) -> Result<(), String> {
    lives(&Rc::new(World::new(seed)), rules, mishap)
}

/// Runs a seed of a world whose players share; how often what it is about happened.
pub(crate) fn run_shared(seed: u64, rules: Rules) -> Result<Counts, String> {
    let world = Rc::new(World::shared(seed));
    lives(&world, rules, Mishap::None)?;
    Ok(world.counts.take())
}

/// Everything that the gateways received under a seed, in order, with the tenure.
pub(crate) fn trace(seed: u64) -> Vec<String> {
    let world = Rc::new(World::new(seed));
    let ended = lives(&world, Rules::default(), Mishap::None);
    let received = world.sinks.iter().flat_map(|sink| sink.received());
    let line = |one: testkit::faulty::Received| {
        format!("{} {} {}", one.partition, one.epoch, one.outgoing.id)
    };
    let mut trace: Vec<String> = received.map(line).collect();
    trace.push(format!("{ended:?}"));
    trace
}

fn lives(world: &Rc<World>, rules: Rules, mishap: Mishap) -> Result<(), String> {
    let damage = if mishap == Mishap::Damage { 150 } else { 0 };
    world.store.set_corrupt(damage);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let lives = 2 + world.dice.below(4);
    for life in 0..lives {
        let last = life + 1 == lives;
        let local = LocalSet::new();
        if mishap == Mishap::RestoredLog && life == lives / 2 {
            let lived = runtime.block_on(local.run_until(put_back(Rc::clone(world), life, rules)));
            drop(local);
            lived?;
            world.restore_log();
            continue;
        }
        let lived =
            runtime.block_on(local.run_until(live(Rc::clone(world), life, last, rules, mishap)));
        // Everything of this life ends here, wherever it stands.
        drop(local);
        lived?;
    }
    Ok(())
}

fn config(world: &World, life: u64, rules: Rules) -> EngineConfig {
    let dice = &world.dice;
    let started = tokio::time::Instant::now();
    // The wall clock goes on by virtual time, a little in each life: not enough to order stamps by itself.
    let base = 1_700_000_000_000_000_000 + i64::try_from(life).unwrap() * 1_000;
    let now = move || {
        let elapsed = i64::try_from(started.elapsed().as_micros()).unwrap();
        Timestamp::from_nanos(base + elapsed).unwrap()
    };
    EngineConfig {
        threads: Threads::Current,
        memory_bytes: 1_000 + dice.below(60_000) as usize,
        outbox_bytes: dice.below(4_000) as usize,
        chunk: 1 + dice.below(40) as usize,
        credits: 1 + dice.below(200) as usize,
        window: 1 + dice.below(30) as usize,
        pace: Pace {
            replay_budget: Duration::from_secs(3_600),
            dirty_bytes: 1 + dice.below(20_000) as usize,
            head_interval: Duration::from_millis(dice.below(200)),
            idle_interval: Duration::from_millis(200 + dice.below(5_000)),
            shutdown: Duration::from_secs(60),
        },
        rules,
        ..EngineConfig::new(OwnerId(u128::from(dice.next())), Clock::Event, now)
    }
}

/// A quiet life, at whose end everything is written.
async fn put_back(world: Rc<World>, life: u64, rules: Rules) -> Result<(), String> {
    world.dice.set_calm(true);
    world.crash.after(0);
    let engine = start(&world, life, rules).await?;
    world.append_some(false).await;
    drain(&world, &engine).await?;
    engine.shutdown().await;
    Ok(())
}

async fn start(world: &World, life: u64, rules: Rules) -> Result<EngineHandle, String> {
    let sinks = world.sinks.iter();
    let config = config(world, life, rules);
    let opened = Versions::open(
        Arc::clone(&world.programmes) as Arc<dyn ProgrammeStore>,
        world.store.as_ref(),
        world.log.partitions(),
        [world.first()].into_iter().collect(),
        (config.now)(),
    );
    let (versions, _) = opened.await.map_err(|error| error.to_string())?;
    let engine = Engine::start(
        config,
        versions,
        Arc::clone(&world.log) as Arc<dyn EventLog>,
        Arc::clone(&world.store) as Arc<dyn StateStore>,
        sinks
            .map(|sink| Arc::clone(sink) as Arc<dyn EmissionSink>)
            .collect(),
    );
    engine.await.map_err(|error| error.to_string())
}

async fn live(
    world: Rc<World>,
    life: u64,
    last: bool,
    rules: Rules,
    mishap: Mishap,
) -> Result<(), String> {
    let (dice, crash) = (&world.dice, &world.crash);
    dice.set_calm(last);
    let steps = if last || dice.chance(100) {
        0
    } else {
        1 + dice.below(250)
    };
    crash.after(steps);
    let lived = async {
        let engine = start(&world, life, rules).await?;
        if last {
            let ended = async {
                world.append_some(true).await;
                publish::in_effect(&world, &engine).await?;
                if mishap == Mishap::Damage {
                    repair::repair_all(&world, &engine).await?;
                }
                finish(&world, &engine, mishap).await
            };
            return tokio::select! {
                biased;
                ended = ended => ended,
                () = engine.carry_publications(Duration::ZERO) => Err("nothing is carried".to_owned()),
            };
        }
        let patience = Duration::from_millis(dice.below(3_000));
        tokio::select! {
            biased;
            ended = middle(&world, &engine, life, mishap) => ended,
            () = engine.carry_publications(patience) => Err("nothing is carried".to_owned()),
        }
    };
    tokio::select! {
        biased;
        () = crash.reached() => Ok(()),
        ended = lived => ended,
        // Virtual time: whatever hangs gets here at once.
        () = tokio::time::sleep(Duration::from_secs(2_000)) => Err(format!("life {life} hangs")),
    }
}

/// Records come, programmes are published, questions are asked, until the life is over.
async fn middle(
    world: &World,
    engine: &EngineHandle,
    life: u64,
    mishap: Mishap,
) -> Result<(), String> {
    let dice = &world.dice;
    let lived = async {
        world.append_some(false).await;
        publish::publish_some(world, engine).await;
        world.append_some(false).await;
        ask_around(world, engine).await;
        if mishap == Mishap::Damage {
            repair::repair_some(world, engine).await;
        }
        if dice.chance(300) {
            engine.shutdown().await;
            return Ok(());
        }
        tokio::select! {
            biased;
            error = engine.failed() => Err(format!("life {life}: {error}")),
            () = tokio::time::sleep(Duration::from_millis(dice.below(20_000))) => Ok(()),
        }
    };
    lived.await
}

/// Questions in the middle of everything get an answer that does not contradict itself.
async fn ask_around(world: &World, engine: &EngineHandle) {
    for entity in &world.entities {
        if world.dice.chance(300) {
            let asked = engine.journal(entity, None, 5);
            drop(tokio::time::timeout(Duration::from_secs(5), asked).await);
        }
    }
}

/// Waits until everything is folded and acknowledged, what was told meanwhile too.
async fn drain(world: &World, engine: &EngineHandle) -> Result<(), String> {
    let mut ends = ends(world).await?;
    loop {
        tokio::select! {
            biased;
            drained = engine.drained(&ends) => drained.map_err(|error| error.to_string())?,
            error = engine.failed() => return Err(error.to_string()),
            () = tokio::time::sleep(Duration::from_secs(1_000)) => {
                return Err(format!("not drained: {:?}", engine.partition_status().await));
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
async fn finish(world: &World, engine: &EngineHandle, mishap: Mishap) -> Result<(), String> {
    drain(world, engine).await?;
    let published = world.published().await?;
    world.count_changes(published.len());
    let straight = straight::fold(world, &published);
    let players = straight.players.iter();
    for (entity, player) in players.filter(|(entity, _)| entity.is_player()) {
        if mishap == Mishap::RestoredLog {
            // Positions mean another log now, in views and in segments; the oracle compares what the players came to.
            break;
        }
        let view = engine
            .player(entity)
            .await
            .map_err(|error| error.to_string())?;
        let got = view.map(|found| format!("{:?} at {}", found.view, found.as_of));
        let expected = format!("{:?} at {}", player.view, player.applied);
        if got.as_ref() != Some(&expected) {
            return Err(format!(
                "{entity:?}\n got      {got:?}\n expected {expected}"
            ));
        }
    }
    if world.shared {
        world.counts.set(shared::check(world, engine).await?);
        engine.shutdown().await;
    } else {
        let expected = oracle::fold(world, &published, &world::brand())?;
        if expected.players() != straight.players.len() {
            return Err("the oracle knows other players".to_owned());
        }
        expected.compare_players(engine).await?;
        engine.shutdown().await;
        // The first sink takes all types.
        expected.compare_emissions(&world.sinks[0])?;
    }
    compare_entities(world, engine, &straight).await?;
    if mishap != Mishap::RestoredLog {
        compare_segments(world, &straight).await?;
    }
    for sink in &world.sinks {
        compare_emissions(sink, &straight)?;
    }
    Ok(())
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
    straight: &straight::Straight,
) -> Result<(), String> {
    let mut stored = HashSet::new();
    for partition in world.partitions() {
        let page = world.store.entities(partition, None, 1_000).await;
        stored.extend(page.map_err(|error| error.to_string())?);
    }
    let lost = straight
        .players
        .keys()
        .find(|entity| !stored.contains(*entity));
    match lost {
        Some(entity) => Err(format!(
            "{entity:?} of partition {} is not in the store",
            engine.partition_of(entity)
        )),
        None => Ok(()),
    }
}

async fn compare_segments(world: &World, straight: &straight::Straight) -> Result<(), String> {
    for (entity, player) in &straight.players {
        let numbers: Vec<u32> = (0..).take(player.sealed.len()).collect();
        let partition = world.partition_of(entity);
        let stored = world.store.segments(partition, entity, &numbers).await;
        let stored = stored.map_err(|error| error.to_string())?;
        for (number, (there, expected)) in stored.iter().zip(&player.sealed).enumerate() {
            if there.as_ref() != Some(expected) {
                return Err(format!("segment {number} of {entity:?} differs: {there:?}"));
            }
        }
    }
    Ok(())
}

/// Every id once or more, always with the same body; on first receipt in the order in which the player's events caused them.
fn compare_emissions(
    sink: &testkit::faulty::FaultySink,
    straight: &straight::Straight,
) -> Result<(), String> {
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
            Some(_) => return Err(format!("{id} came with another body")),
        }
    }
    for (entity, player) in &straight.players {
        let emitted = player.emitted.iter();
        let taken: Vec<_> = emitted.filter(|one| sink.takes(&one.kind)).collect();
        let expected: Vec<_> = taken.iter().map(|one| one.id.clone()).collect();
        let got = order.remove(entity).unwrap_or_default();
        if got != expected {
            return Err(format!(
                "emissions of {entity:?} at {}\n got      {got:?}\n expected {expected:?}",
                sink.name()
            ));
        }
        if let Some(one) = taken
            .iter()
            .find(|one| bodies.get(&one.id) != Some(&one.body))
        {
            return Err(format!("{} has another body than expected", one.id));
        }
    }
    match order.pop_first() {
        Some((entity, ids)) => Err(format!("emissions of nobody: {entity:?} {ids:?}")),
        None => Ok(()),
    }
}
