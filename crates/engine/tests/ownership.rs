//! Which node owns what: the map, and what nodes decide as others come, fall silent, sleep and leave.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "ownership/logic.rs"]
mod logic;
#[path = "ownership/properties.rs"]
mod properties;
#[path = "ownership/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use engine::ownership::{Decision, Membership, Observation, Suspicion, Timing, View};
use types::Partition;
use world::{World, name, process, view};

/// A node that has listened to `view` for four seconds, heartbeats of all others included up to `heard`, and decides then.
fn decided(view: &View, heard: Duration, seen: &[Observation]) -> Vec<Decision> {
    let mut node = Membership::new(name(0), process(0), Timing::default());
    let mut decisions = Vec::new();
    for half in 0..=8 {
        let now = Duration::from_millis(500) * half;
        node.observe(now, Observation::Listed(view.clone()));
        node.observe(now, Observation::Sound(true));
        node.observe(now, Observation::Renewed { sent: now });
        if now <= heard {
            for (name, member) in &view.members {
                let beat = Observation::Beat {
                    name: name.clone(),
                    process: member.process,
                };
                node.observe(now, beat);
            }
        }
        for observation in seen {
            node.observe(now, observation.clone());
        }
        decisions = node.decide(now);
    }
    decisions
}

const SECOND: Duration = Duration::from_secs(1);
const P: Partition = Partition(0);

/// One partition among so many nodes, of which only node 0 can run its logic.
fn one(nodes: u8) -> View {
    let mut view = view(1, 0..nodes);
    let able = view.members.get_mut(&name(0)).unwrap();
    (able.logic, able.logic_met) = (2..=2, Some(2));
    view
}

#[test]
fn decisions_by_what_was_seen() {
    let four = SECOND * 4;
    let held_by = |node: u8, mut view: View| {
        view.holders.insert(P, process(node));
        view
    };
    let suspecting = |nodes: &[u8], mut view: View| {
        view.suspicions = nodes
            .iter()
            .zip(1..)
            .map(|(node, revision)| Suspicion {
                revision,
                process: process(*node),
            })
            .collect();
        view
    };
    let draining = |node: u8, mut view: View| {
        view.members.get_mut(&name(node)).unwrap().draining = true;
        view
    };
    let other = |mut view: View| {
        view.members.get_mut(&name(0)).unwrap().process = process(9);
        view
    };
    let lacking = |mut view: View| {
        view.members.get_mut(&name(0)).unwrap().logic_met = Some(3);
        view
    };
    let hold = Observation::Held(P);
    let take = vec![Decision::Take(P)];
    let release = vec![Decision::Release(P)];
    let table = [
        ("nobody holds it", one(3), four, vec![], take.clone()),
        (
            "its holder lives",
            held_by(1, one(3)),
            four,
            vec![],
            vec![Decision::Warm(P)],
        ),
        (
            "its holder's lease ended",
            held_by(5, one(3)),
            four,
            vec![],
            take.clone(),
        ),
        (
            "its holder is suspected",
            suspecting(&[1], held_by(1, one(3))),
            four,
            vec![],
            take.clone(),
        ),
        (
            "two of three suspected: the first counts",
            suspecting(&[2, 1], held_by(1, one(3))),
            four,
            vec![],
            vec![Decision::Warm(P)],
        ),
        (
            "one of two suspected: it counts",
            suspecting(&[1], held_by(1, one(2))),
            four,
            vec![],
            take.clone(),
        ),
        (
            "the own take came to nothing",
            held_by(0, one(3)),
            four,
            vec![],
            take.clone(),
        ),
        (
            "it is held",
            held_by(0, one(3)),
            four,
            vec![hold.clone()],
            vec![],
        ),
        (
            "held, and suspected",
            suspecting(&[0], held_by(0, one(3))),
            four,
            vec![hold.clone()],
            release.clone(),
        ),
        (
            "held, suspected, and another can own it",
            suspecting(&[0], held_by(0, view(1, 0..3))),
            four,
            vec![hold.clone()],
            release.clone(),
        ),
        (
            "held, of a version it lacks",
            lacking(held_by(0, one(1))),
            four,
            vec![hold.clone()],
            release.clone(),
        ),
        (
            "held by the last, which leaves",
            draining(0, held_by(0, one(1))),
            four,
            vec![hold.clone()],
            release.clone(),
        ),
        (
            "not held, and about to leave",
            draining(0, one(1)),
            four,
            vec![],
            vec![],
        ),
        (
            "the name is another process's",
            other(one(3)),
            four,
            vec![hold.clone()],
            vec![Decision::Fence],
        ),
        (
            "the lease was refused",
            held_by(0, one(3)),
            four,
            vec![hold.clone(), Observation::Refused],
            vec![Decision::Fence],
        ),
        (
            "the lease was refused, nothing held",
            one(3),
            four,
            vec![Observation::Refused],
            vec![],
        ),
        (
            "the connection is broken",
            one(3),
            four,
            vec![Observation::Sound(false)],
            vec![],
        ),
        (
            "all others silent: it doubts itself",
            one(3),
            SECOND,
            vec![],
            vec![],
        ),
        (
            "all others quiet: it doubts itself",
            one(3),
            SECOND * 5 / 2,
            vec![],
            vec![],
        ),
        (
            "the other of two silent: it is suspected",
            one(2),
            SECOND,
            vec![],
            vec![Decision::Suspect(process(1)), Decision::Take(P)],
        ),
        (
            "two that suspect each other: the first word counts, here the other's",
            suspecting(&[0, 1], held_by(0, one(2))),
            four,
            vec![hold],
            release,
        ),
        ("alone", one(1), SECOND, vec![], take),
    ];
    for (case, view, heard, seen, expected) in table {
        assert_eq!(decided(&view, heard, &seen), expected, "{case}");
    }
}

