//! Rules, one fact a test: a programme, events, and what they come to.

use crate::harness::check;

const XP: &str = "
points: {xp: {kind: status}, coins: {kind: spendable}}
earn: [{id: order_xp, on: order, give: {points: xp, rate: 1, per: 1, of: amount}}]
";

#[test]
fn a_reward_credited_at_once_is_kept_when_progress_falls() {
    let programme = format!(
        "{XP}
missions:
  - {{id: two, goal: {{count: order, target: 2}}, reward: [{{points: coins, fixed: 5}}, {{grant: v}}]}}
rewards: [{{id: v, kind: bonus, template: V}}]"
    );
    check(
        &programme,
        "o1 order 1 GBP @2011-03-01T10:00:00Z
         o2 order 2 GBP @2011-03-01T11:00:00Z
         c2 order_cancelled @2011-03-01T12:00:00Z of=o2
         o3 order 3 GBP @2011-03-01T13:00:00Z",
        &[
            "s/o1: points_earned xp 1 order_xp",
            "s/o2: points_earned xp 2 order_xp",
            "s/o2: mission_completed two once",
            "s/o2: points_earned coins 5 two once",
            "s/o2: grant_offered v two once requested",
            "s/c2: points_reversed xp 2 order_xp",
            "s/o3: points_earned xp 3 order_xp",
        ],
    );
}

