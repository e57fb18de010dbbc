//! What is said of bets and of players: settlements, commands, restrictions, profiles.

use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use types::Attributes;
use types::Value;

use super::history::What;
use super::words;

pub(super) fn of_bet() -> impl Strategy<Value = What> {
    let result = select(vec![
        "",
        "won",
        "won",
        "won",
        "lost",
        "cash_out",
        "void",
        "partial_void",
        "partial_void",
    ]);
    let amount = of(select(vec!["0", "1", "5", "5", "10", "20", "1000"]));
    let currency = weighted(0.1, select(vec!["GBP", "JPY"]));
    let funds = weighted(0.1, select(&words::FUNDS[..]));
    let parts = (result, -6i8..3, amount, currency, funds);
    parts.prop_map(|(result, to, amount, currency, funds)| {
        let text = |text: &str| Value::Text(text.into());
        let mut attributes = Attributes::new();
        if !result.is_empty() {
            attributes.insert("result".into(), text(result));
            attributes.extend(funds.map(|funds| ("funds".into(), text(funds))));
        }
        What::OfBet {
            kind: if result.is_empty() {
                "bet_rolled_back"
            } else {
                "bet_settled"
            },
            to,
            amount: match result {
                "partial_void" => amount.or(Some("5")),
                _ => amount,
            },
            currency,
            attributes,
        }
    })
}

pub(super) fn points() -> impl Strategy<Value = What> {
    let spent = select(vec!["0", "0.5", "3", "10", "40"]);
    let adjusted = select(vec!["5", "50.000001", "-3", "-20"]);
    let held = select(vec!["1", "5", "12.5"]);
    let amount = prop_oneof![
        4 => spent.prop_map(|amount| ("points_spent", amount)),
        3 => adjusted.prop_map(|amount| ("points_adjusted", amount)),
        4 => held.prop_map(|amount| ("points_held", amount)),
        2 => Just(("hold_released", "")),
        2 => Just(("points_spent", "")),
    ];
    let points = select(vec!["coins", "coins", "coins", "coins", "xp", "gold"]);
    let hold = select(vec!["h", "k", "h", ""]);
    let within = select(vec!["30m", "4h", "3d", "1mo", ""]);
    (amount, points, hold, within).prop_map(|((kind, amount), points, hold, within)| {
        // What is not said of a hold is the hold's; spending names one now and then.
        let open = if hold.is_empty() { "h" } else { hold };
        let (points, hold) = match (kind, amount) {
            ("points_spent" | "hold_released", "") => ("", open),
            ("points_spent", _) if hold != "k" => (points, ""),
            ("points_adjusted", _) => (points, ""),
            _ => (points, hold),
        };
        let within = match kind {
            "points_held" => within,
            _ => "",
        };
        let said = [
            ("points", points),
            ("amount", amount),
            ("hold", hold),
            ("within", within),
        ];
        let said = said.into_iter().filter(|(_, text)| !text.is_empty());
        What::Command {
            kind,
            attributes: said
                .map(|(key, text)| (key.into(), Value::Text(text.into())))
                .collect(),
        }
    })
}

/// The bonus engine tells what became of a grant.
pub(super) fn report() -> impl Strategy<Value = What> {
    let parts = (select(&words::GRANTS[..]), select(&words::REPORTS[..]));
    parts.prop_map(|(grant, status)| What::Report { grant, status })
}

pub(super) fn restricted() -> impl Strategy<Value = What> {
    let status = select(vec![
        "timed_out",
        "timed_out",
        "released",
        "released",
        "self_excluded",
    ]);
    let until = of(select(&words::GAPS_NS[..]));
    (status, until).prop_map(|(status, until_ns)| What::Restricted { status, until_ns })
}

pub(super) fn profile() -> impl Strategy<Value = What> {
    let text = |text: &str| Value::Text(text.into());
    let country = move |country| Attributes::from([("country".into(), text(country))]);
    prop_oneof![
        3 => select(&words::ZONES[..]).prop_map(move |zone| Attributes::from([("zone".into(), text(zone))])),
        1 => select(&words::COUNTRIES[..]).prop_map(country),
        1 => select(&words::COUNTRIES[..]).prop_map(move |name| {
            Attributes::from([("attributes".into(), Value::Map(country(name)))])
        }),
        1 => any::<bool>().prop_map(|vip| Attributes::from([("vip".into(), Value::Bool(vip))])),
        1 => any::<bool>().prop_map(move |vip| {
            let names = vip.then(|| text("vip")).into_iter().collect();
            Attributes::from([("segments".into(), Value::List(names))])
        }),
    ]
    .prop_map(What::Profile)
}

/// Joins a mission, or one that there is not.
pub(super) fn opt_in() -> impl Strategy<Value = What> {
    select(&words::MISSIONS[..]).prop_map(|name| What::Command {
        kind: "mission_opted_in",
        attributes: Attributes::from([("mission".into(), Value::Text(name.into()))]),
    })
}

/// Claims a reward: of a mission, of its one period, of whatever is oldest.
pub(super) fn claim() -> impl Strategy<Value = What> {
    let named = prop_oneof![
        2 => select(&words::MISSIONS[..]).prop_map(|name| vec![("mission", name)]),
        1 => select(&words::MISSIONS[..]).prop_map(|name| vec![("mission", name), ("period", "once")]),
        3 => Just(Vec::new()),
    ];
    named.prop_map(|named| {
        let text = |(key, name): (&str, &str)| (key.into(), Value::Text(name.into()));
        What::Command {
            kind: "mission_claimed",
            attributes: named.into_iter().map(text).collect(),
        }
    })
}
