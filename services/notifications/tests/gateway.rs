//! The gateway over its real servers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use inbox::{Listeners, ServeError};
use notifications_service::{Config, run};
use proto::emission::v1::emission_service_client::EmissionServiceClient;
use proto::emission::v1::{DeliverRequest, Emission, EmissionBatch};
use serde_json::{Value, json};
use telemetry::Exporter;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Gateway {
    grpc: SocketAddr,
    http: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Gateway {
    fn start(folder: &Path) -> Self {
        let listeners = Listeners {
            grpc: TcpListener::bind("127.0.0.1:0").unwrap(),
            http: TcpListener::bind("127.0.0.1:0").unwrap(),
        };
        let grpc = listeners.grpc.local_addr().unwrap();
        let http = listeners.http.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let config = Config {
            folder: folder.to_owned(),
        };
        let exporter = Exporter::detached().unwrap();
        let task = tokio::spawn(run(config, listeners, exporter, shutdown.clone()));
        Self {
            grpc,
            http,
            shutdown,
            task,
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Delivers on a stream of its own; gives what was acknowledged.
    async fn deliver(&self, epoch: u64, emissions: Vec<Emission>) -> Vec<u64> {
        let endpoint = format!("http://{}", self.grpc);
        let mut client = EmissionServiceClient::connect(endpoint).await.unwrap();
        let batches = emissions.into_iter().map(move |emission| DeliverRequest {
            batch: Some(EmissionBatch {
                partition: 1,
                epoch,
                emissions: vec![emission],
            }),
        });
        let stream = tokio_stream::iter(batches.collect::<Vec<_>>());
        let mut acks = client.deliver(stream).await.unwrap().into_inner();
        let mut seen = Vec::new();
        while let Some(response) = acks.message().await.unwrap() {
            seen.push(response.ack.unwrap().seq);
        }
        seen
    }

    async fn get(&self, path: &str) -> Value {
        let response = reqwest::get(format!("http://{}{path}", self.http)).await;
        serde_json::from_str(&response.unwrap().text().await.unwrap()).unwrap()
    }

    async fn post(&self, path: &str) -> (u16, Value) {
        let client = reqwest::Client::new();
        let url = format!("http://{}{path}", self.http);
        let response = client.post(url).send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        )
    }
}

fn emission(seq: u64, n: u32, player: &str, suppressed: bool) -> Emission {
    let mut body = json!({"id": format!("{n:032x}"), "type": "tier_changed", "player": player});
    if suppressed {
        body["suppressed"] = true.into();
    }
    Emission {
        seq,
        id: format!("{n:032x}"),
        r#type: "tier_changed".to_owned(),
        player: player.to_owned(),
        brand: "acme".to_owned(),
        body: body.to_string().into_bytes(),
        ..Emission::default()
    }
}

#[tokio::test]
async fn repeats_on_new_streams_and_epochs_are_acknowledged_and_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path());
    let batch = |from: u64| {
        (1..=5)
            .map(|n| emission(from + u64::from(n), n, "p", false))
            .collect()
    };
    assert_eq!(gateway.deliver(1, batch(0)).await, [1, 2, 3, 4, 5]);
    assert_eq!(gateway.deliver(2, batch(10)).await, [11, 12, 13, 14, 15]);
    gateway.stop().await;
    let gateway = Gateway::start(folder.path());
    let backwards = (1..=6)
        .map(|n: u32| emission(n.into(), 7 - n, "p", false))
        .collect();
    assert_eq!(gateway.deliver(3, backwards).await, [1, 2, 3, 4, 5, 6]);
    let listed = gateway.get("/v1/emissions").await;
    let expected =
        json!({"received": 16, "distinct": 6, "alarms": 0, "acted_on": 6, "suppressed": 0});
    assert_eq!(listed["totals"], expected);
    assert_eq!(listed["emissions"].as_array().unwrap().len(), 6);
    gateway.stop().await;
}

#[tokio::test]
async fn a_players_inbox_is_paged_newest_first_and_counts_what_is_unread() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path());
    let mut batch: Vec<_> = (1..=5)
        .map(|n| emission(n.into(), n, "a/b", false))
        .collect();
    batch.push(emission(6, 6, "other", false));
    batch.push(emission(7, 7, "a/b", true));
    gateway.deliver(1, batch).await;
    let mut ids = Vec::new();
    let mut token = String::new();
    loop {
        let page = gateway
            .get(&format!(
                "/v1/inbox/acme/a%2Fb?page_size=2&page_token={token}"
            ))
            .await;
        assert_eq!(page["total"].to_string(), "5", "{page}");
        ids.extend(
            page["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m["id"].as_str().unwrap().to_owned()),
        );
        match page["next_page_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=5).rev().map(|n| format!("{n:032x}")).collect();
    assert_eq!(ids, expected);
    let read = format!("/v1/inbox/acme/a%2Fb/{}:read", ids[0]);
    for _ in 0..2 {
        assert_eq!(
            gateway.post(&read).await,
            (200, json!({"total": 5, "unread": 4}))
        );
    }
    let of_another = format!("/v1/inbox/acme/other/{}:read", ids[0]);
    let (status, problem) = gateway.post(&of_another).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")));
    gateway.stop().await;
    let gateway = Gateway::start(folder.path());
    let counts = gateway.get("/v1/inbox/acme/a%2Fb/counts").await;
    assert_eq!(counts, json!({"total": 5, "unread": 4}));
    assert_eq!(
        gateway.get("/v1/emissions").await["totals"]["suppressed"],
        json!(1)
    );
    gateway.stop().await;
}

#[tokio::test]
async fn another_body_is_an_alarm_and_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path());
    gateway.deliver(1, vec![emission(1, 1, "p", false)]).await;
    assert_eq!(
        gateway.deliver(2, vec![emission(9, 1, "p", true)]).await,
        [9]
    );
    let totals = &gateway.get("/v1/emissions").await["totals"];
    assert_eq!(
        (&totals["alarms"], &totals["acted_on"]),
        (&json!(1), &json!(1))
    );
    gateway.stop().await;
}

#[tokio::test]
async fn it_says_that_it_is_healthy_over_http_and_grpc() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path());
    for path in ["/healthz", "/readyz", "/metrics"] {
        let response = reqwest::get(format!("http://{}{path}", gateway.http)).await;
        assert_eq!(response.unwrap().status(), 200, "{path}");
    }
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", gateway.grpc));
    let channel = channel.unwrap().connect().await.unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let request = tonic_health::pb::HealthCheckRequest {
        service: "questline.emission.v1.EmissionService".to_owned(),
    };
    let answer = health.check(request).await.unwrap().into_inner();
    assert_eq!(answer.status, 1);
    gateway.stop().await;
}
