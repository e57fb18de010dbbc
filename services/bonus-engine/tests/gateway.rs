//! The gateway over its real servers, against the stand-in on a bad day.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bonus_engine_service::stand_in::StandIn;
use bonus_engine_service::{
    Backoff, Config, NotAppended, OperatorConfig, Postback, Postbacks, RunError, run,
};
use inbox::Listeners;
use proto::bonus::v1::bonus_service_client::BonusServiceClient;
use proto::bonus::v1::{GrantStatus, ListGrantsRequest, PostbackStatus, ReportPostbackRequest};
use proto::emission::v1::emission_service_client::EmissionServiceClient;
use proto::emission::v1::{DeliverRequest, Emission, EmissionBatch};
use serde_json::{Value, json};
use telemetry::Exporter;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

struct Operator {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Operator {
    fn start(stand_in: StandIn) -> Self {
        let (listener, address) = listener();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(stand_in.run(listener, shutdown.clone()));
        Self {
            address,
            shutdown,
            task,
        }
    }

    async fn effects(&self) -> Value {
        get(self.address, "/effects").await
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

struct Gateway {
    grpc: SocketAddr,
    http: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl Gateway {
    fn start(folder: &Path, operator: SocketAddr) -> Self {
        let operator = OperatorConfig::new(&format!("http://{operator}/grants"));
        Self::with(folder, operator, None)
    }

    fn with(
        folder: &Path,
        operator: OperatorConfig,
        postbacks: Option<Arc<dyn Postbacks>>,
    ) -> Self {
        let ((grpc, grpc_address), (http, http_address)) = (listener(), listener());
        let shutdown = CancellationToken::new();
        let config = Config {
            folder: folder.to_owned(),
            operator: OperatorConfig {
                secret: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
                timeout_ms: 200,
                concurrency: 16,
                backoff: Backoff {
                    base_ms: 1,
                    max_ms: 10,
                    seed: 1,
                },
                ..operator
            },
            postbacks,
        };
        let exporter = Exporter::detached().unwrap();
        let task = tokio::spawn(run(
            config,
            Listeners { grpc, http },
            exporter,
            shutdown.clone(),
        ));
        Self {
            grpc: grpc_address,
            http: http_address,
            shutdown,
            task,
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    async fn deliver(&self, mut emissions: Vec<Emission>) {
        for (emission, seq) in emissions.iter_mut().zip(1..) {
            emission.seq = seq;
        }
        let expected = emissions.len() as u64;
        let batch = Some(EmissionBatch {
            partition: 0,
            epoch: 1,
            emissions,
        });
        let endpoint = format!("http://{}", self.grpc);
        let mut client = EmissionServiceClient::connect(endpoint).await.unwrap();
        let stream = tokio_stream::iter([DeliverRequest { batch }]);
        let mut acks = client.deliver(stream).await.unwrap().into_inner();
        let ack = acks.message().await.unwrap().unwrap().ack.unwrap();
        assert_eq!(ack.seq, expected);
    }

    /// Statuses by grant, over all pages.
    async fn statuses(&self) -> BTreeMap<String, String> {
        let mut statuses = BTreeMap::new();
        let mut token = String::new();
        loop {
            let page = get(
                self.http,
                &format!("/v1/grants?page_size=7&page_token={token}"),
            )
            .await;
            for grant in page["grants"].as_array().unwrap() {
                let text = |key: &str| grant[key].as_str().unwrap().to_owned();
                statuses.insert(text("grant_id"), text("status"));
            }
            match page["next_page_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => return statuses,
            }
        }
    }

    /// Waits until every grant has the status.
    async fn all(&self, status: &str, grants: usize) {
        loop {
            let statuses = self.statuses().await;
            assert_eq!(statuses.len(), grants);
            if statuses.values().all(|found| found == status) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn get(address: SocketAddr, path: &str) -> Value {
    let response = reqwest::get(format!("http://{address}{path}"))
        .await
        .unwrap();
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

fn emission(kind: &str, n: u32, extra: &Value) -> Emission {
    let types = bonus_engine_service::TYPES;
    let kind_number = types.iter().position(|name| *name == kind).unwrap();
    let id = format!("{kind_number:016x}{n:016x}");
    let mut body = json!({
        "id": id, "type": kind, "player": "p", "grant": "voucher", "grant_id": format!("voucher/once/{n}"),
        "at": "2011-03-01T10:00:00Z",
    });
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    Emission {
        id,
        r#type: kind.to_owned(),
        player: "p".to_owned(),
        brand: "acme".to_owned(),
        body: body.to_string().into_bytes(),
        ..Emission::default()
    }
}

fn requested(n: u32) -> Emission {
    emission("grant_offered", n, &json!({"status": "requested"}))
}

fn bad_day(file: Option<PathBuf>) -> StandIn {
    StandIn {
        seed: 11,
        errors_percent: 30,
        hangs_percent: 15,
        file,
    }
}

#[tokio::test]
async fn every_grant_is_credited_with_one_effect_through_errors_time_outs_repeats_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(folder.path().join("effects.jsonl"));
    let operator = Operator::start(bad_day(file.clone()));
    let gateway = Gateway::start(&folder.path().join("gateway"), operator.address);
    let batch = |range: std::ops::Range<u32>| range.map(requested).collect::<Vec<_>>();
    gateway.deliver(batch(0..60)).await;
    gateway.deliver(batch(30..60)).await;
    // Stopped with calls under way; both come back, the operator at another address.
    gateway.stop().await;
    operator.stop().await;
    let operator = Operator::start(bad_day(file));
    let gateway = Gateway::start(&folder.path().join("gateway"), operator.address);
    gateway.deliver(batch(0..80)).await;
    gateway.all("credited", 80).await;
    let effects = operator.effects().await;
    assert_eq!(
        (&effects["keys"], &effects["effects_total"]),
        (&json!(80), &json!(80))
    );
    gateway.stop().await;
    operator.stop().await;
}

#[tokio::test]
async fn claims_and_revocations_move_a_grant_and_are_asked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator::start(StandIn::default());
    let gateway = Gateway::start(folder.path(), operator.address);
    let offered = emission("grant_offered", 1, &json!({"status": "offered"}));
    gateway.deliver(vec![offered.clone()]).await;
    gateway.all("offered", 1).await;
    gateway
        .deliver(vec![emission("grant_claimed", 1, &json!({})), offered])
        .await;
    gateway.all("credited", 1).await;
    let revoked = emission("grant_revoked", 1, &json!({"reason": "reversal"}));
    gateway.deliver(vec![revoked.clone(), revoked]).await;
    gateway.all("revoked", 1).await;
    assert_eq!(
        operator.effects().await["effects_total"],
        json!(2),
        "credited, then taken back"
    );
    gateway.stop().await;
    operator.stop().await;
}

#[tokio::test]
async fn a_refusal_is_final_and_says_why() {
    // An operator that knows no such path.
    let folder = tempfile::tempdir().unwrap();
    let (http, address) = listener();
    let server = actix_web::HttpServer::new(actix_web::App::new)
        .workers(1)
        .disable_signals();
    let server = server.listen(http).unwrap().run();
    let handle = server.handle();
    let task = tokio::spawn(server);
    let gateway = Gateway::start(folder.path(), address);
    gateway.deliver(vec![requested(1)]).await;
    gateway.all("failed", 1).await;
    let listed = get(gateway.http, "/v1/grants").await;
    assert_eq!(listed["grants"][0]["reason"], json!("404: "));
    gateway.stop().await;
    handle.stop(true).await;
    task.await.unwrap().unwrap();
}

/// A log that takes an event at the third asking, and refuses what is about the second grant.
#[derive(Default)]
struct Reluctant {
    asked: Mutex<u32>,
    appended: Mutex<Vec<Value>>,
}

#[async_trait]
impl Postbacks for Reluctant {
    async fn append(&self, postback: &Postback) -> Result<(), NotAppended> {
        if postback.event["refers_to"] == "voucher/once/2" {
            return Err(NotAppended::Refused("never".to_owned()));
        }
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        if !asked.is_multiple_of(3) {
            return Err(NotAppended::Unavailable("not now".to_owned()));
        }
        assert_eq!((&*postback.brand, &*postback.player), ("acme", "p"));
        self.appended.lock().unwrap().push(postback.event.clone());
        Ok(())
    }
}

#[tokio::test]
async fn every_report_reaches_the_log_in_order_also_one_made_while_nobody_took_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_never_answers, silent) = listener();
    let operator = || OperatorConfig::new(&format!("http://{silent}/grants"));
    let gateway = Gateway::with(folder.path(), operator(), None);
    gateway.deliver((1..4).map(requested).collect()).await;
    let report = async |gateway: &Gateway, grant: u32, status: PostbackStatus| {
        let endpoint = format!("http://{}", gateway.grpc);
        let mut client = BonusServiceClient::connect(endpoint).await.unwrap();
        let postback = ReportPostbackRequest {
            brand: "acme".to_owned(),
            player: "p".to_owned(),
            grant_id: format!("voucher/once/{grant}"),
            status: status.into(),
            reason: String::new(),
        };
        client.report_postback(postback).await.unwrap();
    };
    report(&gateway, 1, PostbackStatus::Credited).await;
    report(&gateway, 2, PostbackStatus::Credited).await;
    gateway.stop().await;
    let log = Arc::new(Reluctant::default());
    let gateway = Gateway::with(folder.path(), operator(), Some(log.clone()));
    report(&gateway, 3, PostbackStatus::Failed).await;
    report(&gateway, 1, PostbackStatus::WageredOut).await;
    let all = [
        ("voucher/once/1", "credited"),
        ("voucher/once/3", "failed"),
        ("voucher/once/1", "wagered_out"),
    ];
    while log.appended.lock().unwrap().len() < all.len() {
        tokio::task::yield_now().await;
    }
    gateway.stop().await;
    let appended = log.appended.lock().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told: Vec<_> = appended
        .iter()
        .map(|event| {
            (
                text(&event["refers_to"]),
                text(&event["attributes"]["status"]),
            )
        })
        .collect();
    assert_eq!(
        told,
        all.map(|(grant, status)| (grant.to_owned(), status.to_owned()))
    );
}

#[tokio::test]
async fn grants_are_listed_and_postbacks_taken_over_grpc() {
    let folder = tempfile::tempdir().unwrap();
    let (_never_answers, silent) = listener();
    let gateway = Gateway::start(folder.path(), silent);
    gateway.deliver(vec![requested(1), requested(2)]).await;
    let endpoint = format!("http://{}", gateway.grpc);
    let mut client = BonusServiceClient::connect(endpoint).await.unwrap();
    let postback = ReportPostbackRequest {
        brand: "acme".to_owned(),
        player: "p".to_owned(),
        grant_id: "voucher/once/1".to_owned(),
        status: PostbackStatus::Credited.into(),
        reason: String::new(),
    };
    for _ in 0..2 {
        let answer = client.report_postback(postback.clone()).await.unwrap();
        let grant = answer.into_inner().grant.unwrap();
        assert_eq!(grant.status(), GrantStatus::Credited);
        assert_eq!(grant.postback(), PostbackStatus::Credited);
    }
    let unknown = ReportPostbackRequest {
        grant_id: "none".to_owned(),
        ..postback
    };
    let refused = client.report_postback(unknown).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let listed = client.list_grants(ListGrantsRequest::default()).await;
    let statuses: Vec<_> = listed
        .unwrap()
        .into_inner()
        .grants
        .iter()
        .map(|g| g.status())
        .collect();
    assert_eq!(statuses, [GrantStatus::Credited, GrantStatus::Requested]);
    let of_another = ListGrantsRequest {
        brand: "other".to_owned(),
        ..ListGrantsRequest::default()
    };
    let none = client.list_grants(of_another).await.unwrap().into_inner();
    assert_eq!(none.grants, []);
    gateway.stop().await;
}
