//! What a thing cannot have been.

use super::told;

#[test]
fn a_thing_is_not_what_another_still_is() {
    let table = [
        (
            "missions: [{id: a, goal: {count: order, target: 1}}, {id: b, was: a, goal: {count: order, target: 1}}]",
            "1:67 the mission `a` is still here (one thing is not two: remove the other, or this `was`)",
        ),
        (
            "missions: [{id: a, was: a, goal: {count: order, target: 1}}]",
            "1:25 the mission `a` is still here (one thing is not two: remove the other, or this `was`)",
        ),
        (
            "rewards: [{id: a, was: c, kind: bonus, template: A}, {id: b, was: c, kind: bonus, template: B}]",
            "1:67 another reward was `c` already",
        ),
        (
            "tiers: [{id: t, was: s, by: xp, levels: [{id: l, at: 0}, {id: m, was: k, at: 1}, {id: n, was: k, at: 2}]}]",
            "1:95 another level was `k` already",
        ),
        (
            "earn: [{id: a, was: \"a b\", on: order, give: {points: xp, fixed: 1}}]",
            "1:21 expected an id of 1 to 64 letters, digits, `_` or `-`, found `a b`",
        ),
        // What it was is asked when it follows another.
        (
            "missions: [{id: b, was: a, goal: {count: order, target: 1}}]",
            "compiles",
        ),
    ];
    for (body, expected) in table {
        assert_eq!(told(body), expected, "{body}");
    }
}
