//! Histories: in no order that would be kind.

use std::fmt;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};
use types::{Attributes, Event, Timestamp, Value};

use super::commands::{claim, of_bet, opt_in, points, profile, report, restricted};
use super::words;

/// An event and when the log recorded it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The event.
    pub event: Event,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What is sent, before ids and times are known.
#[derive(Clone, Debug)]
pub(super) enum What {
    Counts {
        kind: &'static str,
        money: Option<(&'static str, &'static str, Option<&'static str>)>,
        attributes: Attributes,
    },
    /// Refers to the event so many places later (or earlier).
    Reversal {
        kind: &'static str,
        to: Option<i8>,
        amount: Option<&'static str>,
        currency: Option<&'static str>,
    },
    /// Settles or rolls back the bet so many places later (or earlier).
    OfBet {
        kind: &'static str,
        to: i8,
        amount: Option<&'static str>,
        currency: Option<&'static str>,
        attributes: Attributes,
    },
    Profile(Attributes),
    /// Spends points, moves them by hand, joins a mission.
    Command {
        kind: &'static str,
        attributes: Attributes,
    },
    /// What became of a grant.
    Report {
        grant: &'static str,
        status: &'static str,
    },
    /// Restricted until so many nanoseconds later; for good; or released.
    Restricted {
        status: &'static str,
        until_ns: Option<i64>,
    },
    /// The event so many places later (or earlier) once more, sometimes with another amount.
    Again {
        place: i8,
        changed: bool,
    },
}

#[derive(Clone, Debug)]
struct Op {
    what: What,
    player: &'static str,
    source: &'static str,
    gap_ns: i64,
    delay_ns: i64,
}

/// Any history of the few words.
pub(super) fn history() -> impl Strategy<Value = Vec<Sent>> {
    // Now and then long enough that orders leave the hot state and entries are sealed.
    let ops = prop_oneof![24 => vec(op(), 1..28), 1 => vec(op(), 120..240)];
    (select(&words::BEGINNINGS[..]), ops).prop_map(|(beginning, ops)| {
        let mut now: Timestamp = beginning.parse().expect("an instant");
        let mut times = Vec::new();
        for op in &ops {
            now = now.saturating_add_nanos(op.gap_ns);
            times.push(now);
        }
        let sent = |at: usize| Sent {
            event: event(&ops, &times, at),
            recorded_at: times[at],
        };
        (0..ops.len()).map(sent).collect()
    })
}

fn op() -> impl Strategy<Value = Op> {
    let what = prop_oneof![8 => counts(), 4 => reversal(), 3 => of_bet(), 1 => profile(), 1 => restricted(), 2 => points(), 1 => opt_in(), 2 => claim(), 1 => report(), 2 => again()];
    let player = select(vec!["a", "a", "a", "a", "a", "a", "a", "b"]);
    let source = select(vec!["s", "s", "s", "s", "s", "s", "s", "other"]);
    let gap = select(&words::GAPS_NS[..]);
    let delay = select(&words::DELAYS_NS[..]);
    (what, player, source, gap, delay).prop_map(|(what, player, source, gap_ns, delay_ns)| Op {
        what,
        player,
        source,
        gap_ns,
        delay_ns,
    })
}

fn money() -> impl Strategy<Value = (&'static str, &'static str, Option<&'static str>)> {
    let pounds = select(&words::POUNDS[..]).prop_map(|amount| (amount, "GBP", None));
    let euros = (select(&words::POUNDS[..]), of(select(&words::RATES[..])))
        .prop_map(|(amount, rate)| (amount, "EUR", rate));
    let yen = select(&words::YEN[..]).prop_map(|amount| (amount, "JPY", None));
    let dollars = (select(&words::POUNDS[..]), select(&words::RATES[..]))
        .prop_map(|(amount, rate)| (amount, "USD", Some(rate)));
    prop_oneof![6 => pounds, 2 => euros, 1 => yen, 1 => dollars]
}

fn counts() -> impl Strategy<Value = What> {
    let kind = prop_oneof![
        7 => Just("order"),
        5 => Just("bet_placed"),
        1 => Just("deposit"),
        1 => Just("withdrawal"),
        1 => Just("article_read"),
        1 => Just("registered"),
        1 => Just("session_started"),
    ];
    let attributes = vec(
        prop_oneof![
            select(&words::COUNTRIES[..]).prop_map(|country| ("country", country)),
            select(&words::CATEGORIES[..]).prop_map(|category| ("category", category)),
            select(&words::GAMES[..]).prop_map(|game| ("game", game)),
            select(&words::PROVIDERS[..]).prop_map(|provider| ("provider", provider)),
            select(&words::FUNDS[..]).prop_map(|funds| ("funds", funds)),
            select(&words::ODDS[..]).prop_map(|odds| ("odds", odds)),
            select(&words::ITEMS[..]).prop_map(|items| ("items", items)),
        ],
        0..4,
    );
    (kind, money(), attributes, 0i64..5).prop_map(|(kind, money, attributes, minutes)| {
        let text = |(key, value): (&str, &str)| (key.into(), Value::Text(value.into()));
        let (money, attributes) = match kind {
            "registered" | "session_started" => (None, Attributes::new()),
            "article_read" => (
                None,
                Attributes::from([("minutes".into(), Value::Number(minutes.into()))]),
            ),
            _ => (Some(money), attributes.into_iter().map(text).collect()),
        };
        What::Counts {
            kind,
            money,
            attributes,
        }
    })
}

fn reversal() -> impl Strategy<Value = What> {
    let kind = select(vec!["order_refunded", "order_cancelled"]);
    let amount = select(vec![
        "0.01", "1.00", "3.33", "5", "10.00", "20.00", "50.00", "1000",
    ]);
    let currency = select(vec!["GBP", "GBP", "GBP", "EUR", "JPY"]);
    (kind, weighted(0.7, -9i8..3), of(amount), of(currency)).prop_map(
        |(kind, to, amount, currency)| {
            // What must be there: an amount on a refund, both where no order is named.
            let amount = match (kind, to) {
                ("order_cancelled", Some(_)) => amount,
                _ => amount.or(Some("10.00")),
            };
            let currency = currency.or_else(|| to.is_none().then_some("GBP"));
            // The order that is named may be in yen, which has no decimals.
            let whole = matches!(currency, None | Some("JPY"));
            let amount = match amount {
                Some(text) if whole && text.contains('.') => Some("5"),
                amount => amount,
            };
            What::Reversal {
                kind,
                to,
                amount,
                currency,
            }
        },
    )
}

fn again() -> impl Strategy<Value = What> {
    (-9i8..3, prop::bool::weighted(0.3)).prop_map(|(place, changed)| What::Again { place, changed })
}

// The place so far away, held within the history.
fn place(at: usize, away: i8, len: usize) -> usize {
    at.saturating_add_signed(isize::from(away)).min(len - 1)
}

// The event of a kind nearest before a place; the place itself where there is none.
fn nearest(ops: &[Op], place: usize, wanted: &str) -> usize {
    let is = |op: &Op| matches!(op.what, What::Counts { kind, .. } if kind == wanted);
    ops[..=place].iter().rposition(is).unwrap_or(place)
}

// Names an event: of the named one's player and source, most often, since others' are never found.
fn refer(event: &mut Event, ops: &[Op], at: usize, to: usize) {
    if !at.is_multiple_of(5) {
        event.player = ops[to].player.parse().expect("a player");
        event.source = ops[to].source.parse().expect("a source");
    }
    event.refers_to = Some(format!("e{to}").parse().expect("an id"));
}

fn event(ops: &[Op], times: &[Timestamp], at: usize) -> Event {
    let op = &ops[at];
    let mut event = Event {
        id: format!("e{at}").parse().expect("an id"),
        source: op.source.parse().expect("a source"),
        kind: "".into(),
        player: op.player.parse().expect("a player"),
        occurred_at: times[at].saturating_add_nanos(-op.delay_ns),
        amount: None,
        currency: None,
        refers_to: None,
        rate: None,
        attributes: Attributes::new(),
        sealed: None,
    };
    let number = |text: &str| text.parse().expect("a decimal");
    match &op.what {
        What::Counts {
            kind,
            money,
            attributes,
        } => {
            event.kind = (*kind).into();
            event.attributes = attributes.clone();
            if let Some((amount, currency, rate)) = money {
                event.amount = Some(number(amount));
                event.currency = Some(currency.parse().expect("a currency"));
                event.rate = rate.map(number);
            }
        }
        What::Reversal {
            kind,
            to,
            amount,
            currency,
        } => {
            event.kind = (*kind).into();
            event.amount = amount.map(number);
            event.currency = currency.map(|code| code.parse().expect("a currency"));
            if let Some(away) = to {
                let to = nearest(ops, place(at, *away, ops.len()), "order");
                refer(&mut event, ops, at, to);
            }
        }
        What::OfBet {
            kind,
            to,
            amount,
            currency,
            attributes,
        } => {
            event.kind = (*kind).into();
            event.amount = amount.map(number);
            event.currency = currency.map(|code| code.parse().expect("a currency"));
            event.attributes = attributes.clone();
            let to = nearest(ops, place(at, *to, ops.len()), "bet_placed");
            refer(&mut event, ops, at, to);
        }
        What::Report { grant, status } => {
            event.kind = "grant_updated".into();
            event.refers_to = Some(grant.parse().expect("an id"));
            let status = Value::Text((*status).into());
            event.attributes = Attributes::from([("status".into(), status)]);
        }
        What::Restricted { status, until_ns } => {
            event.kind = "player_restricted".into();
            let mut put = |key: &str, text: String| {
                let value = Value::Text(text.into());
                event.attributes.insert(key.into(), value)
            };
            put("status", (*status).to_owned());
            if let Some(ns) = until_ns {
                put("until", times[at].saturating_add_nanos(*ns).to_string());
            }
        }
        What::Command { kind, attributes } => {
            event.kind = (*kind).into();
            event.attributes = attributes.clone();
        }
        What::Profile(attributes) => {
            event.kind = "profile_changed".into();
            event.attributes = attributes.clone();
        }
        What::Again {
            place: away,
            changed,
        } => {
            let other = place(at, *away, ops.len());
            if other != at && !matches!(ops[other].what, What::Again { .. }) {
                event = self::event(ops, times, other);
                if *changed {
                    event.occurred_at = event.occurred_at.saturating_add_nanos(1);
                }
            } else {
                event.kind = "session_started".into();
            }
        }
    }
    event
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = &self.event;
        let mut line = Map::new();
        let mut put = |key: &str, text: Option<String>| {
            if let Some(text) = text {
                line.insert(key.to_owned(), json!(text));
            }
        };
        put("id", Some(event.id.to_string()));
        put("source", Some(event.source.to_string()));
        put("type", Some(event.kind.to_string()));
        put("player", Some(event.player.to_string()));
        put("occurred_at", Some(event.occurred_at.to_string()));
        put("recorded_at", Some(self.recorded_at.to_string()));
        put("amount", event.amount.map(|amount| amount.to_string()));
        put(
            "currency",
            event.currency.map(|currency| currency.to_string()),
        );
        put("rate", event.rate.map(|rate| rate.to_string()));
        put(
            "refers_to",
            event.refers_to.as_ref().map(ToString::to_string),
        );
        if !event.attributes.is_empty() {
            line.insert("attributes".to_owned(), map(&event.attributes));
        }
        write!(f, "{}", Json::Object(line))
    }
}

fn map(attributes: &Attributes) -> Json {
    let pairs = attributes.iter();
    Json::Object(
        pairs
            .map(|(key, item)| (key.to_string(), value(item)))
            .collect(),
    )
}

fn value(item: &Value) -> Json {
    match item {
        Value::Bool(truth) => json!(truth),
        Value::Number(number) => json!(number.to_string()),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(value).collect(),
        Value::Map(inner) => map(inner),
    }
}
