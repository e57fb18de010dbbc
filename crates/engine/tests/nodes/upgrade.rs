//! A rolling upgrade to a release with a second logic version, under which an order gives twice as much.

use std::collections::BTreeSet;

use engine::{EngineHandle, Logic};
use programme::{Diagnostics, Programme};
use tokio::task::LocalSet;
use tokio::time::sleep;
use types::Partition;

use crate::world::{Node, PARTITIONS, World, is_settled, until};
use crate::{SECOND, SETTLES, missing};

/// What an order of 1.00 gives under each.
const GIVEN: [u64; 2] = [10, 20];
/// A player of each partition, by trying.
const PLAYERS: u32 = 60;

fn read(version: u32, name: &str, source: &str) -> Result<Programme, Diagnostics> {
    let first = programme::compile(name, source)?;
    if version == 1 {
        return Ok(first);
    }
    Ok(Programme {
        version: first.version,
        source: first.source,
        ..programme::compile(name, &source.replace("rate: 10", "rate: 20"))?
    })
}

/// Starts a node that has logic versions up to one.
fn start(world: &mut World, number: u8, newest: u32) -> Node {
    world.bench.logic = Logic {
        versions: 1..=newest,
        read,
    };
    world.start(number)
}

/// Those for whom each node holds which partitions.
fn settled(nodes: &[Node]) -> bool {
    is_settled(&nodes.iter().collect::<Vec<_>>())
}

/// The logic version that each partition has come to, by what its owner says.
async fn logic(nodes: &[Node]) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    for node in nodes {
        let status = node.engine.partition_status().await.unwrap();
        all.extend(status.iter().map(|one| one.logic));
    }
    all
}

async fn points(engine: &EngineHandle, world: &World, player: &str) -> u64 {
    let entity = world.bench.entity(player);
    let Some(found) = engine.player(&entity).await.unwrap() else {
        return 0;
    };
    let line = serde_json::to_value(found.view.line()).unwrap();
    let points = line["balances"]["xp"].as_str().unwrap();
    points.parse().unwrap()
}

/// An order of every player gives so much, whoever folds him.
async fn orders_give(world: &World, nodes: &[Node], order: &str, given: u64) {
    for number in 0..PLAYERS {
        let player = format!("p{number}");
        let partition = world.bench.partition_of(&world.bench.entity(&player));
        let holds = |node: &&Node| node.held().contains(&partition);
        let engine = &nodes.iter().find(holds).unwrap().engine;
        let before = points(engine, world, &player).await;
        world.bench.order(&player, order, "1.00").await;
        world.bench.drained_of(engine, &player).await;
        let first = if before == 0 { 5 } else { 0 };
        let after = points(engine, world, &player).await;
        assert_eq!(after - before, given + first, "{order} of {player}");
    }
}

/// Whether any partition's log says another logic version.
fn said(world: &World) -> usize {
    let record = events::record::encode_logic(2);
    let partitions = (0..PARTITIONS).map(Partition);
    let said = partitions.filter(|partition| {
        let records = world.bench.log.records(*partition);
        records.iter().any(|read| read.body == record)
    });
    said.count()
}

#[tokio::test(start_paused = true)]
async fn the_logs_move_to_a_logic_version_once_every_node_has_it_and_who_lacks_it_owns_nothing() {
    let test = async {
        let mut world = World::new(1, true);
        let mut nodes: Vec<Node> = (0..3).map(|number| start(&mut world, number, 1)).collect();
        until(SETTLES, || settled(&nodes)).await;
        orders_give(&world, &nodes, "o0", GIVEN[0]).await;
        for number in 0..3 {
            // Mixed: as long as one has only the first, that is what counts everywhere.
            sleep(SECOND * 90).await;
            assert_eq!((said(&world), logic(&nodes).await), (0, [1].into()));
            nodes.remove(0).leave().await.unwrap();
            nodes.push(start(&mut world, number, 2));
            until(SETTLES, || settled(&nodes)).await;
            orders_give(&world, &nodes, &format!("a{number}"), GIVEN[0]).await;
        }
        until(SECOND * 40, || said(&world) == usize::from(PARTITIONS)).await;
        sleep(SECOND).await;
        assert_eq!(logic(&nodes).await, [2].into());
        orders_give(&world, &nodes, "b", GIVEN[1]).await;

        // One of the release before comes back.
        let held: Vec<_> = nodes.iter().map(Node::held).collect();
        let old = start(&mut world, 7, 1);
        sleep(SETTLES).await;
        assert_eq!(nodes.iter().map(Node::held).collect::<Vec<_>>(), held);
        {
            let standing = old.standing.borrow();
            assert!(old.held().is_empty() && standing.failed.is_empty());
            assert!(!standing.view.runs(&standing.view.members[&old.name]));
            assert_eq!(standing.view.logic(), Some(2));
        }
        // Alone it still takes nothing, and says why: the heads say what the leases did.
        for node in nodes.drain(..) {
            node.kill();
        }
        let why = || old.standing.borrow().failed.clone();
        until(SETTLES, || why().len() == usize::from(PARTITIONS)).await;
        for (partition, why) in why() {
            let lacks = format!(
                "partition {partition} is folded under logic version 2, and this server has 1 to 1: it folds nothing of it; start a \
                 server of a release that has version 2"
            );
            assert_eq!(why, lacks);
        }
        assert!(old.held().is_empty());

        // With the newer release it is as it was.
        old.leave().await.unwrap();
        let nodes = [start(&mut world, 7, 2)];
        until(SETTLES, || missing(&[&nodes[0]]).is_empty()).await;
        orders_give(&world, &nodes, "c", GIVEN[1]).await;
        world.bench.assert_no_id_has_two_bodies();
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_owns_a_partition_whose_log_moves_on_lets_it_go_unwritten() {
    let test = async {
        let mut world = World::new(1, true);
        let old = start(&mut world, 0, 1);
        let nodes = [old];
        until(SETTLES, || settled(&nodes)).await;
        orders_give(&world, &nodes, "o0", GIVEN[0]).await;
        let ann = world.bench.partition_of(&world.bench.entity("ann"));
        sleep(SETTLES).await;
        let before = world.bench.head(ann).await;
        // As by an owner of before, that was paused and goes on.
        world.bench.say_logic(ann, 2);
        world.bench.order("ann", "o1", "1.00").await;
        let [old] = &nodes;
        until(SETTLES, || !old.held().contains(&ann)).await;
        sleep(SETTLES).await;
        assert_eq!(missing(&[old]), [ann].into());
        let failed = old.standing.borrow().failed.clone();
        assert!(failed[&ann].contains("logic version 2"), "{failed:?}");
        let after = world.bench.head(ann).await;
        assert_eq!(after.cursor, before.cursor, "nothing behind it is written");
    };
    LocalSet::new().run_until(test).await;
}
