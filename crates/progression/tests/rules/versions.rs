//! Another version of the programme while players play: what a running period keeps, and what comes, goes and is found again by its name.

use std::sync::Arc;

use programme::Programme;

use crate::harness::{HEAD, World, compile, events, told};
use crate::shown;

/// A world whose programme changes. What the events come to is told since the last time it was asked.
pub(crate) struct Versions {
    pub(crate) world: World,
    /// Those before the one in effect, the newest last.
    earlier: Vec<Arc<Programme>>,
    told: usize,
}

impl Versions {
    pub(crate) fn begin(programme: &str) -> Self {
        let source = format!("{HEAD}{programme}");
        let mut world = World::new(&source);
        world.passivating = true;
        Self {
            world,
            earlier: Vec::new(),
            told: 0,
        }
    }

    /// A new version takes effect, before the next record.
    pub(crate) fn publish(&mut self, programme: &str) -> &mut Self {
        let next = compile(&format!("{HEAD}{programme}"));
        let before = std::mem::replace(&mut self.world.programme, compile(HEAD));
        self.earlier.push(Arc::new(before));
        let newest_first = self.earlier.iter().rev().map(Arc::clone).collect();
        self.world.programme = next.after(newest_first);
        self
    }

    #[track_caller]
    pub(crate) fn run(&mut self, short: &str, expected: &[&str]) -> &mut Self {
        self.world.run(&events(short));
        self.tells(expected)
    }

    #[track_caller]
    pub(crate) fn until(&mut self, at: &str, expected: &[&str]) -> &mut Self {
        self.world.until(at.parse().unwrap());
        self.tells(expected)
    }

    #[track_caller]
    fn tells(&mut self, expected: &[&str]) -> &mut Self {
        let said: Vec<String> = self.world.emissions[self.told..].iter().map(told).collect();
        self.told = self.world.emissions.len();
        assert_eq!(said, expected);
        self
    }

    /// Period, progress and target of the mission `m`, as a reader sees them.
    pub(crate) fn mission(&self) -> [String; 3] {
        let (id, player) = self.world.players.iter().next().unwrap();
        let subject = progression::Subject {
            brand: self.world.brand(),
            player: id,
        };
        let view = progression::view(
            &self.world.programme,
            &player.state,
            subject,
            self.world.now,
        );
        let seen = view.missions.iter().find(|it| &*it.mission == "m").unwrap();
        let period = seen.period.as_deref().unwrap_or("none");
        [period, &*seen.progress, &*seen.target].map(str::to_owned)
    }
}

#[test]
fn missions_come_go_and_are_found_again_by_their_names() {
    let missions = |all: &[&str]| {
        let one = |id: &&str| format!("{{id: {id}, goal: {{count: order, target: 2}}}}");
        format!(
            "missions: [{}]",
            all.iter().map(one).collect::<Vec<_>>().join(", ")
        )
    };
    let mut it = Versions::begin(&missions(&["old", "m"]));
    it.run("a order 1 GBP @2011-01-03T10:00:00Z", &[]);
    it.publish(&missions(&["m", "new"]));
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &["s/b: mission_completed m once"],
    );
    assert_eq!(shown(&it.world, "/missions/new/progress"), "1");
    // What is taken back finds the mission by its name too, and of one that is gone there is nothing to take.
    it.run(
        "x order_cancelled of=a @2011-01-05T10:00:00Z",
        &["s/x: mission_reopened m once"],
    );
    // One that comes back goes on where it was.
    it.publish(&missions(&["old", "m"]));
    it.run(
        "c order 1 GBP @2011-01-06T10:00:00Z",
        &[
            "s/c: mission_completed old once",
            "s/c: mission_completed m once",
        ],
    );
}

