//! G. People, and CEL.

use crate::harness::check;
use crate::{answers, check_until, scenario};

const XP: &str = "points: {xp: {kind: status}}
earn: [{id: r, on: order, give: {points: xp, rate: 1}}]
missions: [{id: m, goal: {count: order, target: 9}, start: opt_in}]";

#[test]
fn g1_restricted_when_it_occurred_or_when_it_was_recorded_earns_nothing() {
    let world = check(
        XP,
        "a order 1 GBP @2011-01-03T10:00:00Z
         r player_restricted status=timed_out until=2011-01-03T14:00:00Z @2011-01-03T11:00:00Z
         b order 1 GBP @2011-01-03T10:30:00Z recorded=2011-01-03T12:00:00Z
         j mission_opted_in mission=m @2011-01-03T12:30:00Z
         c order 1 GBP @2011-01-03T13:00:00Z recorded=2011-01-03T15:00:00Z
         d order 1 GBP @2011-01-03T14:00:00Z recorded=2011-01-03T16:00:00Z
         s player_restricted status=self_excluded @2011-01-04T10:00:00Z
         e order 1 GBP @2011-01-04T11:00:00Z
         t player_restricted status=released @2011-01-04T12:00:00Z
         f order 1 GBP @2011-01-04T12:00:00Z",
        &[
            "s/a: points_earned xp 1 r",
            "s/d: points_earned xp 1 r",
            "s/f: points_earned xp 1 r",
        ],
    );
    assert_eq!(answers(&world)[3], "j restricted");
    scenario("33_restricted_players_earn_nothing");
}

#[test]
fn g1_timers_still_run_and_what_is_told_of_a_restricted_player_is_suppressed() {
    let world = check_until(
        "points: {coins: {kind: spendable, expires: 1d}}
earn: [{id: r, on: order, give: {points: coins, rate: 1}}]",
        "a order 1 GBP @2011-01-03T10:00:00Z
         s player_restricted status=self_excluded @2011-01-03T11:00:00Z
         x order_cancelled of=a @2011-01-05T11:00:00Z",
        "2011-01-06T00:00:00Z",
        &[
            "s/a: points_earned coins 1 r",
            "expiry/coins: points_expired coins 1",
        ],
    );
    let suppressed = world.emissions.iter().map(|it| it["suppressed"] == true);
    assert_eq!(suppressed.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn g2_a_profiles_reserved_keys_and_what_merges_into_the_players_attributes() {
    check(
        "points: {xp: {kind: status}}
earn:
  - {id: country, on: order, give: {points: xp, fixed: 1}, when: player.country == \"UK\"}
  - {id: attribute, on: order, give: {points: xp, fixed: 2}, when: player.attributes.vip == true}
  - {id: segment, on: order, give: {points: xp, fixed: 4}, when: '\"gold\" in player.segments'}
  - {id: tier, on: order, give: {points: xp, fixed: 8}, when: player.tier == \"b\"}
  - {id: consent, on: order, give: {points: xp, fixed: 16}, when: has(player.attributes.consent)}
  - {id: zone, on: order, give: {points: xp, fixed: 32}, when: has(player.attributes.zone)}
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 7}]}]",
        "p profile_changed zone=Asia/Tokyo segments=[\"gold\"] consent={\"mail\":true} vip=true attributes={\"country\":\"UK\"} @2011-01-03T10:00:00Z
         a order 1 GBP @2011-01-03T11:00:00Z
         b order 1 GBP @2011-01-03T12:00:00Z",
        &[
            "s/a: points_earned xp 1 country",
            "s/a: points_earned xp 2 attribute",
            "s/a: points_earned xp 4 segment",
            "s/a: tier_changed t a b earned",
            "s/b: points_earned xp 1 country",
            "s/b: points_earned xp 2 attribute",
            "s/b: points_earned xp 4 segment",
            "s/b: points_earned xp 8 tier",
        ],
    );
}

#[test]
fn g3_an_error_that_is_left_at_the_top_is_false_and_numbers_are_exact_decimals() {
    let table = [
        ("event.attributes.missing == 1", false),
        ("!(event.attributes.missing == 1)", false),
        ("event.attributes.missing == 1 || event.amount > 0", true),
        ("event.attributes.missing == 1 && event.amount < 0", false),
        ("!(event.attributes.missing == 1 && event.amount < 0)", true),
        ("event.amount * 3 == 0.3", true),
        (
            "event.attributes.odds == 2.5 && event.attributes.odds >= 2.50",
            true,
        ),
        ("event.attributes.text == \"2.5\"", false),
    ];
    for (when, holds) in table {
        let programme = format!(
            "points: {{xp: {{kind: status}}}}
earn: [{{id: r, on: order, give: {{points: xp, fixed: 1}}, when: '{when}'}}]"
        );
        let expected: &[&str] = match holds {
            true => &["s/a: points_earned xp 1 r"],
            false => &[],
        };
        check(
            &programme,
            "a order 0.10 GBP odds=\"2.50\" text=2.51 @2011-01-03T10:00:00Z",
            expected,
        );
    }
}
