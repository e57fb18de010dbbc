use programme::model::Programme;
use types::{Body, Event, Position, Record, Timestamp, Value};

use crate::codec::Writer;
use crate::{Catalogue, History, State, apply};

const DAY: i64 = 86_400 * 1_000_000_000;

/// A casino's programme as it is written: three kinds of points, two sets of tiers, and so many missions of all windows.
fn programme(missions: usize) -> Programme {
    let mut text = String::from(
        "programme: casino-vip\nbrand: royal\ntimezone: Europe/London\ncurrency: GBP\npoints:\n  status_points: {kind: status}\n  \
         loyalty_coins: {kind: spendable}\n  season_gems: {kind: spendable}\nrewards: [{id: free-spins-50, kind: bonus, template: FS50}]\n\
         earn:\n  - {id: status-per-pound, on: order, give: {points: status_points, rate: 10, per: \"1.00\", of: amount}}\n  - {id: \
         coins-per-pound, on: order, give: {points: loyalty_coins, rate: 1, per: \"1.00\", of: amount}, cap: [{points: 500, per: day}]}\n  \
         - {id: gem-per-order, on: order, give: {points: season_gems, fixed: 1}}\nmissions:\n",
    );
    for mission in 0..missions {
        let window = ["day", "week", "month", "once"][mission % 4];
        let goal = match mission % 3 {
            0 => "count: order, target: 4",
            1 => "sum: amount, of: order, target: 400",
            _ => "count: order, target: 40",
        };
        text.push_str(&format!(
            "  - {{id: spin-the-reels-of-game-{mission}, goal: {{{goal}, when: 'event.attributes.game == \"g{mission}\"'}}, window: \
             {window}, reward: [{{points: loyalty_coins, fixed: 50}}, {{grant: free-spins-50}}]}}\n"
        ));
    }
    text.push_str(
        "tiers:\n  - {id: vip-level, by: status_points, levels: [{id: bronze, at: 0}, {id: silver, at: 10000}, {id: gold, at: \
         50000}, {id: platinum, at: 250000}]}\n",
    );
    programme::compile("casino.yaml", &text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A player who plays these games in turn, an order every hour.
fn player(programme: &Programme, games: usize, orders: usize) -> State {
    let mut state = State::new();
    let start = 1_772_000_000_123_456_789;
    for order in 0..orders {
        let at = Timestamp::from_nanos(start + order as i64 * DAY / 24).unwrap();
        let event = Event {
            id: format!("order-2026-{order:010}").parse().unwrap(),
            source: "pam".parse().unwrap(),
            kind: "order".into(),
            player: "player-1".parse().unwrap(),
            occurred_at: at,
            amount: Some("123.45".parse().unwrap()),
            currency: Some("GBP".parse().unwrap()),
            refers_to: None,
            rate: None,
            attributes: [(
                "game".into(),
                Value::Text(format!("g{}", order % games).into()),
            )]
            .into(),
            sealed: None,
        };
        let record = Record {
            position: Position {
                sequence: 1_000_000 + order as u64,
                index: 3,
            },
            recorded_at: at,
            body: Body::Event {
                brand: programme.brand.clone(),
                accepted_at: at,
                event: Box::new(event),
                traceparent: None,
            },
        };
        apply(programme, &mut state, &History::new(), &record);
    }
    state
}

fn bytes_of(write: impl Fn(&mut Writer<'_>)) -> usize {
    let mut bytes = Vec::new();
    write(&mut Writer(&mut bytes));
    bytes.len()
}

/// The snapshot's bytes without the open journal tail, the open orders and the filter.
fn bytes(programme: &Programme, state: &State) -> usize {
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert_eq!(
        State::decode(&bytes, &Catalogue::of(programme)).as_ref(),
        Ok(state)
    );
    bytes.len()
        - bytes_of(|writer| state.tail.encode(writer))
        - bytes_of(|writer| state.orders.encode(writer))
        - bytes_of(|writer| state.filter.encode(writer))
}

#[test]
fn snapshots_of_the_three_layouts_before_are_read() {
    let programme = programme(3);
    let state = player(&programme, 3, 40);
    let written = |write: &dyn Fn(&mut Writer<'_>)| {
        let mut bytes = Vec::new();
        write(&mut Writer(&mut bytes));
        bytes
    };
    let now = written(&|writer| state.orders.encode(writer));
    // Before that each order stood whole.
    let before = written(&|writer| {
        writer.length(state.orders.iter().count());
        for order in state.orders.iter() {
            writer.time(order.place.occurred_at);
            writer.number(order.place.entry);
            writer.text(order.source.as_str());
            writer.signed(order.amount);
            writer.signed(order.left);
            writer.text(order.currency.code());
        }
        let dropped = state.orders.dropped.unwrap();
        writer.flag(true);
        writer.time(dropped.newest.occurred_at);
        writer.number(dropped.newest.entry);
        writer.number(dropped.oldest_entry);
    });
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    // Up to layout 9 each mission stood whole.
    let missions = written(&|writer| state.missions.encode(writer));
    let whole = written(&|writer| {
        writer.length(state.missions.iter().count());
        for (ix, mission) in state.missions.iter() {
            writer.number(u64::from(ix.0));
            mission.encode(writer);
        }
    });
    assert_ne!(missions, whole);
    let at = bytes.windows(missions.len()).position(|it| it == missions);
    let at = at.unwrap();
    bytes.splice(at..at + missions.len(), whole);
    // In layout 8 verdicts of the tail said no less than they have to, which is read as it is.
    for layout in [9, 8] {
        bytes[0] = layout;
        assert_eq!(
            State::decode(&bytes, &Catalogue::of(&programme)).as_ref(),
            Ok(&state)
        );
    }
    let at = bytes.windows(now.len()).position(|it| it == now).unwrap();
    bytes.splice(at..at + now.len(), before);
    bytes[0] = 7;
    assert_eq!(
        State::decode(&bytes, &Catalogue::of(&programme)).as_ref(),
        Ok(&state)
    );
}

#[test]
fn a_player_with_20_missions_and_3_currencies_has_at_most_1_kib() {
    let programme = programme(20);
    let sizes = [1, 20, 100, 400, 2_000].map(|orders| {
        let state = player(&programme, 20, orders);
        (orders, bytes(&programme, &state))
    });
    let fits = sizes.iter().all(|(_, bytes)| *bytes <= 1_024);
    assert!(fits, "orders and bytes: {sizes:?}");
}

#[test]
fn of_500_missions_those_not_touched_cost_nothing() {
    let few = bytes(&programme(40), &player(&programme(40), 40, 400));
    let many = programme(500);
    let state = player(&many, 40, 400);
    let bytes = bytes(&many, &state);
    assert!(
        bytes <= 2_048,
        "{bytes} bytes with 40 of 500 missions touched"
    );
    assert!(
        bytes <= few + 40,
        "{bytes} bytes, {few} where there are no others"
    );
}