#[test]
fn points_rules_and_rewards_come_and_go_and_their_ledger_stays() {
    let both = "points: {xp: {kind: status}, gone: {kind: spendable}}
earn: [{id: g, on: order, give: {points: gone, rate: 1}}, {id: r, on: order, give: {points: xp, rate: 1}, cap: [{points: 10, per: day}]}]
rewards: [{id: v, kind: bonus, template: V}]
missions: [{id: m, goal: {count: order, target: 1}, reward: [{grant: v}, {points: gone, fixed: 3}, {points: xp, fixed: 4}], on_reversal: take_back}]";
    let one = "points: {new: {kind: status}, xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}, cap: [{points: 10, per: day}]}, {id: n, on: order, give: {points: new, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 1}, reward: [{points: xp, fixed: 4}], on_reversal: take_back}]";
    let mut it = Versions::begin(both);
    it.run(
        "a order 8 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned gone 8 g",
            "s/a: points_earned xp 8 r",
            "s/a: mission_completed m once",
            "s/a: grant_offered v m once requested",
            "s/a: points_earned gone 3 m once",
            "s/a: points_earned xp 4 m once",
        ],
    );
    it.publish(one);
    // The cap of the rule goes on; so does what the return takes of what there still is, and the room that it gives.
    it.run(
        "b order 8 GBP @2011-01-03T11:00:00Z
         x order_cancelled of=a @2011-01-03T12:00:00Z
         y order_cancelled of=b @2011-01-03T13:00:00Z
         c order 9 GBP @2011-01-03T14:00:00Z",
        &[
            "s/b: points_earned xp 2 r",
            "s/b: points_earned new 8 n",
            "s/x: points_reversed xp 8 r",
            "s/y: points_reversed xp 2 r",
            "s/y: points_reversed new 8 n",
            "s/y: mission_reopened m once",
            "s/y: points_reversed xp 4 m once",
            "s/c: points_earned xp 9 r",
            "s/c: points_earned new 9 n",
            "s/c: mission_completed m once",
            "s/c: points_earned xp 4 m once",
        ],
    );
    let balances = |it: &Versions| it.world.lines()[0]["balances"].to_string();
    assert_eq!(balances(&it), r#"{"new":"9","xp":"13"}"#);
    // What is brought back is as it was, its numbers go on, and its ids are never given twice.
    it.publish(both);
    assert_eq!(balances(&it), r#"{"gone":"11","xp":"13"}"#);
    it.run(
        "d order 1 GBP @2011-01-04T10:00:00Z",
        &["s/d: points_earned gone 1 g", "s/d: points_earned xp 1 r"],
    );
    let emissions = it.world.emissions.iter();
    let mut ids: Vec<&str> = emissions.map(|it| it["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), it.world.emissions.len());
}

#[test]
fn levels_are_kept_by_name_and_one_that_is_gone_is_the_next_below() {
    let set = |levels: &str| {
        format!(
            "points: {{xp: {{kind: status}}}}
earn: [{{id: r, on: order, give: {{points: xp, rate: 1}}}}]
tiers: [{{id: t, by: xp, levels: [{levels}]}}]"
        )
    };
    let mut it = Versions::begin(&set(
        "{id: a, at: 0}, {id: b, at: 10, reward: [{points: xp, fixed: 1}]}, {id: c, at: 20}",
    ));
    it.run(
        "a order 15 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned xp 15 r",
            "s/a: tier_changed t a b earned",
            "s/a: points_earned xp 1 t b",
        ],
    );
    // A threshold that rises takes nobody's level away; a level in between is reached by the next points.
    it.publish(&set(
        "{id: a, at: 0}, {id: b, at: 50, reward: [{points: xp, fixed: 1}]}, {id: c, at: 60}",
    ));
    assert_eq!(shown(&it.world, "/tiers/t"), "b");
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &["s/b: points_earned xp 1 r"],
    );
    it.publish(&set("{id: a, at: 0}, {id: z, at: 5}, {id: b, at: 12, reward: [{points: xp, fixed: 1}]}, {id: c, at: 18}"));
    it.run(
        "c order 1 GBP @2011-01-05T10:00:00Z",
        &[
            "s/c: points_earned xp 1 r",
            "s/c: tier_changed t b c earned",
        ],
    );
    it.publish(&set("{id: a, at: 0}, {id: z, at: 5}"));
    assert_eq!(shown(&it.world, "/tiers/t"), "z");
    it.run(
        "d order 1 GBP @2011-01-06T10:00:00Z",
        &["s/d: points_earned xp 1 r"],
    );
}

/// Points by a rule, with these caps.
fn capped(points: &str, rule: &str) -> String {
    format!(
        "points: {{xp: {{kind: status{points}}}}}
earn: [{{id: r, on: order, give: {{points: xp, rate: 1}}{rule}}}]"
    )
}

#[test]
fn a_return_gives_room_back_to_the_caps_that_there_were_and_to_no_other() {
    let of_rule = ", cap: [{points: 10, per: day}]";
    let mut it = Versions::begin(&capped("", of_rule));
    it.run(
        "a order 8 GBP @2011-01-03T10:00:00Z",
        &["s/a: points_earned xp 8 r"],
    );
    it.publish(&capped(", cap: [{points: 5, per: day}]", of_rule));
    // The cap of the points counts from here: 2, and still 2 once the 8 from before are back.
    it.run(
        "b order 4 GBP @2011-01-03T11:00:00Z
         x order_cancelled of=a @2011-01-03T12:00:00Z
         c order 9 GBP @2011-01-03T13:00:00Z",
        &[
            "s/b: points_earned xp 2 r",
            "s/x: points_reversed xp 8 r",
            "s/c: points_earned xp 3 r",
        ],
    );
}

#[test]
fn what_the_caps_of_a_rule_have_counted_is_there_when_the_rule_comes_back() {
    let rule = capped("", ", cap: [{points: 10, per: day}]");
    let mut it = Versions::begin(&rule);
    it.run(
        "a order 8 GBP @2011-01-03T10:00:00Z",
        &["s/a: points_earned xp 8 r"],
    );
    it.publish("points: {xp: {kind: status}}\nearn: [{id: other, on: deposit, give: {points: xp, rate: 1}}]");
    // Nobody is named, rather than the rule that has its place now.
    it.run(
        "y order_refunded 2 GBP of=a @2011-01-03T11:00:00Z",
        &["s/y: points_reversed xp 2"],
    );
    it.publish(&rule);
    it.run(
        "b order 8 GBP @2011-01-03T12:00:00Z",
        &["s/b: points_earned xp 2 r"],
    );
}

#[test]
fn a_level_gives_its_reward_once_however_often_it_goes_and_comes() {
    let set = |levels: &str| {
        format!(
            "points: {{xp: {{kind: status}}, coins: {{kind: spendable}}}}
earn: [{{id: r, on: order, give: {{points: xp, rate: 1}}}}]
tiers: [{{id: t, by: xp, levels: [{{id: a, at: 0}}, {{id: b, at: 10}}{levels}]}}]"
        )
    };
    let all = set(", {id: c, at: 20, reward: [{points: coins, fixed: 3}]}");
    let mut it = Versions::begin(&all);
    it.run(
        "a order 25 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned xp 25 r",
            "s/a: tier_changed t a c earned",
            "s/a: points_earned coins 3 t c",
        ],
    );
    it.publish(&set(""));
    it.run(
        "m order 1 GBP @2011-01-03T11:00:00Z",
        &["s/m: points_earned xp 1 r"],
    );
    assert_eq!(shown(&it.world, "/tiers/t"), "b");
    it.publish(&all);
    it.run(
        "b order 1 GBP @2011-01-04T10:00:00Z",
        &[
            "s/b: points_earned xp 1 r",
            "s/b: tier_changed t b c earned",
        ],
    );
}
