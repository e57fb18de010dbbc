//! Erasing and exporting, as a caller sees it; what stands in the log afterwards.

mod support;

use ingest_service::{QueryError, Scope};
use ports::AppendError;
use proto::player::v1::player_service_client::PlayerServiceClient;
use proto::player::v1::{EraseRequest, ExportRequest};
use serde_json::json;
use support::{Answer, Server, answered, batch, order, outcomes};
use tonic::transport::Channel;
use tonic::{Code, Request};

async fn erase(server: &Server, key: &str, player: &str) -> Answer {
    let path = format!("/v1/players/{player}");
    answered(server.request("DELETE", &path).bearer_auth(key)).await
}

fn people(server: &Server) -> String {
    server.key("acme", None, &[Scope::People])
}

/// Types of the events in the log, with the player, in order.
fn logged(server: &Server) -> Vec<String> {
    let events = server.log.events().into_iter();
    events
        .map(|(_, event, _)| format!("{} {}", event.kind, event.player))
        .collect()
}

#[tokio::test]
async fn an_erasure_is_answered_precisely_and_told_to_the_log_each_time() {
    let server = Server::start().await;
    server.players.add("acme", "a");
    server.players.add("bet", "other");
    let key = people(&server);
    for unknown in ["nobody", "other", "%01"] {
        let answer = erase(&server, &key, unknown).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (404, &json!("not_found")),
            "{unknown}"
        );
    }
    assert_eq!(logged(&server), [] as [&str; 0]);
    let first = erase(&server, &key, "a").await;
    assert_eq!(
        (first.status, &first.json["already"]),
        (200, &json!(false)),
        "{}",
        first.json
    );
    let again = erase(&server, &key, "a").await;
    assert_eq!(
        (again.status, &again.json["already"]),
        (200, &json!(true)),
        "{}",
        again.json
    );
    assert_eq!(again.json["erased_at"], first.json["erased_at"]);
    // Twice the same: the fold knows it.
    assert_eq!(logged(&server), ["player_erased a"; 2]);
    let events = server.log.events();
    assert_eq!(events[0].1, events[1].1);
    assert_eq!(events[0].1.source.as_str(), "questline");
    server.stop().await;
}

#[tokio::test]
async fn events_of_an_erased_player_are_rejected_and_their_neighbours_are_not() {
    let server = Server::start().await;
    server.players.add("acme", "a");
    erase(&server, &people(&server), "a").await;
    let other = order("2", "").replace("\"player\":\"a\"", "\"player\":\"b\"");
    let profile = json!({"id": "3", "type": "profile_changed", "player": "a", "occurred_at": "2011-06-01T10:00:00Z",
        "attributes": {"name": "Ann"}});
    let reserved = order("4", r#","attributes":{"questline.sealed":"x"}"#)
        .replace("\"player\":\"a\"", "\"player\":\"b\"");
    let answer = server
        .publish(batch(&[
            order("1", ""),
            other,
            profile.to_string(),
            reserved,
        ]))
        .await;
    let expected = [
        "rejected:player_erased",
        "accepted",
        "rejected:player_erased",
        "rejected:bad_attribute",
    ];
    assert_eq!(outcomes(&answer), expected);
    let key = server.key("acme", None, &[Scope::Command]);
    let command = server.request("POST", "/v1/players/a/missions/m:claim");
    let command = command.bearer_auth(key).header("idempotency-key", "1");
    // The programme has no mission: the command does not come as far as the player.
    assert_eq!(answered(command).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn what_is_personal_never_stands_in_the_log_in_the_clear() {
    let server = Server::start().await;
    let profile = |id: &str| {
        json!({"id": id, "type": "profile_changed", "player": "a", "occurred_at": "2011-06-01T10:00:00Z",
            "attributes": {"name": "Ann Example", "zone": "Europe/London", "attributes": {"mail": "ann@example.org"}}})
        .to_string()
    };
    let answer = server
        .publish(batch(&[profile("1"), profile("1"), profile("2")]))
        .await;
    assert_eq!(outcomes(&answer), ["accepted"; 3]);
    let events = server.log.events();
    for (_, event, _) in &events {
        let text = format!("{:?}", event.attributes);
        assert!(!text.contains("Ann") && !text.contains("mail"), "{text}");
        assert!(event.attributes.contains_key("zone"), "{text}");
    }
    assert_eq!(events[0].1, events[1].1, "the same again is the same");
    assert_ne!(events[0].1.attributes, events[2].1.attributes);
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_said_now_is_said_later() {
    let server = Server::start().await;
    server.players.add("acme", "a");
    let key = people(&server);
    *server.players.failing.lock().unwrap() = Some(QueryError::Moving);
    assert_eq!(erase(&server, &key, "a").await.status, 503);
    *server.players.failing.lock().unwrap() = None;
    server.log.fail_all(Some(|| AppendError::Full));
    let answer = erase(&server, &key, "a").await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (503, &json!("log_full"))
    );
    server.log.fail_all(None);
    // The key is gone already: asked again, it is said.
    let answer = erase(&server, &key, "a").await;
    assert_eq!(
        (answer.status, &answer.json["already"]),
        (200, &json!(true))
    );
    assert_eq!(logged(&server), ["player_erased a"]);
    server.stop().await;
}

#[tokio::test]
async fn grpc_answers_the_same() {
    let server = Server::start().await;
    server.players.add("acme", "a");
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap();
    let mut client = PlayerServiceClient::new(channel.connect().await.unwrap());
    let key = format!("Bearer {}", people(&server));
    let erase = |player: &str| {
        let mut request = Request::new(EraseRequest {
            player: player.to_owned(),
        });
        request
            .metadata_mut()
            .insert("authorization", key.parse().unwrap());
        request
    };
    let export = |player: &str| {
        let mut request = Request::new(ExportRequest {
            player: player.to_owned(),
        });
        request
            .metadata_mut()
            .insert("authorization", key.parse().unwrap());
        request
    };
    let mut exported = async |player: &str| -> Result<serde_json::Value, Code> {
        let stream = client.export(export(player)).await;
        let mut stream = stream.map_err(|status| status.code())?.into_inner();
        let mut json = Vec::new();
        while let Some(piece) = stream.message().await.unwrap() {
            json.extend(piece.json);
        }
        Ok(serde_json::from_slice(&json).unwrap())
    };
    let held = exported("a").await.unwrap();
    assert_eq!(held["profile"]["attributes"]["name"], "Ann");
    assert_eq!(held["journal"].as_array().unwrap().len(), 5);
    assert_eq!(
        (&held["events"], &held["erased_at"]),
        (&json!([]), &json!(null))
    );
    assert_eq!(exported("nobody").await, Err(Code::NotFound));
    let first = client.erase(erase("a")).await.unwrap().into_inner();
    assert!(!first.already && first.applied);
    let again = client.erase(erase("a")).await.unwrap().into_inner();
    assert_eq!((again.already, again.erased_at), (true, first.erased_at));
    let unknown = client.erase(erase("nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    server.stop().await;
}
