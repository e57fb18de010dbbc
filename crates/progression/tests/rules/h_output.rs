//! H. Output.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{World, check};
use crate::{check_until, shown};

#[test]
fn h1_a_line_for_each_player_with_an_accepted_event_by_the_bytes_of_their_ids() {
    let world = check(
        "points: {xp: {kind: status}, coins: {kind: spendable}}
missions:
  - {id: o, goal: {count: order, target: 1}}
  - {id: s, goal: {count: order, target: 9}, window: 2d after start, start: opt_in}
  - {id: r, goal: {count: order, target: 1}, window: rolling 1d}
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}]}]",
        "a order 1 GBP player=b @2011-01-03T10:00:00Z
         b order_cancelled 9 GBP player=é @2011-01-03T11:00:00Z
         c points_spent points=coins amount=1 player=Z @2011-01-03T11:00:00Z
         c points_spent points=coins amount=1 player=Z @2011-01-03T11:00:00Z",
        &[
            "s/a: mission_completed o once",
            "s/a: mission_completed r 1",
        ],
    );
    let mission = |completed: u32, period: Value| json!({"completed": completed, "progress": "0", "period": period});
    let line = |player: &str, completed: u32, run: &str, progress: &str| {
        let mut once = mission(completed, "once".into());
        once["progress"] = progress.into();
        json!({
            "player": player,
            "balances": {"xp": "0", "coins": "0"},
            "tiers": {"t": "a"},
            "missions": {"o": once, "s": mission(0, Value::Null), "r": mission(completed, run.into())},
            "applied": 1,
        })
    };
    let expected = [
        line("Z", 0, "1", "0"),
        line("b", 1, "2", "1"),
        line("é", 0, "1", "0"),
    ];
    assert_eq!(world.lines(), expected);
}

/// Everything that an emission may say.
fn fields(world: &World, at: usize) -> Value {
    let mut emission = world.emissions[at].clone();
    for known in ["id", "player", "type", "at", "cause"] {
        emission.as_object_mut().unwrap().remove(known);
    }
    emission
}

#[test]
fn h2_in_a_step_reversals_come_first_then_what_is_earned_reopened_completed_and_the_levels() {
    let world = check(
        "points: {xp: {kind: status}}
earn: [{id: b, on: bet_placed, give: {points: xp, rate: 1}}, {id: s, on: bet_settled, give: {points: xp, rate: 1}}]
missions:
  - {id: lost, goal: {count: bet_settled, target: 1, when: event.attributes.result == \"lost\"}, reward: [{grant: v}]}
  - {id: won, goal: {count: bet_settled, target: 1, when: event.attributes.result == \"won\"}, reward: [{grant: v}], claim: {}}
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 25}]}]
rewards: [{id: v, kind: bonus, template: V}]",
        "a bet_placed 10 GBP @2011-01-03T10:00:00Z
         w bet_settled 20 of=a result=won @2011-01-03T11:00:00Z
         l bet_settled 1 of=a result=lost @2011-01-03T12:00:00Z",
        &[
            "s/a: points_earned xp 10 b",
            "s/w: points_earned xp 20 s",
            "s/w: mission_completed won once",
            "s/w: grant_offered v won once offered",
            "s/w: tier_changed t a b earned",
            "s/l: points_reversed xp 20 s",
            "s/l: points_earned xp 1 s",
            "s/l: mission_reopened won once",
            "s/l: grant_revoked v won once reversal",
            "s/l: mission_completed lost once",
            "s/l: grant_offered v lost once requested",
            "s/l: tier_changed t b a reversal",
        ],
    );
    assert_eq!(
        fields(&world, 0),
        json!({"points": "xp", "amount": "10", "rule": "b"})
    );
    assert_eq!(
        fields(&world, 2),
        json!({"mission": "won", "period": "once"})
    );
    let grant = json!({"mission": "won", "period": "once", "grant": "v", "grant_id": "v/won/once/1", "status": "offered"});
    assert_eq!(fields(&world, 3), grant);
    assert_eq!(
        fields(&world, 4),
        json!({"tier": "t", "from": "a", "to": "b", "reason": "earned"})
    );
}

