//! What players share, with tells that are late, lost, repeated and out of order: never given twice, never lost, and all who asked
//! know in the end.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod facts;
mod town;

use town::{Counts, Rules, live};

const SEEDS: u64 = 150;

#[test]
fn whatever_becomes_of_tells_nothing_is_given_twice_or_lost() {
    let mut all = Counts::default();
    for seed in 0..SEEDS {
        match live(seed, Rules::default()) {
            Ok(counts) => all.add(counts),
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
    // Histories in which nothing of it happens prove nothing.
    let Counts {
        given,
        refused,
        early,
        repeated,
    } = all;
    let happened = [given, refused, early, repeated];
    assert!(happened.iter().all(|count| *count > 100), "{all:?}");
}

#[test]
fn it_is_noticed_when_a_rule_is_switched_off() {
    let on = Rules::default();
    let table = [
        (
            "an undo that comes first leaves a tombstone",
            Rules {
                tombstones: false,
                ..on
            },
        ),
        (
            "what is not answered is told again",
            Rules {
                tell_again: false,
                ..on
            },
        ),
        (
            "an id is known",
            Rules {
                identity: false,
                ..on
            },
        ),
    ];
    let unnoticed = table
        .iter()
        .filter(|(_, rules)| (0..SEEDS).all(|seed| live(seed, *rules).is_ok()));
    let unnoticed: Vec<_> = unnoticed.map(|(name, _)| name).collect();
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
