//! Nodes that share the partitions of one log: they come, fall silent, are cut off, are started again, leave.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;
#[path = "nodes/seeded.rs"]
mod seeded;
#[path = "nodes/upgrade.rs"]
mod upgrade;
#[path = "nodes/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use engine::QueryError;
use engine::ownership::AgentError;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use types::Partition;
use world::{Node, PARTITIONS, World, is_settled, until};

const SECOND: Duration = Duration::from_secs(1);
/// Past every lease, every suspicion, and a planned move of each partition.
const SETTLES: Duration = Duration::from_secs(120);

/// A calm world with so many nodes, each with its part.
async fn settled(nodes: u8) -> (World, Vec<Node>) {
    let mut world = World::new(1, true);
    let nodes: Vec<Node> = (0..nodes).map(|number| world.start(number)).collect();
    let all: Vec<&Node> = nodes.iter().collect();
    until(SETTLES, || is_settled(&all)).await;
    (world, nodes)
}

/// The partitions that none of the nodes holds.
fn missing(nodes: &[&Node]) -> BTreeSet<Partition> {
    let held: BTreeSet<Partition> = nodes.iter().flat_map(|node| node.held()).collect();
    let all = (0..PARTITIONS).map(Partition);
    all.filter(|partition| !held.contains(partition)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_killed_nodes_partitions_are_held_again_within_five_seconds() {
    for count in [2, 3] {
        let test = async {
            let (_world, mut nodes) = settled(count).await;
            let killed = nodes.remove(0);
            assert!(!killed.held().is_empty());
            killed.kill();
            let left: Vec<&Node> = nodes.iter().collect();
            until(SECOND * 5, || missing(&left).is_empty()).await;
        };
        LocalSet::new().run_until(test).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_stops_by_itself_and_comes_back_after_a_lease() {
    let test = async {
        let (world, nodes) = settled(3).await;
        let [cut, others @ ..] = &nodes[..] else {
            panic!("no nodes");
        };
        let others: Vec<&Node> = others.iter().collect();
        let before = cut.held();
        cut.liveness.set_cut(true);
        let since = Instant::now();
        until(SECOND * 5, || missing(&others).is_empty()).await;
        assert_eq!(cut.held(), before, "nobody has told it");
        until(SECOND * 28, || cut.held().is_empty()).await;
        assert!(since.elapsed() > SECOND * 24, "its lease stood so long");
        let asked = cut.engine.player(&world.bench.entity("ann")).await;
        assert_eq!(asked.err(), Some(QueryError::Moving));
        cut.liveness.set_cut(false);
        let all: Vec<&Node> = nodes.iter().collect();
        until(SETTLES, || is_settled(&all)).await;
        assert_eq!(cut.held(), before);
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_hands_over_without_a_gap_of_half_a_second() {
    let test = async {
        let (_world, mut nodes) = settled(3).await;
        let leaving = nodes.remove(0);
        let moving = leaving.held().len();
        assert!(moving > 1);
        let engines: Vec<_> = nodes.iter().map(|node| node.engine.clone()).collect();
        let engines = [&engines[..], std::slice::from_ref(&leaving.engine)].concat();
        let left = tokio::task::spawn_local(leaving.leave());
        let (mut since, mut longest) = (BTreeMap::new(), Duration::ZERO);
        while !left.is_finished() || !since.is_empty() {
            let held = engines.iter().flat_map(|engine| engine.held());
            let held: BTreeSet<Partition> = held.map(|(partition, _)| partition).collect();
            for partition in (0..PARTITIONS).map(Partition) {
                if held.contains(&partition) {
                    since.remove(&partition);
                } else {
                    let since: &mut Instant = since.entry(partition).or_insert_with(Instant::now);
                    longest = longest.max(since.elapsed());
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
        left.await.unwrap().unwrap();
        let left: Vec<&Node> = nodes.iter().collect();
        assert!(is_settled(&left));
        assert!(longest < SECOND / 2, "{longest:?}");
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_started_again_under_its_name_has_its_partitions_back_at_once() {
    let test = async {
        let (mut world, mut nodes) = settled(3).await;
        let killed = nodes.remove(0);
        let before = killed.held();
        killed.kill();
        nodes.insert(0, world.start(0));
        let all: Vec<&Node> = nodes.iter().collect();
        until(SECOND * 5, || missing(&all).is_empty()).await;
        until(SETTLES, || is_settled(&all)).await;
        assert_eq!(nodes[0].held(), before);
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_process_under_a_name_that_is_taken_says_so_and_the_first_goes_on() {
    let test = async {
        let (mut world, nodes) = settled(2).await;
        let before = nodes[0].held();
        let second = world.start(0);
        let ended = second.ended().await;
        assert!(matches!(ended, Err(AgentError::NameTaken(_))), "{ended:?}");
        let all: Vec<&Node> = nodes.iter().collect();
        assert!(is_settled(&all));
        assert_eq!(nodes[0].held(), before);
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_does_not_run_is_told_and_tried_again_and_stops_no_other() {
    let test = async {
        let mut world = World::new(1, true);
        let ann = world.bench.partition_of(&world.bench.entity("ann"));
        for id in ["o1", "o2", "o3", "o4"] {
            world.bench.order("ann", id, "1.00").await;
        }
        world.bench.lose_message("ann", 3);
        let nodes = [world.start(0), world.start(1)];
        let all: Vec<&Node> = nodes.iter().collect();
        let why = || {
            let failed = all.iter().map(|node| node.standing.borrow().failed.clone());
            failed.flatten().next()
        };
        until(SETTLES, || why().is_some()).await;
        let (partition, why) = why().unwrap();
        assert_eq!(partition, ann);
        assert!(why.contains("gap in the log"), "{why}");
        until(SETTLES, || missing(&all) == BTreeSet::from([ann])).await;
        sleep(SETTLES).await;
        // Ten takeovers in two minutes would be one every twelve seconds.
        let epoch = world.bench.head(ann).await.epoch.0;
        assert!((4..20).contains(&epoch), "{epoch} takeovers");
    };
    LocalSet::new().run_until(test).await;
}