#[test]
fn h2_timers_of_one_instant_go_by_player_then_kind_and_name_their_due_time() {
    let world = check_until(
        "points: {xp: {kind: status}, coins: {kind: spendable, expires: 21d}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}, {id: c, on: order, give: {points: coins, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 1}, reward: [{points: coins, fixed: 7}], claim: {within: 21d}}]
tiers: [{id: t, by: xp, qualify: {over: rolling 21d}, downgrade: to_balance, levels: [{id: a, at: 0}, {id: b, at: 10}]}]",
        "a order 10 GBP player=b @2011-01-11T00:00:00Z
         b order 10 GBP player=a @2011-01-11T00:00:00Z",
        "2011-02-01T00:00:00Z",
        &[
            "s/a: points_earned xp 10 r",
            "s/a: points_earned coins 10 c",
            "s/a: mission_completed m once",
            "s/a: grant_offered coins 7 m once offered",
            "s/a: tier_changed t a b earned",
            "s/b: points_earned xp 10 r",
            "s/b: points_earned coins 10 c",
            "s/b: mission_completed m once",
            "s/b: grant_offered coins 7 m once offered",
            "s/b: tier_changed t a b earned",
            "claim/m/once: grant_revoked coins 7 m once claim_expired",
            "expiry/coins: points_expired coins 10",
            "tier_review/t: tier_changed t b a period_end",
            "claim/m/once: grant_revoked coins 7 m once claim_expired",
            "expiry/coins: points_expired coins 10",
            "tier_review/t: tier_changed t b a period_end",
        ],
    );
    let players: Vec<&str> = world.emissions[10..]
        .iter()
        .map(|it| it["player"].as_str().unwrap())
        .collect();
    assert_eq!(players, ["a", "a", "a", "b", "b", "b"]);
    let due = json!({"timer": "tier_review/t", "due": "2011-02-01T00:00:00Z"});
    assert_eq!(world.emissions[12]["cause"], due);
}

#[test]
fn h3_an_id_is_a_hash_over_brand_player_type_subject_and_n() {
    let world = check(
        "points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 1}, window: day, reward: [{grant: v}], on_reversal: take_back}]
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 2}]}]
rewards: [{id: v, kind: bonus, template: V}]",
        "a order 2 GBP @2011-01-03T10:00:00Z
         x order_cancelled of=a @2011-01-03T11:00:00Z
         b order 2 GBP @2011-01-03T12:00:00Z",
        &[
            "s/a: points_earned xp 2 r",
            "s/a: mission_completed m 2011-01-03",
            "s/a: grant_offered v m 2011-01-03 requested",
            "s/a: tier_changed t a b earned",
            "s/x: points_reversed xp 2 r",
            "s/x: mission_reopened m 2011-01-03",
            "s/x: grant_revoked v m 2011-01-03 reversal",
            "s/x: tier_changed t b a reversal",
            "s/b: points_earned xp 2 r",
            "s/b: mission_completed m 2011-01-03",
            "s/b: grant_offered v m 2011-01-03 requested",
            "s/b: tier_changed t a b earned",
        ],
    );
    let subjects = [
        ("xp", 1),
        ("m/2011-01-03", 1),
        ("v/m/2011-01-03/1", 1),
        ("t", 1),
        ("xp", 1),
        ("m/2011-01-03", 1),
        ("v/m/2011-01-03/1", 1),
        ("t", 2),
        ("xp", 2),
        ("m/2011-01-03", 2),
        ("v/m/2011-01-03/2", 1),
        ("t", 3),
    ];
    for (emission, (subject, n)) in world.emissions.iter().zip(subjects) {
        let kind = emission["type"].as_str().unwrap();
        let digest = Sha256::digest(format!("b\u{1f}a\u{1f}{kind}\u{1f}{subject}\u{1f}{n}"));
        let id: String = digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(emission["id"], id.as_str(), "{emission}");
    }
}

#[test]
fn h4_counters_of_a_period_that_left_memory_go_on_where_they_were() {
    // The 3rd is long closed when its order is cancelled, and the day comes again by a change of zone only in the archive.
    let mut history = "a order 1 GBP @2011-01-03T10:00:00Z\n".to_owned();
    for day in 4..30 {
        history.push_str(&format!(
            "d{day} deposit 1 GBP @2011-01-{day:02}T10:00:00Z\n"
        ));
    }
    history.push_str(
        "b order 1 GBP @2011-02-01T10:00:00Z\nx order_cancelled of=a @2011-02-02T10:00:00Z",
    );
    let world = check(
        "missions: [{id: m, goal: {count: order, target: 1}, window: day}]",
        &history,
        &[
            "s/a: mission_completed m 2011-01-03",
            "s/b: mission_completed m 2011-02-01",
            "s/x: mission_reopened m 2011-01-03",
        ],
    );
    assert_eq!(shown(&world, "/missions/m/completed"), "1");
}

#[test]
fn h5_a_reward_of_kind_points_gives_points() {
    check(
        "points: {xp: {kind: status}}
rewards: [{id: bag, kind: points, give: {points: xp, fixed: 20}}]
missions: [{id: m, goal: {count: order, target: 1}, reward: [{grant: bag}]}]",
        "a order 1 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: mission_completed m once",
            "s/a: points_earned xp 20 m once",
        ],
    );
}
