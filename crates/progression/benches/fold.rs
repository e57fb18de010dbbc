//! CPU time of an event inside the core: apply and encode, with 20 earn rules and 20 missions. No decoding, no I/O.
//!
//! `cargo bench -p progression --bench fold`. Items are events, so the figure to read is items per second; its inverse is the cost.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use programme::model::Programme;
use progression::{History, State, try_apply};
use types::{Body, Event, Money, Position, Record, Timestamp};

const PLAYERS: usize = 1_000;
const EVENTS: usize = 20_000;
const TYPES: [&str; 4] = ["bet_placed", "order", "deposit", "session_started"];

fn main() {
    divan::main();
}

/// 20 rules (14 on bets and orders) and 20 missions (as many), with caps, a boost, predicates and a tier set.
fn programme() -> Programme {
    let mut text = String::from(
        "programme: bench\nbrand: b\ncurrency: GBP\ntimezone: Europe/London\n\
         points: {xp: {kind: status}, coins: {kind: spendable}}\n\
         boosts: [{id: two, from: 2011-03-02T00:00, until: 2011-03-03T00:00, multiply: 2}]\n\
         tiers: [{id: loyalty, by: xp, levels: [{id: bronze, at: 0}, {id: silver, at: 1000}, {id: gold, at: 100000}]}]\n\
         earn:\n",
    );
    let on = |n: usize| TYPES[[0, 1, 0, 1, 0, 1, 0, 1, 2, 3][n % 10]];
    for n in 0..20 {
        let give = match (n % 4, on(n)) {
            (3, _) | (_, "session_started") => "fixed: 1".to_owned(),
            _ => format!("rate: {}, per: 10, of: amount", n + 1),
        };
        let when = if n % 2 == 0 {
            format!("when: event.attributes.band >= {}, ", n % 5)
        } else {
            String::new()
        };
        let cap = if n % 5 == 0 {
            ", cap: [{points: 100000, per: day}]"
        } else {
            ""
        };
        let points = if n % 3 == 0 { "coins" } else { "xp" };
        let on = on(n);
        text += &format!(
            "  - {{id: rule_{n}, on: {on}, {when}give: {{points: {points}, {give}}}{cap}}}\n"
        );
    }
    text += "missions:\n";
    for n in 0..20 {
        let of = on(n);
        let goal = match (n % 3, of) {
            (1, "bet_placed" | "order" | "deposit") => {
                format!("sum: amount, of: {of}, target: 1000")
            }
            (2, _) => format!("distinct: attributes.game, of: {of}, target: 10"),
            _ => format!("count: {of}, target: {}", n + 3),
        };
        let window = ["once", "day", "week", "month"][n % 4];
        text += &format!(
            "  - {{id: mission_{n}, goal: {{{goal}}}, window: {window}, reward: [{{points: xp, fixed: 5}}]}}\n"
        );
    }
    programme::compile("bench.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn records(programme: &Programme) -> Vec<(usize, Record)> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let start: Timestamp = "2011-03-01T00:00:00Z".parse().expect("a time");
    let record = |n: usize| {
        let player = random(PLAYERS as u64) as usize;
        let kind = TYPES[[0, 0, 0, 0, 1, 1, 1, 2, 2, 3][random(10) as usize]];
        let at = start.saturating_add_nanos(n as i64 * 10_000_000_000);
        let money = Money {
            minor: random(10_000) as i64 + 1,
            currency: programme.currency,
        };
        let paid = kind != "session_started";
        let attributes = [
            (
                "band".into(),
                types::Value::Number((random(6) as i64).into()),
            ),
            (
                "game".into(),
                types::Value::Text(format!("game-{}", random(12)).into()),
            ),
        ];
        let event = Event {
            id: format!("event-{n}").parse().expect("an id"),
            source: "shop".parse().expect("a source"),
            kind: kind.into(),
            player: format!("player-{player}").parse().expect("a player"),
            occurred_at: at,
            amount: paid.then(|| money.to_decimal()),
            currency: paid.then_some(money.currency),
            refers_to: None,
            rate: None,
            attributes: attributes.into(),
            sealed: None,
        };
        let record = Record {
            position: Position {
                sequence: n as u64 + 1,
                index: 0,
            },
            recorded_at: at,
            body: Body::Event {
                brand: programme.brand.clone(),
                accepted_at: at,
                event: Box::new(event),
                traceparent: None,
            },
        };
        (player, record)
    };
    (0..EVENTS).map(record).collect()
}

/// Folds all of them; `encoding` writes the state after each event.
fn run(bencher: Bencher<'_, '_>, encoding: bool) {
    let programme = programme();
    let records = records(&programme);
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| vec![State::new(); PLAYERS])
        .bench_local_values(|mut players| {
            let history = History::new();
            let mut bytes = Vec::new();
            for (player, record) in &records {
                let state = &mut players[*player];
                black_box(try_apply(&programme, state, &history, record)).ok();
                if encoding {
                    bytes.clear();
                    state.encode(&mut bytes);
                    black_box(&bytes);
                }
            }
            players
        });
}

#[divan::bench]
fn apply_alone(bencher: Bencher<'_, '_>) {
    run(bencher, false);
}

#[divan::bench]
fn apply_and_encode(bencher: Bencher<'_, '_>) {
    run(bencher, true);
}
