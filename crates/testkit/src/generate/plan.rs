//! Programmes, written as YAML of one line a thing.

use std::fmt;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::renames::{Renames, renamed};
use super::tiers::tier;
use super::words;

/// A programme whose parts can be left out one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Settings: lines of the top level.
    pub settings: Vec<String>,
    /// Earn rules, in YAML's flow style, as everything below.
    pub earn: Vec<String>,
    /// Boosts.
    pub boosts: Vec<String>,
    /// Missions.
    pub missions: Vec<String>,
    /// Tier sets.
    pub tiers: Vec<String>,
    /// Stocks of the rewards, in their order: lines, or nothing.
    pub stocks: Vec<String>,
    /// How often its things were given another name.
    pub(super) renames: Renames,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        f.write_str(&renamed(&text, &self.renames))
    }
}

impl Plan {
    fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        writeln!(f, "programme: t\nbrand: {}\ncurrency: GBP", words::BRAND)?;
        writeln!(f, "conversion: {{EUR: \"0.86\", JPY: \"0.005\"}}")?;
        writeln!(
            f,
            "event_types: {{article_read: {{attributes: {{section: string, minutes: int, score: decimal, liked: bool, reader: {{kind: string, personal: true}}}}}}}}"
        )?;
        self.settings
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))?;
        let sections = [
            ("earn", &self.earn),
            ("boosts", &self.boosts),
            ("missions", &self.missions),
            ("tiers", &self.tiers),
        ];
        for (name, items) in sections.iter().filter(|(_, items)| !items.is_empty()) {
            writeln!(f, "{name}:")?;
            items
                .iter()
                .try_for_each(|item| writeln!(f, "  - {item}"))?;
        }
        // Also where nothing gives them: another version may.
        if self.settings.iter().any(|line| line.contains("coins:")) {
            writeln!(f, "rewards:")?;
            let rewards = [
                "id: voucher, kind: bonus, template: V",
                "id: code, kind: code, template: C, expires: 3d",
                "id: gift, kind: points, give: {points: coins, fixed: 7}",
            ];
            for (at, reward) in rewards.iter().enumerate() {
                let stock = self.stocks.get(at).map_or("", String::as_str);
                writeln!(f, "  - {{{reward}{stock}}}")?;
            }
        }
        Ok(())
    }
}

/// Any programme of the few words.
pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let parts = (
        settings(),
        vec(earn(), 1..5),
        vec(boost(), 0..4),
        vec(mission(), 1..5),
        vec(tier(), 0..3),
        vec(stock(), 2),
    );
    parts.prop_map(|(settings, earn, boosts, missions, tiers, stocks)| Plan {
        settings,
        earn: numbered("r", earn),
        boosts: numbered("b", boosts),
        missions: chained(missions),
        tiers: numbered("t", tiers),
        stocks,
        renames: Renames::default(),
    })
}

fn numbered(prefix: &str, items: Vec<String>) -> Vec<String> {
    let id = |(n, item): (usize, String)| format!("{{id: {prefix}{n}, {item}}}");
    items.into_iter().enumerate().map(id).collect()
}

// A mission may need one that stands before it in the file, or after it.
fn chained(items: Vec<(String, Option<usize>)>) -> Vec<String> {
    let count = items.len();
    let one = |(n, (item, after)): (usize, (String, Option<usize>))| {
        // Each one needs at most the mission before it, or the first one the last: never a circle.
        let needed = after
            .filter(|_| n > 0)
            .map(|back| (n - 1).saturating_sub(back));
        let after = needed.map_or_else(String::new, |ix| format!(", after: [m{ix}]"));
        format!("{{id: m{n}, {item}{after}}}")
    };
    let mut lines: Vec<String> = items.into_iter().enumerate().map(one).collect();
    if count.is_multiple_of(2) {
        lines.reverse();
    }
    lines
}

fn settings() -> impl Strategy<Value = Vec<String>> {
    let weights = [
        "{default: 100%}",
        "{default: 50%, game: {slotA: 0%}, category: {live: 10%, slots: 100%}}",
        "{default: 100%, game: {slotB: 33.33%}, funds: {bonus: 25%}}",
        "{provider: {acme: 70%}, category: {slots: 20%}, funds: {real: 100%, free: 12.5%}}",
    ];
    (
        select(&words::ZONES[..]),
        select(vec!["0h", "6h", "48h"]),
        select(vec!["count_now", "record_only"]),
        of(cap()),
        of(cap()),
        select(weights.to_vec()),
        select(vec!["multiply", "add", "highest"]),
        of(select(vec!["2", "2.5"])),
        select(vec![
            "status",
            "spendable",
            "spendable, pending: 36h",
            "spendable, expires: 5d",
            "spendable, pending: 1d, expires: 1mo",
            "spendable, pending: 3d, expires: 60h",
        ]),
    )
        .prop_map(
            |(zone, lateness, late, xp, coins, weights, how, ceiling, coins_kind)| {
                let cap =
                    |cap: Option<String>| cap.map_or_else(String::new, |cap| format!(", {cap}"));
                let ceiling = ceiling.map_or_else(String::new, |most| format!(", ceiling: {most}"));
                vec![
                    format!("timezone: {zone}"),
                    format!("lateness: {lateness}"),
                    format!("late_events: {late}"),
                    format!("weights: {weights}"),
                    format!("boost_stacking: {{how: {how}{ceiling}}}"),
                    format!(
                        "points: {{xp: {{kind: status{}}}, coins: {{kind: {coins_kind}{}}}}}",
                        cap(xp),
                        cap(coins)
                    ),
                ]
            },
        )
}

