//! When the logs move to another logic version.

use std::time::Duration;

use engine::ownership::{Decision, Membership, Observation, Timing, View};

use crate::world::{ROUND, name, process, view};

#[test]
fn the_logs_move_on_to_what_all_have_had_for_a_leases_time() {
    let lease = Timing::default().lease;
    let moves = |ranges: &[(u32, u32)], after: Duration, mut view: View| {
        for (node, (oldest, newest)) in (0..).zip(ranges) {
            view.members.get_mut(&name(node)).unwrap().logic = *oldest..=*newest;
        }
        let mut node = Membership::new(name(0), process(0), Timing::default());
        let mut decisions = Vec::new();
        for round in 0..=(after.as_millis() / 500) as u32 {
            let now = Duration::from_millis(500) * round;
            node.observe(now, Observation::Sound(true));
            node.observe(now, Observation::Renewed { sent: now });
            for (name, member) in &view.members {
                let beat = Observation::Beat {
                    name: name.clone(),
                    process: member.process,
                };
                node.observe(now, beat);
            }
            node.observe(now, Observation::Listed(view.clone()));
            decisions = node.decide(now);
        }
        let version = |decision| match decision {
            Decision::MoveTo(version) => Some(version),
            _ => None,
        };
        decisions.into_iter().find_map(version)
    };
    let two = || view(1, 0..2);
    let table = [
        ([(1, 1), (1, 1)], lease, None),
        ([(1, 2), (1, 1)], lease, None),
        ([(1, 2), (1, 2)], lease, Some(2)),
        ([(1, 3), (2, 4)], lease, Some(3)),
        ([(1, 2), (3, 4)], lease, None),
        ([(1, 2), (1, 2)], lease - ROUND, None),
    ];
    for (ranges, after, expected) in table {
        assert_eq!(moves(&ranges, after, two()), expected, "{ranges:?}");
    }
    assert_eq!(moves(&[(1, 2)], lease, view(1, 0..1)), Some(2));
    // Who is about to leave still folds.
    let mut leaving = two();
    leaving.members.get_mut(&name(1)).unwrap().draining = true;
    assert_eq!(moves(&[(1, 2), (1, 1)], lease, leaving), None);
}
