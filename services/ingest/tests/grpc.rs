//! The gRPC API against a real server.

#![allow(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod support;

use ingest_service::{QueryError, Scope};
use ports::AppendError;
use proto::event::v1::Event;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ingest::v1::{PublishRequest, PublishStatus};
use proto::player::v1::player_service_client::PlayerServiceClient;
use proto::player::v1::{BatchGetRequest, ExplainEventRequest, GetRequest, ListJournalRequest};
use support::Server;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

async fn channel(server: &Server) -> Channel {
    Channel::from_shared(format!("http://{}", server.grpc))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

fn with_key<T>(key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn order(id: &str) -> Event {
    Event {
        id: id.to_owned(),
        r#type: "order".to_owned(),
        player: "a".to_owned(),
        occurred_at: Some(prost_types::Timestamp {
            seconds: 1_306_922_400,
            nanos: 0,
        }),
        amount: "10.00".to_owned(),
        currency: "GBP".to_owned(),
        ..Event::default()
    }
}

fn publish(events: Vec<Event>) -> PublishRequest {
    PublishRequest {
        events,
        wait_applied: false,
    }
}

#[tokio::test]
async fn published_events_are_answered_in_order() {
    let server = Server::start().await;
    let mut client = IngestServiceClient::new(channel(&server).await);
    let bad = Event {
        r#type: "oder".to_owned(),
        ..order("o2")
    };
    let request = with_key(&server.key, publish(vec![order("o1"), bad, order("o3")]));
    let results = client.publish(request).await.unwrap().into_inner().results;
    let outcomes: Vec<(&str, PublishStatus, &str)> = results
        .iter()
        .map(|result| (result.id.as_str(), result.status(), result.code.as_str()))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("o1", PublishStatus::Accepted, ""),
            ("o2", PublishStatus::Rejected, "unknown_type"),
            ("o3", PublishStatus::Accepted, "")
        ]
    );
    assert_eq!(results[2].position.unwrap().index, 1);
    let waiting = PublishRequest {
        events: vec![order("o4")],
        wait_applied: true,
    };
    let results = client
        .publish(with_key(&server.key, waiting))
        .await
        .unwrap()
        .into_inner()
        .results;
    assert_eq!(
        (results[0].status(), results[0].emissions.len()),
        (PublishStatus::Applied, 1)
    );
    server.stop().await;
}

#[tokio::test]
async fn a_refused_call_has_its_code_and_its_reason() {
    let server = Server::start().await;
    let mut client = IngestServiceClient::new(channel(&server).await);
    let read_only = server.key("acme", None, &[Scope::Read]);
    let empty = with_key(&server.key, publish(Vec::new()));
    let many = with_key(&server.key, publish(vec![Event::default(); 1_001]));
    let table = [
        (
            Request::new(publish(vec![order("o1")])),
            Code::Unauthenticated,
            "UNAUTHENTICATED",
        ),
        (
            with_key("ql_x_y", publish(vec![order("o1")])),
            Code::Unauthenticated,
            "UNAUTHENTICATED",
        ),
        (
            with_key(&read_only, publish(vec![order("o1")])),
            Code::PermissionDenied,
            "FORBIDDEN",
        ),
        (empty, Code::InvalidArgument, "EMPTY_BATCH"),
        (many, Code::InvalidArgument, "TOO_LARGE"),
    ];
    for (request, code, reason) in table {
        let status = client.publish(request).await.unwrap_err();
        let info = status.get_details_error_info().unwrap();
        assert_eq!(
            (status.code(), info.reason.as_str(), info.domain.as_str()),
            (code, reason, "questline")
        );
    }
    server.log.fail_all(Some(|| AppendError::Full));
    let status = client
        .publish(with_key(&server.key, publish(vec![order("o1")])))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(
        status
            .get_details_retry_info()
            .unwrap()
            .retry_delay
            .is_some()
    );
    server.stop().await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_connection_goes_on() {
    let server = Server::start().await;
    let mut client = IngestServiceClient::new(channel(&server).await);
    let large = Event {
        id: "x".repeat(2 << 20),
        ..order("o1")
    };
    let status = client
        .publish(with_key(&server.key, publish(vec![large])))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    let results = client
        .publish(with_key(&server.key, publish(vec![order("o1")])))
        .await
        .unwrap();
    assert_eq!(
        results.into_inner().results[0].status(),
        PublishStatus::Accepted
    );
    server.stop().await;
}

#[tokio::test]
async fn players_are_answered() {
    let server = Server::start().await;
    server.players.add("acme", "a");
    let mut client = PlayerServiceClient::new(channel(&server).await);
    let key = server.key.clone();
    let get = |player: &str| {
        with_key(
            &key,
            GetRequest {
                player: player.to_owned(),
            },
        )
    };
    let player = client
        .get(get("a"))
        .await
        .unwrap()
        .into_inner()
        .player
        .unwrap();
    assert_eq!(
        (
            player.balances["xp"].as_str(),
            player.missions["m"].completed
        ),
        ("10", 1)
    );
    assert_eq!(
        client.get(get("b")).await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(
        client
            .get(Request::new(GetRequest::default()))
            .await
            .unwrap_err()
            .code(),
        Code::Unauthenticated
    );
    let players = vec!["b".to_owned(), "a".to_owned(), String::new()];
    let batch = client
        .batch_get(with_key(&key, BatchGetRequest { players }))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(batch.players.len(), 1);
    let mut page = ListJournalRequest {
        player: "a".to_owned(),
        page_size: 3,
        page_token: String::new(),
    };
    let journal = client
        .list_journal(with_key(&key, page.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(journal.entries.len(), 3);
    let newest: serde_json::Value = serde_json::from_slice(&journal.player).unwrap();
    assert_eq!(newest["player"], "a");
    page.page_token = journal.next_page_token;
    let journal = client
        .list_journal(with_key(&key, page))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            journal.entries.len(),
            journal.next_page_token.as_str(),
            journal.player.len()
        ),
        (2, "", 0)
    );
    let explain = ExplainEventRequest {
        player: "a".to_owned(),
        source: "shop".to_owned(),
        event: "o1".to_owned(),
    };
    let explained = client
        .explain_event(with_key(&key, explain))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(explained.explanation, br#"{"event":"o1","source":"shop"}"#);
    *server.players.failing.lock().unwrap() = Some(QueryError::Moving);
    assert_eq!(
        client.get(get("a")).await.unwrap_err().code(),
        Code::Unavailable
    );
    server.stop().await;
}

#[tokio::test]
async fn health_is_served_for_every_service() {
    let server = Server::start().await;
    let mut health = HealthClient::new(channel(&server).await);
    for service in [
        "",
        "questline.ingest.v1.IngestService",
        "questline.player.v1.PlayerService",
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        assert_eq!(
            health.check(request).await.unwrap().into_inner().status,
            1,
            "{service}"
        );
    }
    server.stop().await;
}