// One or two caps, of different periods.
fn cap() -> impl Strategy<Value = String> {
    let most = || select(vec!["15", "40.5", "100"]);
    let kinds = vec!["day", "week", "month", "quarter", "year", "lifetime"];
    let periods = subsequence(kinds, 1..3);
    (periods, most(), most()).prop_map(|(periods, first, second)| {
        let caps = periods.iter().zip([first, second]);
        let caps: Vec<String> = caps
            .map(|(per, most)| format!("{{points: {most}, per: {per}}}"))
            .collect();
        format!("cap: [{}]", caps.join(", "))
    })
}

pub(super) fn points() -> impl Strategy<Value = &'static str> {
    select(vec!["xp", "xp", "coins"])
}

fn counted_type() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => Just("order"),
        2 => Just("bet_placed"),
        3 => Just("bet_settled"),
        1 => Just("deposit"),
        1 => Just("article_read"),
    ]
}

fn when() -> impl Strategy<Value = String> {
    let none = Just(String::new());
    let some = select(vec![
        "event.amount >= 10",
        "event.attributes.result == 'won'",
        "event.attributes.odds >= 2",
        "event.currency != 'EUR'",
        "event.attributes.country == 'UK'",
        "event.attributes.items > 1",
        "event.attributes.country != 'UK' || event.amount > 50",
        "player.country == 'FR'",
        "player.tier == 'l1'",
        "'vip' in player.segments",
        "!(player.attributes.vip == true)",
    ]);
    prop_oneof![5 => none, 1 => some.prop_map(|cel| format!(", when: \"{cel}\""))]
}

fn earn() -> impl Strategy<Value = String> {
    let rate = (
        select(vec!["1", "10", "0.5", "0.00005"]),
        select(vec!["1.00", "3.00"]),
        select(vec!["amount", "amount", "amount", "attributes.items"]),
    )
        .prop_map(|(rate, per, of)| format!("rate: \"{rate}\", per: \"{per}\", of: {of}"));
    let fixed = select(vec!["5", "0.5", "100"]).prop_map(|fixed| format!("fixed: \"{fixed}\""));
    let give = prop_oneof![3 => rate, 1 => fixed];
    let on = prop_oneof![4 => counted_type(), 1 => Just("registered")];
    (on, points(), give, when(), of(cap())).prop_map(|(on, points, give, when, cap)| {
        // What an event type does not have is an error in a programme.
        let give = match on {
            "registered" => "fixed: 3".to_owned(),
            "article_read" if give.contains("of:") => {
                "rate: 1, per: \"3.00\", of: attributes.minutes".to_owned()
            }
            _ => give,
        };
        let when = if matches!(on, "registered" | "article_read") {
            String::new()
        } else {
            when
        };
        let cap = cap.map_or_else(String::new, |cap| format!(", {cap}"));
        format!("on: {on}, give: {{points: {points}, {give}}}{when}{cap}")
    })
}

fn boost() -> impl Strategy<Value = String> {
    let from = select(vec![
        "2011-10-30T01:30",
        "2011-12-31T00:00",
        "2011-03-27T01:30",
        "2011-01-01T00:00",
    ]);
    let until = select(vec![
        "2011-11-02T00:00",
        "2012-01-02T00:00",
        "2013-01-01T00:00",
    ]);
    let multiply = select(vec!["2", "3", "1.5", "0.5", "1.000001"]);
    let on = select(vec!["", "", ", on: [r0]"]);
    (from, until, multiply, on).prop_map(|(from, until, multiply, on)| {
        // A boost ends after it begins.
        let until = if until <= from {
            "2013-01-01T00:00"
        } else {
            until
        };
        format!("from: {from}, until: {until}, multiply: \"{multiply}\"{on}")
    })
}

