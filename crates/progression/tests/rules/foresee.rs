//! What is foreseen of a version is what comes when it has taken effect.

use std::sync::Arc;

use programme::Programme;
use progression::{Because, Effect, Foresight, foresee};

use crate::harness::{HEAD, compile};
use crate::versions::Versions;

/// What a version would mean for the one player of a world, as lines.
fn foreseen(it: &Versions, programme: &str) -> (Programme, Foresight) {
    let source = format!("{HEAD}{programme}");
    let before = Arc::new(compile(&it.world.programme.source));
    let draft = compile(&source).after(vec![before]);
    let player = it.world.players.values().next().unwrap();
    let foresight = foresee(&it.world.programme, &draft, &player.state, it.world.now);
    (draft, foresight)
}

fn said((draft, foresight): &(Programme, Foresight)) -> Vec<String> {
    let mission = |ix: u16| &draft.missions[usize::from(ix)].id;
    let completes = foresight.completes.iter();
    let completes = completes.map(|ix| format!("completes {}", mission(ix.0)));
    let falls = foresight.falls.iter().map(|fall| {
        let to = fall.to.as_deref().unwrap_or("gone");
        format!(
            "{} of {} falls from {} to {to}",
            fall.period, fall.mission, fall.from
        )
    });
    let moves = foresight.moves.iter().map(|moved| {
        let set = &draft.tiers[usize::from(moved.tier.0)];
        let to = &set.levels[usize::from(moved.to)].id;
        format!("{}: {} -> {to}", set.id, moved.from)
    });
    let effects = foresight.effects.iter().filter_map(|effect| match effect {
        Effect::Earned(it) => Some(format!(
            "{} {} for {}",
            it.amount,
            draft.points[usize::from(it.points.0)].id,
            what(it.because)
        )),
        Effect::Offered { grant, .. } => Some(format!(
            "{} for {}",
            draft.rewards[usize::from(grant.reward.0)].id,
            what(grant.because)
        )),
        _ => None,
    });
    completes.chain(falls).chain(moves).chain(effects).collect()
}

fn what(because: Because) -> &'static str {
    match because {
        Because::Rule(_) => "a rule",
        Because::Mission(..) => "a mission",
        Because::Level(..) => "a level",
    }
}

fn mission(target: u32, more: &str) -> String {
    format!(
        "points: {{xp: {{kind: status}}}}\nrewards: [{{id: v, kind: bonus, template: V}}]\nmissions: [{{id: m, goal: {{count: order, target: {target}}}, \
         reward: [{{points: xp, fixed: 50}}, {{grant: v}}]{more}}}]"
    )
}

fn three_orders(target: u32, more: &str) -> Versions {
    let mut it = Versions::begin(&mission(target, more));
    it.run(
        "a order 1 GBP @2011-01-03T10:00:00Z
         b order 1 GBP @2011-01-04T10:00:00Z
         c order 1 GBP @2011-01-05T10:00:00Z",
        &[],
    );
    it
}

#[test]
fn who_is_at_the_goal_completes_with_the_next_event_and_gets_what_was_foreseen() {
    let rebased = mission(3, ", window: month, on_change: rebase");
    let mut it = three_orders(5, ", window: month");
    assert_eq!(
        said(&foreseen(&it, &rebased)),
        ["completes m", "50 xp for a mission", "v for a mission"]
    );
    it.publish(&rebased);
    it.until("2011-01-06T09:00:00Z", &[]);
    it.run(
        "d order 1 GBP @2011-01-06T10:00:00Z",
        &[
            "s/d: mission_completed m 2011-01",
            "s/d: points_earned xp 50 m 2011-01",
            "s/d: grant_offered v m 2011-01 requested",
        ],
    );
}

#[test]
fn progress_that_is_lost_is_foreseen_and_nothing_is_where_nothing_changes() {
    let table: &[(u32, &str, &[&str])] = &[
        (5, ", window: month", &[]),
        (4, ", window: month, on_change: keep", &[]),
        (9, ", window: month, on_change: rebase", &[]),
        (
            4,
            ", window: month, on_change: reset",
            &["2011-01 of m falls from 3 to 0"],
        ),
        (
            4,
            ", window: week, on_change: rebase",
            &["2011-01 of m falls from 3 to gone"],
        ),
    ];
    for (target, more, expected) in table {
        let it = three_orders(5, ", window: month");
        let draft = mission(*target, more);
        assert_eq!(said(&foreseen(&it, &draft)), *expected, "{target}{more}");
    }
    let it = three_orders(5, ", window: month");
    let gone = "points: {xp: {kind: status}}\nrewards: [{id: v, kind: bonus, template: V}]";
    assert_eq!(
        said(&foreseen(&it, gone)),
        ["2011-01 of m falls from 3 to gone"]
    );
}

#[test]
fn what_waits_for_somebody_else_does_not_complete() {
    let it = three_orders(5, ", window: month");
    for more in [
        ", window: month, on_change: rebase, start: opt_in",
        ", window: month, on_change: rebase, until: 2011-01-04T00:00",
    ] {
        assert_eq!(said(&foreseen(&it, &mission(3, more))), [""; 0], "{more}");
    }
    // Of what players share it is as if there were enough.
    let limited = mission(3, ", window: month, on_change: rebase, limit: {total: 1}");
    assert_eq!(
        said(&foreseen(&it, &limited)),
        ["completes m", "50 xp for a mission", "v for a mission"]
    );
}

fn tiers(levels: &str) -> String {
    format!(
        "points: {{xp: {{kind: status}}}}\nearn: [{{id: e, on: order, give: {{points: xp, rate: 1, per: \"1.00\", of: amount}}}}]\nrewards: [{{id: v, kind: bonus, \
         template: V}}]\ntiers: [{{id: t, by: xp, levels: [{{id: bronze, at: 0}}{levels}]}}]"
    )
}

#[test]
fn a_lower_threshold_lifts_with_the_next_points_and_gives_the_levels() {
    let mut it = Versions::begin(&tiers(", {id: silver, at: 50}, {id: gold, at: 200}"));
    it.run(
        "a order 120 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned xp 120 e",
            "s/a: tier_changed t bronze silver earned",
        ],
    );
    let draft = tiers(", {id: silver, at: 50}, {id: gold, at: 100, reward: [{grant: v}]}");
    assert_eq!(
        said(&foreseen(&it, &draft)),
        ["t: silver -> gold", "v for a level"]
    );
    it.publish(&draft);
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &[
            "s/b: points_earned xp 1 e",
            "s/b: tier_changed t silver gold earned",
            "s/b: grant_offered v t gold requested",
        ],
    );
}

#[test]
fn a_level_that_is_gone_moves_its_players_down() {
    let mut it = Versions::begin(&tiers(", {id: silver, at: 50}, {id: gold, at: 100}"));
    it.run(
        "a order 120 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned xp 120 e",
            "s/a: tier_changed t bronze gold earned",
        ],
    );
    let draft = tiers(", {id: silver, at: 50}");
    assert_eq!(said(&foreseen(&it, &draft)), ["t: gold -> silver"]);
    // A higher threshold takes nothing away from who has passed the old one.
    let draft = tiers(", {id: silver, at: 50}, {id: gold, at: 500}");
    assert_eq!(said(&foreseen(&it, &draft)), [""; 0]);
}
