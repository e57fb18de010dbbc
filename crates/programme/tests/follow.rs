//! What a version may change of the one before it.

#![allow(missing_docs)]

use programme::{Programme, may_follow};

const BEFORE: &str = "currency: GBP
points: {xp: {kind: status}, coins: {kind: spendable, expires: 12mo}}
earn: [{id: e, on: order, give: {points: xp, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 2}, reward: [{points: coins, fixed: 1}]}]
";

fn compile(rest: &str) -> Programme {
    let source = format!("programme: p\nbrand: b\n{rest}");
    match programme::compile("p.yaml", &source) {
        Ok(programme) => programme,
        Err(errors) => panic!("{errors}"),
    }
}

#[test]
fn what_players_hold_stays_and_everything_else_may_change() {
    let before = compile(BEFORE);
    let may = |next: &str| may_follow(&before, &compile(next));
    let with = |from: &str, to: &str| {
        assert!(BEFORE.contains(from), "{from}");
        may(&BEFORE.replace(from, to))
    };
    let missions = BEFORE.lines().last().unwrap_or_default();
    let fine = [
        with("target: 2", "target: 20"),
        with("rate: 1", "rate: 3"),
        with(missions, "missions: []"),
        with(", expires: 12mo", ", pending: 3d"),
        with("points: {xp", "points: {zz: {kind: spendable}, xp"),
        with("earn: [{id: e,", "timezone: Asia/Tokyo\nearn: [{id: f,"),
    ];
    assert!(fine.iter().all(Vec::is_empty), "{fine:?}");
    assert_eq!(
        with("GBP", "EUR"),
        ["`currency` stays GBP: goals and caps that run have counted in it"]
    );
    let none = "currency: GBP\npoints: {coins: {kind: status}}\n";
    assert_eq!(
        may(none),
        [
            "points `xp` stay: players may hold some. Keep them, without rules that give any",
            "points `coins` stay spendable: players hold them as such",
        ]
    );
}
