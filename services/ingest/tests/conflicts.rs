//! Publishing where somebody else has published, or not every partition is folded.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::time::Duration;

use ingest_service::Config;
use prost::Message;
use proto::programme::v1::programme_service_client::ProgrammeServiceClient;
use proto::programme::v1::{PublishRequest, StaleBase};
use serde_json::{Value, json};
use support::draft::{code, edited, publish, put};
use support::{PROGRAMME, Server};
use tonic::{Code, Request};

#[tokio::test]
async fn a_stale_base_is_a_conflict_that_shows_what_was_published_since() {
    let server = Server::start().await;
    let base = server.get("/v1/programme").await.json["version"].clone();
    // The editor too changes the rate, and adds a type that the other knows nothing of.
    let mine = edited().replace("rate: 1,", "rate: 5,");
    put(&server, &mine).await;
    let theirs = PROGRAMME.replace("rate: 1,", "rate: 7,");
    let newer = server
        .programmes
        .put(&theirs, base.as_str().map(Into::into));
    let conflict = publish(&server, &json!({"base": base})).await;
    assert_eq!(code(&conflict), (409, "stale_base"));
    assert_eq!(conflict.json["current"]["number"], json!(2));
    assert_eq!(conflict.json["current"]["author"], json!("bob"));
    assert_eq!(conflict.json["difference_of"], json!("base to current"));
    let difference = conflict.json["difference"].as_str().unwrap();
    let lines = |sign: char| {
        difference
            .lines()
            .filter(|line| line.starts_with(sign))
            .count()
    };
    assert_eq!((lines('-'), lines('+')), (1, 1), "{difference}");
    assert!(difference.contains("rate: 7,"), "{difference}");
    let said = |name: &str| conflict.json[name].clone();
    assert_eq!(
        [
            said("changes"),
            said("also_yours"),
            said("changes_left_out")
        ],
        [
            json!(["earn rule order_xp: rate 1 -> 7"]),
            json!(["earn rule order_xp: rate 1 -> 5"]),
            json!(0)
        ]
    );
    // Of a base that nobody knows, it is shown how far the draft is from what is in effect.
    let conflict = publish(&server, &json!({"base": "0".repeat(32)})).await;
    assert_eq!(conflict.json["difference_of"], json!("draft to current"));
    assert!(
        conflict.json["difference"]
            .as_str()
            .unwrap()
            .contains("video_seen")
    );
    assert_eq!(
        (&conflict.json["changes"], &conflict.json["also_yours"]),
        (
            &json!([
                "event type video_seen: removed",
                "earn rule order_xp: rate 5 -> 7"
            ]),
            &Value::Null
        )
    );
    let published = publish(&server, &json!({"base": &*newer.version})).await;
    assert_eq!(
        (published.status, &published.json["number"]),
        (200, &json!(3))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_conflict_over_grpc_fits_a_header_however_much_was_changed() {
    let server = Server::start().await;
    let base = server.get("/v1/programme").await.json["version"].clone();
    put(&server, &edited()).await;
    let more: String = (0..200)
        .map(|number| {
            format!("  - {{id: rule_number_{number}, on: order, give: {{points: xp, fixed: 1}}}}\n")
        })
        .collect();
    let theirs = PROGRAMME.replace("earn:\n", &format!("earn:\n{more}"));
    server
        .programmes
        .put(&theirs, base.as_str().map(Into::into));
    let whole = publish(&server, &json!({"base": base})).await.json;
    assert_eq!(whole["changes"].as_array().unwrap().len(), 200);
    let mut client = ProgrammeServiceClient::connect(format!("http://{}", server.grpc))
        .await
        .unwrap();
    let mut request = Request::new(PublishRequest {
        base: base.as_str().unwrap().to_owned(),
        ..PublishRequest::default()
    });
    let bearer = format!("Bearer {}", server.key).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let conflict = client.publish(request).await.unwrap_err();
    assert_eq!(conflict.code(), Code::Aborted);
    assert!(conflict.details().len() < 6 * 1024);
    let details = tonic_types::Status::decode(conflict.details()).unwrap();
    let stale = StaleBase::decode(&*details.details.last().unwrap().value).unwrap();
    assert_eq!(stale.changes.len() + stale.left_out as usize, 200);
    assert!(stale.left_out > 0 && stale.changes.len() > 20);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_in_effect_everywhere_yet_is_published_and_said_so() {
    let config = Config {
        publish_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    let server = Server::with(config).await;
    let base = put(&server, &edited()).await.json["base"].clone();
    server.programmes.orphan(1);
    let published = publish(&server, &json!({"base": base})).await;
    assert_eq!(published.status, 202, "{}", published.json);
    let partitions = json!({"total": 4, "active": 3});
    assert_eq!(published.json["partitions"], partitions);
    let now = server.get("/v1/programme").await.json;
    assert_eq!(
        (&now["number"], &now["partitions"]),
        (&json!(2), &partitions)
    );
    server.programmes.orphan(0);
    let later = server.get("/v1/programme").await.json;
    assert_eq!(later["partitions"]["active"], 4);
    server.stop().await;
}
