//! A server on free ports, over a log and answers that the test holds in its hands.

#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

pub(crate) mod draft;
pub(crate) mod fake;
pub(crate) mod programmes;
pub(crate) mod raw;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use ingest_service::{Config, Deps, Keys, Listeners, NewKey, Scope, keys, run};
use people::People;
use serde_json::Value;
use tempfile::TempDir;
use testkit::people::MemoryPeople;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use fake::{FakeLog, FakePlayers};
pub(crate) use programmes::FakeProgrammes;

pub(crate) const PROGRAMME: &str = "\
programme: p
brand: acme
timezone: Europe/London
currency: GBP
conversion: {EUR: '0.86'}
points: {xp: {kind: status}}
event_types:
  article_read: {attributes: {section: string, minutes: int}}
earn:
  - {id: order_xp, on: order, give: {points: xp, rate: 1, per: '1.00', of: amount}}
";

pub(crate) struct Server {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) log: Arc<FakeLog>,
    pub(crate) players: Arc<FakePlayers>,
    pub(crate) programmes: Arc<FakeProgrammes>,
    /// Scopes ingest, read and programme; source `shop`.
    pub(crate) key: String,
    keys: PathBuf,
    _folder: TempDir,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
    client: reqwest::Client,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) json: Value,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let key = make(
            &path,
            "acme",
            Some("shop"),
            &[Scope::Ingest, Scope::Read, Scope::Programme],
        );
        let programmes = Arc::new(FakeProgrammes::begun(PROGRAMME));
        let (log, players) = (Arc::new(FakeLog::new(4)), Arc::new(FakePlayers::default()));
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (http, grpc, admin) = (listen(), listen(), listen());
        let at = |listener: &TcpListener| listener.local_addr().unwrap();
        let addresses = (at(&http), at(&grpc), at(&admin));
        let listeners = Listeners {
            http,
            grpc,
            admin: Some(admin),
        };
        let deps = Deps {
            log: log.clone(),
            queries: players.clone(),
            programmes: programmes.clone(),
            people: Arc::new(
                People::open(Arc::new(MemoryPeople::default()))
                    .await
                    .unwrap(),
            ),
            keys: Arc::new(Keys::open(&path).unwrap()),
            metrics: Arc::new(|| "questline_up 1\n".to_owned()),
        };
        let shutdown = CancellationToken::new();
        let config = Config {
            workers: 1,
            ..config
        };
        let stop = shutdown.clone();
        let running =
            tokio::spawn(async move { run(config, listeners, deps, stop).await.unwrap() });
        Self {
            http: addresses.0,
            grpc: addresses.1,
            admin: addresses.2,
            log,
            players,
            programmes,
            key,
            keys: path,
            _folder: folder,
            shutdown,
            running,
            client: reqwest::Client::new(),
        }
    }

    pub(crate) fn key(&self, brand: &str, source: Option<&str>, scopes: &[Scope]) -> String {
        make(&self.keys, brand, source, scopes)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client
            .request(method, format!("http://{}{path}", self.http))
    }

    /// Sends events as JSON with the server's own key.
    pub(crate) async fn publish(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self
            .request("POST", "/v1/events")
            .header("content-type", "application/json");
        answered(request.bearer_auth(&self.key).body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answered(self.request("GET", path).bearer_auth(&self.key)).await
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap();
    }
}

fn make(path: &std::path::Path, brand: &str, source: Option<&str>, scopes: &[Scope]) -> String {
    let key = NewKey {
        brand: brand.parse().unwrap(),
        source: source.map(|source| source.parse().unwrap()),
        scopes: scopes.to_vec(),
    };
    keys::create(path, &key).unwrap()
}

pub(crate) async fn answered(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let json = response.json().await.unwrap_or(Value::Null);
    Answer {
        status,
        headers,
        json,
    }
}

/// An order of player `a`, with fields added.
pub(crate) fn order(id: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"order","player":"a","occurred_at":"2011-06-01T10:00:00Z","amount":"10.00","currency":"GBP"{more}}}"#
    )
}

pub(crate) fn batch<S: AsRef<str>>(events: &[S]) -> String {
    let events: Vec<&str> = events.iter().map(AsRef::as_ref).collect();
    format!("{{\"events\":[{}]}}", events.join(","))
}

/// `status` or `status:code` of each result.
pub(crate) fn outcomes(answer: &Answer) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    answer.json["results"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.json))
        .iter()
        .map(|result| match result["code"].as_str() {
            None => text(&result["status"]),
            Some(code) => format!("{}:{code}", text(&result["status"])),
        })
        .collect()
}