#[test]
fn take_back_reopens_and_takes_points_and_grants_and_tier() {
    let programme = format!(
        "{XP}
missions:
  - id: two
    goal: {{count: order, target: 2}}
    on_reversal: take_back
    reward: [{{points: xp, fixed: 100}}, {{grant: v}}, {{grant: v}}, {{grant: p}}]
tiers:
  - id: loyalty
    by: xp
    levels: [{{id: bronze, at: 0}}, {{id: silver, at: 50, reward: [{{grant: v}}]}}, {{id: gold, at: 100, reward: [{{points: coins, fixed: 1}}]}}]
rewards: [{{id: v, kind: bonus, template: V}}, {{id: p, kind: points, give: {{points: coins, fixed: 7}}}}]"
    );
    let world = check(
        &programme,
        "o1 order 1 GBP @2011-03-01T10:00:00Z
         o2 order 2 GBP @2011-03-01T11:00:00Z
         c2 order_cancelled @2011-03-01T12:00:00Z of=o2
         o3 order 3 GBP @2011-03-01T13:00:00Z",
        &[
            "s/o1: points_earned xp 1 order_xp",
            "s/o2: points_earned xp 2 order_xp",
            "s/o2: mission_completed two once",
            "s/o2: points_earned xp 100 two once",
            "s/o2: grant_offered v two once requested",
            "s/o2: grant_offered v two once requested",
            "s/o2: points_earned coins 7 two once",
            "s/o2: tier_changed loyalty bronze gold earned",
            "s/o2: grant_offered v loyalty silver requested",
            "s/o2: points_earned coins 1 loyalty gold",
            "s/c2: points_reversed xp 2 order_xp",
            "s/c2: mission_reopened two once",
            "s/c2: points_reversed xp 100 two once",
            "s/c2: grant_revoked v two once reversal",
            "s/c2: grant_revoked v two once reversal",
            "s/c2: points_reversed coins 7 two once",
            "s/c2: tier_changed loyalty gold bronze reversal",
            "s/o3: points_earned xp 3 order_xp",
            "s/o3: mission_completed two once",
            "s/o3: points_earned xp 100 two once",
            "s/o3: grant_offered v two once requested",
            "s/o3: grant_offered v two once requested",
            "s/o3: points_earned coins 7 two once",
            "s/o3: tier_changed loyalty bronze gold earned",
        ],
    );
    let ids: Vec<&str> = world
        .emissions
        .iter()
        .filter(|it| it["type"] == "grant_offered")
        .map(|it| it["grant_id"].as_str().unwrap())
        .collect();
    let expected = [
        "v/two/once/1",
        "v/two/once/2",
        "v/loyalty/silver/1",
        "v/two/once/3",
        "v/two/once/4",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn a_tier_that_keeps_is_not_demoted_by_a_reversal() {
    let programme = format!(
        "{XP}
tiers:
  - {{id: loyalty, by: xp, on_reversal: keep, levels: [{{id: bronze, at: 0}}, {{id: silver, at: 5}}]}}"
    );
    check(
        &programme,
        "o1 order 5 GBP @2011-03-01T10:00:00Z
         c1 order_cancelled @2011-03-01T12:00:00Z of=o1
         o2 order 5 GBP @2011-03-02T10:00:00Z",
        &[
            "s/o1: points_earned xp 5 order_xp",
            "s/o1: tier_changed loyalty bronze silver earned",
            "s/c1: points_reversed xp 5 order_xp",
            "s/o2: points_earned xp 5 order_xp",
        ],
    );
}

#[test]
fn an_event_before_the_unlock_does_not_count() {
    let programme = "
missions:
  - {id: first, goal: {count: order, target: 1}}
  - {id: second, goal: {count: order, target: 2}, after: [first]}";
    check(
        programme,
        "o1 order 5 GBP @2011-03-01T10:00:00Z
         o2 order 5 GBP @2011-03-01T09:00:00Z recorded=2011-03-01T11:00:00Z
         o3 order 5 GBP @2011-03-01T10:00:00Z recorded=2011-03-01T12:00:00Z
         o4 order 5 GBP @2011-03-02T10:00:00Z",
        &[
            "s/o1: mission_completed first once",
            "s/o4: mission_completed second once",
        ],
    );
}

#[test]
fn a_late_event_is_recorded_only_where_the_programme_says_so() {
    let programme = "
late_events: record_only
missions: [{id: daily, goal: {count: order, target: 2}, window: day}]";
    check(
        programme,
        "o1 order 5 GBP @2011-01-01T10:00:00Z
         o2 order 5 GBP @2011-01-01T11:00:00Z recorded=2011-01-02T00:00:00Z
         o3 order 5 GBP @2011-01-02T10:00:00Z
         o4 order 5 GBP @2011-01-02T10:00:00Z",
        &["s/o4: mission_completed daily 2011-01-02"],
    );
}

#[test]
fn a_reversal_reaches_a_period_that_left_memory() {
    let mut short = String::from(
        "x1 order 5 GBP @2011-01-01T10:00:00Z\nx2 order 6 GBP @2011-01-01T11:00:00Z\n",
    );
    for day in 2..=31 {
        for part in 0..5 {
            short.push_str(&format!(
                "n{day}.{part} registered @2011-01-{day:02}T10:00:0{part}Z\n"
            ));
        }
        short.push_str(&format!("d{day} order 7 GBP @2011-01-{day:02}T10:01:00Z\n"));
    }
    short.push_str("c2 order_cancelled @2011-02-01T10:00:00Z of=x2\n");
    short.push_str("c1 order_cancelled @2011-02-02T10:00:00Z of=x1\n");
    let world = check(
        "missions: [{id: daily, goal: {count: order, target: 2}, window: day}]",
        &short,
        &[
            "s/x2: mission_completed daily 2011-01-01",
            "s/c2: mission_reopened daily 2011-01-01",
        ],
    );
    let line = &world.lines()[0];
    assert_eq!(line["missions"]["daily"]["completed"], 0);
}

#[test]
fn a_zone_counts_from_the_end_of_the_period() {
    let programme = "
timezone: UTC
points: {xp: {kind: status}}
earn: [{id: xp, on: order, give: {points: xp, fixed: 10}, cap: [{points: 10, per: day}]}]
missions: [{id: daily, goal: {count: order, target: 2}, window: day}]";
    let programme = programme.replace("timezone: UTC", "");
    check(
        &programme,
        "o1 order 5 GBP @2011-01-10T10:00:00Z
         p profile_changed @2011-01-10T11:00:00Z zone=America/New_York
         o2 order 5 GBP @2011-01-10T23:30:00Z
         o3 order 5 GBP @2011-01-11T04:59:00Z
         o4 order 5 GBP @2011-01-11T05:00:00Z
         o5 order 5 GBP @2011-01-12T04:59:00Z",
        // The 10th ends in London at midnight, goes on in New York until 05:00Z, and is one day.
        &[
            "s/o1: points_earned xp 10 xp",
            "s/o2: mission_completed daily 2011-01-10",
            "s/o4: points_earned xp 10 xp",
            "s/o5: mission_completed daily 2011-01-11",
        ],
    );
}

#[test]
fn a_zone_counts_at_once_before_anything_counted() {
    let programme = "missions: [{id: daily, goal: {count: order, target: 1}, window: day}]";
    check(
        programme,
        "p profile_changed @2011-01-10T11:00:00Z zone=Asia/Tokyo
         o1 order 5 GBP @2011-01-10T16:00:00Z",
        &["s/o1: mission_completed daily 2011-01-11"],
    );
}

#[test]
fn distinct_values_count_once_and_leave_with_their_last_event() {
    let programme =
        "missions: [{id: explorer, goal: {distinct: attributes.country, of: order, target: 2}}]";
    check(
        programme,
        "o1 order 5 GBP @2011-01-10T10:00:00Z country=FR
         o2 order 5 GBP @2011-01-10T11:00:00Z country=FR
         o3 order 5 GBP @2011-01-10T12:00:00Z country=DE
         r3 order_refunded 4 GBP @2011-01-10T13:00:00Z of=o3
         c1 order_cancelled @2011-01-10T13:00:00Z of=o1
         c2 order_cancelled @2011-01-10T14:00:00Z of=o2
         o4 order 5 GBP @2011-01-10T15:00:00Z country=IT",
        &[
            "s/o3: mission_completed explorer once",
            "s/c2: mission_reopened explorer once",
            "s/o4: mission_completed explorer once",
        ],
    );
}

#[test]
fn tombstones_of_another_kind_or_currency_do_nothing() {
    check(
        XP,
        "r1 order_refunded 3 EUR @2011-01-10T10:00:00Z of=o1
         o1 order 5 GBP @2011-01-10T11:00:00Z
         r2 order_cancelled @2011-01-10T12:00:00Z of=d1
         d1 deposit 5 GBP @2011-01-10T13:00:00Z
         r3 order_cancelled @2011-01-10T14:00:00Z of=d1",
        &["s/o1: points_earned xp 5 order_xp"],
    );
}

#[test]
fn tombstones_add_up_to_the_whole() {
    check(
        XP,
        "r1 order_refunded 3 GBP @2011-01-10T10:00:00Z of=o1
         r2 order_refunded 3 @2011-01-10T10:00:00Z of=o1
         o1 order 5 GBP @2011-01-10T11:00:00Z
         o2 order 6 GBP @2011-01-10T12:00:00Z
         c order_cancelled 5 GBP @2011-01-10T13:00:00Z",
        &[
            "s/o2: points_earned xp 6 order_xp",
            "s/c: points_reversed xp 5 order_xp",
        ],
    );
}

#[test]
fn a_cancellation_finds_orders_that_left_memory() {
    let mut short = String::new();
    let mut expected = Vec::new();
    for n in 1..=100 {
        let minute = n % 60;
        let hour = 1 + n / 60;
        short.push_str(&format!(
            "o{n} order {n} GBP @2011-01-10T{hour:02}:{minute:02}:00Z\n"
        ));
        expected.push(format!("s/o{n}: points_earned xp {n} order_xp"));
    }
    short.push_str(
        "c1 order_cancelled 3 GBP @2011-01-11T10:00:00Z
         c2 order_cancelled 3 GBP @2011-01-11T11:00:00Z
         c3 order_cancelled 98 GBP @2011-01-11T12:00:00Z
         c4 order_cancelled 4999 GBP @2011-01-11T12:00:00Z
         c5 order_cancelled 100 GBP @2011-01-11T12:00:00Z",
    );
    expected.push("s/c1: points_reversed xp 3 order_xp".to_owned());
    expected.push("s/c2: points_reversed xp 3 order_xp".to_owned());
    // 97 are left of the hundredth; 98 fits exactly.
    expected.push("s/c3: points_reversed xp 98 order_xp".to_owned());
    // All that is left is 5050 - 3 - 3 - 98 = 4946.
    for n in (1..=100).rev().filter(|n| ![98, 3].contains(n)) {
        let left = if n == 100 { 97 } else { n };
        expected.push(format!("s/c4: points_reversed xp {left} order_xp"));
    }
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let world = check(XP, &short, &expected);
    assert_eq!(world.lines()[0]["balances"]["xp"], "0");
}

#[test]
fn an_order_of_nothing_is_returned_by_any_return() {
    let programme = "missions: [{id: one, goal: {count: order, target: 1}}]";
    check(
        programme,
        "o1 order 0 GBP @2011-01-10T10:00:00Z
         c1 order_refunded 0 GBP @2011-01-10T11:00:00Z of=o1
         o2 order 0 GBP @2011-01-10T12:00:00Z
         c2 order_cancelled 0 GBP @2011-01-10T13:00:00Z
         c3 order_cancelled 0 GBP @2011-01-10T14:00:00Z",
        &[
            "s/o1: mission_completed one once",
            "s/c1: mission_reopened one once",
            "s/o2: mission_completed one once",
            "s/c2: mission_reopened one once",
        ],
    );
}

#[test]
fn audiences_read_the_player_as_before_the_event() {
    let programme = r#"
missions:
  - {id: vip, goal: {count: profile_changed, target: 1}, audience: '"vip" in player.segments'}
  - {id: french, goal: {count: order, target: 1}, audience: player.attributes.country == "FR"}"#;
    check(
        programme,
        r#"p1 profile_changed @2011-01-10T10:00:00Z segments=["vip"] attributes={"country":"FR"}
         o1 order 1 GBP @2011-01-10T11:00:00Z
         p2 profile_changed @2011-01-10T12:00:00Z segments=[]"#,
        &[
            "s/o1: mission_completed french once",
            "s/p2: mission_completed vip once",
        ],
    );
}

#[test]
fn declared_types_and_attributes_earn_and_count() {
    let programme = "
event_types: {article_read: {attributes: {section: string, minutes: int}}}
points: {xp: {kind: status, cap: [{points: 25, per: lifetime}]}}
earn:
  - {id: reading, on: article_read, give: {points: xp, rate: 2, per: 1, of: attributes.minutes}}
  - {id: sport, on: article_read, when: event.attributes.section == \"sport\", give: {points: xp, fixed: 1.5}}
missions: [{id: hour, goal: {sum: attributes.minutes, of: article_read, target: 12}}]";
    check(
        programme,
        "a1 article_read @2011-01-10T10:00:00Z section=sport minutes=5
         a2 article_read @2011-01-10T11:00:00Z minutes=7
         a3 article_read @2011-01-10T12:00:00Z section=sport",
        &[
            "s/a1: points_earned xp 10 reading",
            "s/a1: points_earned xp 1.5 sport",
            "s/a2: points_earned xp 13.5 reading",
            "s/a2: mission_completed hour once",
        ],
    );
}

#[test]
fn boosts_stack_as_declared() {
    for (how, expected) in [("multiply", "6"), ("add", "4"), ("highest", "3")] {
        let programme = format!(
            "{XP}
boosts:
  - {{id: two, from: 2011-01-01T00:00, until: 2011-01-02T00:00, multiply: 2}}
  - {{id: three, from: 2011-01-01T00:00, until: 2011-01-02T00:00, multiply: 3}}
boost_stacking: {{how: {how}}}"
        );
        check(
            &programme,
            "o1 order 1 GBP @2011-01-01T10:00:00Z",
            &[&format!("s/o1: points_earned xp {expected} order_xp")],
        );
    }
}