#[test]
fn a_node_that_leaves_hands_over_its_lowest_partition_first() {
    let mut view = view(8, 0..3);
    view.members.get_mut(&name(0)).unwrap().draining = true;
    let mut seen = Vec::new();
    for partition in (0..8).map(Partition) {
        view.holders.insert(partition, process(0));
        seen.push(Observation::Held(partition));
    }
    let to = view.owner(P).unwrap().clone();
    let expected = vec![Decision::HandOff { partition: P, to }];
    assert_eq!(decided(&view, SECOND * 4, &seen), expected);
}

#[test]
fn what_a_node_about_to_leave_holds_moves_before_a_lower_partition() {
    let mut view = view(8, 0..3);
    view.members.get_mut(&name(1)).unwrap().draining = true;
    let (low, high) = (P, Partition(7));
    let misplaced = [0, 2]
        .into_iter()
        .find(|node| view.owner(low) != Some(&name(*node)));
    view.holders.insert(low, process(misplaced.unwrap()));
    assert_eq!(view.planned().unwrap().partition, low);
    view.holders.insert(high, process(1));
    assert_eq!(view.planned().unwrap().partition, high);
}

/// Of four nodes, all but the last heard of, at `now`.
fn three_beat(node: &mut Membership, now: Duration, last: u8) {
    node.observe(now, Observation::Sound(true));
    node.observe(now, Observation::Renewed { sent: now });
    for (other, runs) in [(1, 1), (2, 2), (3, last)] {
        let beat = Observation::Beat {
            name: name(other),
            process: process(runs),
        };
        node.observe(now, beat);
    }
}