fn leaf() -> impl Strategy<Value = String> {
    let amount = || select(vec!["amount", "amount", "attributes.items"]);
    let target = || select(vec!["0.5", "1", "10.5", "20", "80"]);
    let count =
        (counted_type(), 1u32..4).prop_map(|(of, target)| format!("count: {of}, target: {target}"));
    let money = || {
        select(vec![
            "order",
            "order",
            "order",
            "order",
            "bet_placed",
            "bet_settled",
            "bet_settled",
            "deposit",
        ])
    };
    let sum = (amount(), money(), target())
        .prop_map(|(amount, of, target)| format!("sum: {amount}, of: {of}, target: {target}"));
    let distinct = (select(vec!["country", "category"]), money(), 1u32..3).prop_map(
        |(attribute, of, target)| {
            format!("distinct: attributes.{attribute}, of: {of}, target: {target}")
        },
    );
    let best = (amount(), money(), target())
        .prop_map(|(amount, of, target)| format!("best: {amount}, of: {of}, target: {target}"));
    let unit = select(vec!["day", "day", "week"]);
    let of = select(vec!["order", "order", "session_started", "bet_placed"]);
    let streak = (unit, of, 1u32..4, 0u32..3).prop_map(|(unit, of, target, freezes)| {
        format!("streak: {unit}, of: {of}, target: {target}, freezes: {freezes}")
    });
    let kinds = prop_oneof![3 => count, 3 => sum, 2 => distinct, 2 => best, 3 => streak];
    (kinds, when()).prop_map(|(goal, when)| {
        let when = if goal.contains("article_read") || goal.contains("session_started") {
            String::new()
        } else {
            when
        };
        format!("{{{goal}{when}}}")
    })
}

fn goal() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        let kind = select(vec!["all", "any", "steps", "steps"]);
        (kind, vec(inner, 1..4))
            .prop_map(|(kind, parts)| format!("{{{kind}: [{}]}}", parts.join(", ")))
    })
}

pub(super) fn reward() -> impl Strategy<Value = String> {
    let points = (points(), select(vec!["5", "30", "0.25"]))
        .prop_map(|(points, fixed)| format!("{{points: {points}, fixed: {fixed}}}"));
    let grant = select(vec!["{grant: voucher}", "{grant: gift}", "{grant: code}"]);
    let grant = grant.prop_map(str::to_owned);
    vec(prop_oneof![1 => points, 1 => grant], 0..3).prop_map(|items| match items.is_empty() {
        true => String::new(),
        false => format!(", reward: [{}]", items.join(", ")),
    })
}

fn stock() -> impl Strategy<Value = String> {
    select(vec!["", "", "", ", stock: 1", ", stock: 3"]).prop_map(str::to_owned)
}

fn mission() -> impl Strategy<Value = (String, Option<usize>)> {
    let window = select(vec![
        "once",
        "day",
        "week",
        "month",
        "3d after start",
        "30d after start",
        "1mo after start",
        "rolling 24h",
        "rolling 9d",
        "rolling 1mo",
    ]);
    let start = select(vec!["", "", ", start: automatic", ", start: opt_in"]);
    let limit = select(vec![
        "",
        "",
        "",
        ", limit: {per_player: 1}",
        ", limit: {per_player: 2}",
        ", limit: {total: 1}",
        ", limit: {per_player: 1, total: 3}",
    ]);
    let available = select(vec![
        "",
        "",
        "",
        "",
        ", from: 2011-10-30T01:30",
        ", from: 2011-03-27T01:30, until: 2012-01-02T00:00",
    ]);
    let on_change = select(vec![
        "",
        "",
        ", on_change: keep",
        ", on_change: rebase",
        ", on_change: reset",
    ]);
    let rest = (start, limit, available, on_change);
    let rest = rest.prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}"));
    let claim = select(vec![
        "",
        "",
        ", claim: {within: 2d}",
        ", claim: {within: 1mo}",
        ", claim: {}",
    ]);
    let rewarded = (reward(), claim).prop_map(|(reward, claim)| match reward.is_empty() {
        true => reward,
        false => format!("{reward}{claim}"),
    });
    let audience = weighted(
        0.2,
        select(vec![
            "player.country == 'UK'",
            "player.tier == 'l0'",
            "'vip' in player.segments || player.tier == 'l2'",
        ]),
    );
    let on_reversal = select(vec!["keep", "take_back", "take_back"]);
    let after = weighted(0.25, 0usize..3);
    let parts = (goal(), window, rewarded, audience, on_reversal, after, rest);
    parts.prop_map(
        |(goal, window, reward, audience, on_reversal, after, rest)| {
            // A streak fits into its window.
            let window = match window {
                "day" | "week" if goal.contains("streak") => "month",
                "3d after start" if goal.contains("streak: week") => "30d after start",
                "rolling 24h" if goal.contains("streak: week") => "rolling 9d",
                _ => window,
            };
            let audience =
                audience.map_or_else(String::new, |cel| format!(", audience: \"{cel}\""));
            let line = format!(
                "goal: {goal}, window: {window}{reward}{audience}, on_reversal: {on_reversal}{rest}"
            );
            (line, after)
        },
    )
}
