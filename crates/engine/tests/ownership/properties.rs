//! What holds of any view, and after any history.

use std::time::Duration;

use engine::ownership::{Decision, Membership, Observation, Suspicion, Timing, View};
use proptest::prelude::*;
use types::Partition;

use crate::world::{World, member, name, process, view};

/// Any view of up to seven nodes: with suspicions, with nodes about to leave, with holders that are there and that are not.
fn views() -> impl Strategy<Value = View> {
    let nodes = proptest::collection::btree_map(0..7u8, (any::<bool>(), 1..3u32, 0..4u32), 0..7);
    let suspicions = proptest::collection::vec((0..50u64, 0..9u8), 0..4);
    let holders = proptest::collection::btree_map(0..16u16, 0..9u8, 0..16);
    (nodes, suspicions, holders).prop_map(|(nodes, suspicions, holders)| {
        let mut view = view(16, []);
        for (node, (draining, logic, met)) in nodes {
            let mut member = member(node);
            (member.draining, member.logic) = (draining, 1..=logic);
            member.logic_met = (1..=logic).contains(&met).then_some(met);
            view.members.insert(name(node), member);
        }
        view.suspicions = suspicions
            .into_iter()
            .map(|(revision, node)| Suspicion {
                revision,
                process: process(node),
            })
            .collect();
        view.holders = holders
            .into_iter()
            .map(|(p, node)| (Partition(p), process(node)))
            .collect();
        view
    })
}

/// What each of the view's nodes decides from it, its own holdings being those of the view.
fn all_decide(view: &View) -> Vec<(u8, Decision)> {
    let mut all = Vec::new();
    for node in (0..7).filter(|node| view.members.contains_key(&name(*node))) {
        let mut state = Membership::new(name(node), process(node), Timing::default());
        state.observe(Duration::ZERO, Observation::Sound(true));
        state.observe(
            Duration::ZERO,
            Observation::Renewed {
                sent: Duration::ZERO,
            },
        );
        state.observe(Duration::ZERO, Observation::Listed(view.clone()));
        for (partition, holder) in &view.holders {
            if *holder == process(node) {
                state.observe(Duration::ZERO, Observation::Held(*partition));
            }
        }
        all.extend(
            state
                .decide(Duration::ZERO)
                .into_iter()
                .map(|decision| (node, decision)),
        );
    }
    all
}

proptest! {
    #[test]
    fn one_view_gives_a_partition_one_taker_and_one_move(view in views()) {
        let decisions = all_decide(&view);
        for partition in (0..16).map(Partition) {
            let takers: Vec<u8> = decisions
                .iter()
                .filter(|(_, decision)| matches!(decision, Decision::Take(p) | Decision::Warm(p) if *p == partition))
                .map(|(node, _)| *node)
                .collect();
            prop_assert!(takers.len() <= 1, "{partition}: {takers:?}");
            let takes = decisions.iter().any(|(_, decision)| *decision == Decision::Take(partition));
            prop_assert!(!takes || view.holder(partition).is_none(), "{partition} is taken from a living node");
        }
        let moves = decisions.iter().filter(|(_, decision)| matches!(decision, Decision::HandOff { .. })).count();
        prop_assert!(moves <= 1);
    }

    #[test]
    fn who_comes_or_goes_moves_only_its_own(nodes in proptest::collection::btree_set(0..12u8, 1..8), one in 0..12u8) {
        let without = view(64, nodes.iter().copied().filter(|node| *node != one));
        let with = view(64, nodes.iter().copied().chain([one]));
        for partition in (0..64).map(Partition) {
            let (before, after) = (without.owner(partition), with.owner(partition));
            prop_assert!(before == after || after == Some(&name(one)), "{partition}: {before:?} -> {after:?}");
        }
    }
}

// A history is some 500 rounds of all nodes.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_node_that_lives_ends_with_the_same_map(
        late in proptest::collection::vec(0..4usize, 1..6),
        events in proptest::collection::vec((0..4u8, 0..6u8, 1..20u32), 0..6),
    ) {
        let mut world = World::new(16);
        let nodes = late.len() as u8;
        late.into_iter().zip(0..).for_each(|(late, node)| world.join(node, late));
        for (event, node, rounds) in events {
            let node = node % nodes;
            match event {
                0 => world.stop(node),
                1 => world.wake(node),
                2 if world.view.members.contains_key(&name(node)) => world.drain(node),
                _ => {}
            }
            world.rounds(rounds);
        }
        // Past every lease, every suspicion, and a planned move of each partition.
        world.rounds(400);
        if let Err(why) = world.settled() {
            prop_assert!(false, "{why}");
        }
    }
}
