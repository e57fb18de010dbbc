//! What players share, on a server: never one more than there is, through `kill -9`, repeats and cancellations.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

mod support;

use serde_json::{Value, json};
use support::server::{Server, wait_for};
use support::{arg, http, questline, stdout_of};

const PROGRAMME: &str = "
programme: t
brand: online-retail
currency: GBP
missions:
  - {id: first_ten, goal: {count: order, target: 1}, limit: {total: 10}, reward: [{grant: cup}], on_reversal: take_back}
rewards:
  - {id: cup, kind: bonus, template: CUP, stock: 8}
";
const PLAYERS: usize = 60;

#[test]
fn a_limit_of_all_players_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let programme = folder.path().join("programme.yaml");
    std::fs::write(&programme, PROGRAMME).unwrap();
    // Nobody is asked for the cups: they wait.
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &programme, "http://127.0.0.1:1");
    let orders: Vec<Value> = (0..PLAYERS).map(|n| order(n, "a")).collect();
    send(&server, &orders[..PLAYERS / 2]);
    server.kill();
    server.start_again();
    // The first half again: nothing of it counts twice.
    send(&server, &orders);
    let winners = wait_for_winners(&server, 10);
    let cancelled: Vec<Value> = winners[..3]
        .iter()
        .map(|player| cancellation(player))
        .collect();
    send(&server, &cancelled);
    wait_for_winners(&server, 7);
    let again: Vec<Value> = (0..PLAYERS).map(|n| order(n, "b")).collect();
    server.kill();
    server.start_again();
    send(&server, &again);
    wait_for_winners(&server, 10);
    assert_eq!(server.players().len(), PLAYERS, "stocks are no players");
    assert_eq!(server.stop(), Some(0));
    let audit = questline()
        .args([
            "audit",
            "--data",
            arg(&data),
            "--programme",
            arg(&programme),
        ])
        .output();
    stdout_of(audit.unwrap());
}

fn order(player: usize, id: &str) -> Value {
    json!({
        "id": format!("{id}{player}"), "type": "order", "player": format!("p{player}"), "amount": "5.00", "currency": "GBP",
        "occurred_at": "2011-03-01T10:00:00Z",
    })
}

fn cancellation(player: &str) -> Value {
    let number = player.trim_start_matches('p');
    json!({
        "id": format!("not-a{number}"), "type": "order_cancelled", "player": player, "refers_to": format!("a{number}"),
        "occurred_at": "2011-03-01T11:00:00Z",
    })
}

fn send(server: &Server, events: &[Value]) {
    let body = json!({ "events": events }).to_string();
    let url = format!("{}/v1/events", server.url("http"));
    let (status, answer) = http::post(&url, Some(&server.key), body.as_bytes());
    assert_eq!(status, 202, "{answer}");
    for result in answer["results"].as_array().unwrap() {
        assert_eq!(result["status"], "accepted", "{result}");
    }
}

/// The players with a completion, once there are so many of them; there are never more than ten.
fn wait_for_winners(server: &Server, count: usize) -> Vec<String> {
    wait_for("completions", || {
        let players = server.players();
        let won = |player: &&Value| player["missions"]["first_ten"]["completed"] == 1;
        let winners: Vec<String> = players
            .iter()
            .filter(won)
            .map(|player| player["player"].as_str().unwrap().to_owned())
            .collect();
        assert!(winners.len() <= 10, "{winners:?}");
        (winners.len() == count).then_some(winners)
    })
}
