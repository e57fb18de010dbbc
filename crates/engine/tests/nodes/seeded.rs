//! Whatever becomes of nodes, in the end each partition has one owner, every event has counted once, and every emission was told.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::world::{Node, World, is_settled, until};
use crate::{SECOND, SETTLES};

const SEEDS: u64 = 30;
/// Names that are started again and again.
const NAMES: u8 = 3;
const PLAYERS: u64 = 12;
const STEPS: u64 = 25;

/// Something happens to the nodes.
async fn step(world: &mut World, nodes: &mut BTreeMap<u8, Node>) {
    let dice = std::sync::Arc::clone(&world.dice);
    let name = u8::try_from(dice.below(NAMES.into())).unwrap();
    match (dice.below(10), nodes.remove(&name)) {
        (0, Some(node)) => node.kill(),
        // One whose name has gone to another meanwhile says so.
        (1, Some(node)) => drop(node.leave().await),
        (2, Some(node)) => {
            node.liveness.set_cut(true);
            nodes.insert(name, node);
        }
        (3, Some(node)) => {
            node.liveness.set_cut(false);
            nodes.insert(name, node);
        }
        // What is cut off and has left its name to another is of no use any more.
        (_, Some(node)) if node.has_ended() => {}
        (_, Some(node)) => drop(nodes.insert(name, node)),
        (0..5, None) => drop(nodes.insert(name, world.start(name))),
        (_, None) => {}
    }
    sleep(Duration::from_millis(dice.below(6_000))).await;
}

async fn run(seed: u64) {
    let mut world = World::new(seed, false);
    let mut nodes: BTreeMap<u8, Node> = BTreeMap::new();
    let mut sent = 0;
    for number in 0..NAMES {
        nodes.insert(number, world.start(number));
    }
    for _ in 0..STEPS {
        for _ in 0..world.dice.below(5) {
            let player = format!("p{}", world.dice.below(PLAYERS));
            world
                .bench
                .order(&player, &format!("o{sent}"), "1.00")
                .await;
            sent += 1;
        }
        step(&mut world, &mut nodes).await;
    }
    world.dice.set_calm(true);
    for name in 0..NAMES {
        match nodes.get(&name).filter(|node| !node.has_ended()) {
            Some(node) => node.liveness.set_cut(false),
            None => drop(nodes.insert(name, world.start(name))),
        }
    }
    let all: Vec<&Node> = nodes.values().collect();
    until(SETTLES * 2, || is_settled(&all)).await;
    for number in 0..PLAYERS {
        let player = format!("p{number}");
        // Behind an acknowledgement that was lost comes none, until there is another one.
        world.bench.order(&player, "last", "1.00").await;
        let partition = world.bench.partition_of(&world.bench.entity(&player));
        let holder = all.iter().find(|node| node.held().contains(&partition));
        let engine = &holder.unwrap().engine;
        world.bench.drained_of(engine, &player).await;
        let seen = world.bench.seen(engine, &player).await;
        assert_eq!(seen, world.bench.oracle(&player), "seed {seed}, {player}");
    }
    world.bench.assert_no_id_has_two_bodies();
    for node in nodes.into_values() {
        node.kill();
    }
    sleep(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_nodes_the_end_is_that_of_one() {
    for seed in 0..SEEDS {
        LocalSet::new().run_until(run(seed)).await;
    }
}
