//! B. Identity. How a file's unreadable lines are counted is told by the tests of `questline simulate`.

use crate::harness::check;
use crate::{answers, scenario, shown};

const COUNT: &str = "points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]";

#[test]
fn b1_the_same_body_is_all_values_but_the_recorded_time() {
    let world = check(
        COUNT,
        "a order 1 GBP @2011-01-03T10:00:00Z items=1
         a order 1 GBP @2011-01-03T10:00:00Z items=1 recorded=2011-03-03T10:00:00Z
         a order 1.0 GBP @2011-01-03T10:00:00Z items=1 recorded=2011-03-03T10:00:01Z
         a order 2 GBP @2011-01-03T10:00:00Z items=1 recorded=2011-03-03T10:00:02Z
         a order 1 GBP @2011-01-03T10:00:01Z items=1 recorded=2011-03-03T10:00:03Z
         a order 1 GBP @2011-01-03T10:00:00Z items=2 recorded=2011-03-03T10:00:04Z",
        &["s/a: points_earned xp 1 r"],
    );
    assert_eq!(
        answers(&world),
        ["a applied", "a conflict", "a conflict", "a conflict"]
    );
    assert_eq!(shown(&world, "/applied"), "1");
}

#[test]
fn b1_an_identity_is_source_player_and_id_together() {
    check(
        COUNT,
        "a order 1 GBP @2011-01-03T10:00:00Z
         a order 1 GBP source=other @2011-01-03T10:00:00Z
         a order 1 GBP player=b @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned xp 1 r",
            "other/a: points_earned xp 1 r",
            "s/a: points_earned xp 1 r",
        ],
    );
    scenario("06_identity_and_refusals");
}