#[test]
fn a_heartbeat_of_an_earlier_process_is_not_its_successors() {
    for (runs, suspected) in [(3, vec![]), (9, vec![Decision::Suspect(process(3))])] {
        let mut node = Membership::new(name(0), process(0), Timing::default());
        node.observe(Duration::ZERO, Observation::Listed(view(0, 0..4)));
        let mut decisions = Vec::new();
        for half in 0..=8 {
            let now = Duration::from_millis(500) * half;
            three_beat(&mut node, now, runs);
            decisions = node.decide(now);
        }
        assert_eq!(decisions, suspected, "process {runs}");
    }
}

#[test]
fn a_node_that_slept_suspects_nobody_for_what_it_could_not_hear() {
    let mut node = Membership::new(name(0), process(0), Timing::default());
    node.observe(Duration::ZERO, Observation::Listed(view(0, 0..4)));
    for half in 0..=8 {
        let now = Duration::from_millis(500) * half;
        three_beat(&mut node, now, 3);
        assert_eq!(node.decide(now), []);
    }
    // It wakes; what waited at its door comes in one by one, and of the last nothing yet.
    let woken = SECOND * 12;
    three_beat(&mut node, woken, 9);
    assert_eq!(node.decide(woken), []);
}

#[test]
fn a_node_stops_by_its_own_clock_before_its_lease_ends() {
    let mut node = Membership::new(name(0), process(0), Timing::default());
    node.observe(SECOND, Observation::Renewed { sent: SECOND });
    node.observe(SECOND, Observation::Held(P));
    let table = [
        (1_000, false),
        (27_999, false),
        (28_000, true),
        (90_000, true),
    ];
    for (millis, fences) in table {
        let decisions = node.decide(Duration::from_millis(millis));
        assert_eq!(decisions == [Decision::Fence], fences, "after {millis} ms");
    }
    node.observe(SECOND * 91, Observation::Renewed { sent: SECOND * 90 });
    assert_eq!(node.decide(SECOND * 91), []);
}

/// Three nodes that have shared out their partitions.
fn three() -> World {
    let mut world = World::new(16);
    (0..3).for_each(|node| world.join(node, 0));
    world.rounds(60);
    world.settled().unwrap();
    world
}

#[test]
fn a_dead_nodes_partitions_are_taken_before_its_lease_ends_and_no_others_move() {
    let mut world = three();
    let (kept, dead) = (world.held(0).clone(), world.held(1).clone());
    assert!(!dead.is_empty());
    let killed = world.now;
    world.takes.clear();
    world.stop(1);
    world.rounds(20);
    world.settled().unwrap();
    let taken: BTreeSet<Partition> = world.takes.iter().map(|take| take.2).collect();
    assert_eq!(taken, dead);
    assert!(kept.is_subset(world.held(0)));
    let last = world.takes.iter().map(|take| take.0 - killed).max();
    assert!(last <= Some(SECOND * 5), "{last:?}");
}

#[test]
fn a_node_that_slept_takes_nothing_back_within_a_lease() {
    // Shorter than a lease, and longer.
    for asleep in [20, 100] {
        let mut world = three();
        let slept = world.now;
        world.stop(1);
        world.rounds(asleep);
        world.takes.clear();
        world.wake(1);
        world.round();
        assert!(world.held(1).is_empty(), "asleep for {asleep} rounds");
        world.rounds(200);
        let back = world
            .takes
            .iter()
            .filter(|take| take.1 == 1)
            .map(|take| take.0 - slept)
            .min();
        assert!(
            back.is_none_or(|back| back >= Timing::default().lease),
            "{back:?}"
        );
        assert!(world.moves_at_once <= 1);
    }
}

#[test]
fn half_of_a_cluster_waits_for_the_leases_of_the_other_half() {
    let mut world = World::new(16);
    (0..4).for_each(|node| world.join(node, 0));
    world.rounds(100);
    world.takes.clear();
    let killed = world.now;
    world.stop(2);
    world.stop(3);
    world.rounds(120);
    world.settled().unwrap();
    let first = world.takes.iter().map(|take| take.0 - killed).min();
    assert!(first >= Some(SECOND * 29), "{first:?}");
}
