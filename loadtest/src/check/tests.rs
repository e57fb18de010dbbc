use std::path::Path;
use std::time::Duration;

use proto::emission::v1::Emission;
use types::{Position, SourceId, Timestamp};

use super::expect::{Accepted, expected};
use super::{Findings, Traces, check};
use crate::client::Fate;
use crate::deliveries::Deliveries;
use crate::ledger::RequestFate;
use crate::receive::Observe;
use crate::scenario::Scenario;
use crate::stream::{Run, Stream};

const SCENARIO: &str = r#"
name = "small"
about = "a test"
lasts_s = 4
clock = "event"
emissions = ["mission_completed", "tier_changed", "grant_offered"]
[[brand]]
programme = "end_to_end.yaml"
[[stream]]
name = "live"
players = 10
mix = "shop"
repeats = 0.1
rate = { shape = "constant", rate = 200 }
occurred = { from = "2026-01-05T23:59:58Z" }
"#;

/// Compares what a faultless server would have sent, changed as told.
fn found(change: impl FnOnce(&mut Vec<Emission>), fate: impl Fn(u64) -> Option<Fate>) -> Findings {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let scenario = Scenario::parse(SCENARIO, &folder).unwrap();
    let run = Run {
        id: 7,
        seed: 1,
        started: Timestamp::MIN,
    };
    let stream = Stream::new(&scenario, 0, run, "load").unwrap();
    let naming = stream.naming.clone();
    let (mut requests, mut players) = (Vec::new(), std::collections::BTreeMap::new());
    for request in stream {
        let position = Position {
            sequence: request.number + 1,
            index: 0,
        };
        let made = request.events[0];
        let mut json = String::new();
        made.write_json(&mut json, &naming, &request.occurred_at.to_string());
        let of_player: &mut Vec<Accepted> = players.entry(made.player).or_default();
        of_player.push(Accepted {
            partition: 0,
            position,
            recorded_at: request.occurred_at,
            json,
        });
        requests.push(RequestFate {
            number: request.number,
            sent: request.due,
            answered: request.due,
            fates: [fate(request.number).unwrap_or(Fate::Accepted(0, position))].into(),
        });
    }
    let source = SourceId::new("load").unwrap();
    let kinds = scenario.text.emissions.iter().map(String::as_str).collect();
    let mut sent = Vec::new();
    for (player, accepted) in players {
        let programme = &scenario.programmes[0];
        let name = naming.player(player);
        let id = name.parse().unwrap();
        let subject = progression::Subject {
            brand: &programme.brand,
            player: &id,
        };
        let last = accepted.last().unwrap().recorded_at;
        let until = super::expect::Until {
            surely: last,
            perhaps: last,
        };
        let (all, _) = expected(programme, subject, &source, &accepted, until, &kinds).unwrap();
        sent.extend(all.into_iter().map(|one| Emission {
            id: format!("{:032x}", one.id),
            player: name.clone(),
            brand: programme.brand.to_string(),
            body: one.body,
            ..Emission::default()
        }));
    }
    change(&mut sent);
    let mut deliveries = Deliveries::new("7.", Duration::ZERO, Duration::ZERO).unwrap();
    for emission in &sent {
        deliveries.emission(emission, Duration::from_secs(9));
    }
    let mut traces = Traces {
        scenario: &scenario,
        run,
        source: "load",
        requests: &mut [requests],
        drained: Duration::from_secs(9),
    };
    check(&mut traces, &mut deliveries).unwrap()
}

fn counts(found: &Findings) -> [u64; 5] {
    [
        found.lost,
        found.doubled,
        found.reordered,
        found.wrong,
        found.unexpected,
    ]
}

#[test]
fn a_faultless_server_is_found_faultless() {
    let found = found(|_| (), |_| None);
    assert_eq!(counts(&found), [0; 5], "{:?}", found.examples);
    assert!(
        found.expected > 50 && found.expected == found.delivered,
        "{found:?}"
    );
    assert_eq!((found.players, found.undecided_players), (10, 0));
}

type Change = fn(&mut Vec<Emission>);

#[test]
fn a_stream_that_loses_doubles_reorders_alters_or_invents_is_found() {
    let table: [(Change, [u64; 5]); 5] = [
        (|sent| drop(sent.remove(3)), [1, 0, 0, 0, 0]),
        (|sent| sent.insert(5, sent[2].clone()), [0, 1, 0, 0, 0]),
        (|sent| sent.swap(0, 1), [0, 0, 1, 0, 0]),
        (
            |sent| {
                let body = String::from_utf8(sent[4].body.clone()).unwrap();
                sent[4].body = body
                    .replacen("\"cause\"", "\"amount\":\"1\",\"cause\"", 1)
                    .into_bytes();
            },
            [0, 0, 0, 1, 0],
        ),
        (
            |sent| {
                let mut invented = sent[0].clone();
                invented.id = format!("{:032x}", 1);
                sent.push(invented);
            },
            [0, 0, 0, 0, 1],
        ),
    ];
    for (change, expected) in table {
        let found = found(change, |_| None);
        assert_eq!(counts(&found), expected, "{:?}", found.examples);
        assert_eq!(found.examples.len(), 1);
    }
}

#[test]
fn an_event_of_unknown_fate_leaves_its_player_undecided_and_a_refused_one_counts_for_nothing() {
    let unknown = found(|_| (), |number| (number == 40).then_some(Fate::Unknown));
    assert_eq!((unknown.undecided_players, unknown.players), (1, 9));
    assert_eq!(counts(&unknown), [0; 5], "{:?}", unknown.examples);
    // What the server says of events that it refused is not accounted for.
    let refused = found(|_| (), |_| Some(Fate::Refused));
    assert_eq!(refused.unexpected, refused.delivered);
}
