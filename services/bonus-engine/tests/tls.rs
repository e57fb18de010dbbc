//! The operator behind TLS: trusted by a file of certificates, or not called at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bonus_engine_service::{Backoff, Config, OperatorConfig, RunError, run};
use inbox::Listeners;
use proto::emission::v1::emission_service_client::EmissionServiceClient;
use proto::emission::v1::{DeliverRequest, Emission, EmissionBatch};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;
use telemetry::Exporter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

/// An operator that credits everything, over TLS.
struct Operator {
    url: String,
    /// Its certificate, as PEM.
    pem: String,
    /// Calls that came through.
    calls: Arc<AtomicU32>,
    /// Handshakes that failed.
    turned_away: Arc<AtomicU32>,
}

async fn operator() -> Operator {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![cert.der().clone()];
    // Named, since others of the workspace may bring another one along.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (calls, turned_away) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
    let (counted, refused) = (Arc::clone(&calls), Arc::clone(&turned_away));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                refused.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let mut request = vec![0; 1 << 16];
            let mut length = 0;
            // The body is an object, and ends with it.
            while !request[..length].ends_with(b"}") {
                match tls.read(&mut request[length..]).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => length += read,
                }
            }
            if request[..length].starts_with(b"POST /grants") {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            tls.write_all(answer).await.unwrap();
            drop(tls.shutdown().await);
        }
    });
    Operator {
        url: format!("https://localhost:{port}/grants"),
        pem: cert.pem(),
        calls,
        turned_away,
    }
}

fn config(folder: &Path, operator: OperatorConfig) -> Config {
    Config {
        folder: folder.join("gateway"),
        operator: OperatorConfig {
            backoff: Backoff {
                base_ms: 1,
                max_ms: 10,
                seed: 1,
            },
            ..operator
        },
        postbacks: None,
    }
}

fn listeners() -> (Listeners, String, String) {
    let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (grpc, http) = (listener(), listener());
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let (endpoint, list) = (url(&grpc), url(&http));
    (Listeners { grpc, http }, endpoint, list)
}

/// Delivers one requested grant to a gateway, and gives its status once `done` holds.
async fn status_of_a_grant(config: Config, done: impl Fn(&str) -> bool) -> String {
    let (listeners, endpoint, list) = listeners();
    let stop = CancellationToken::new();
    let exporter = Exporter::detached().unwrap();
    let running = tokio::spawn(run(config, listeners, exporter, stop.clone()));
    let body = r#"{"id":"1","type":"grant_offered","player":"p","grant":"g","grant_id":"g/1","status":"requested"}"#;
    let emission = Emission {
        seq: 1,
        id: "1".to_owned(),
        r#type: "grant_offered".to_owned(),
        player: "p".to_owned(),
        brand: "acme".to_owned(),
        body: body.as_bytes().to_vec(),
        ..Emission::default()
    };
    let batch = Some(EmissionBatch {
        partition: 0,
        epoch: 1,
        emissions: vec![emission],
    });
    let mut client = EmissionServiceClient::connect(endpoint).await.unwrap();
    let stream = tokio_stream::iter([DeliverRequest { batch }]);
    let mut acks = client.deliver(stream).await.unwrap().into_inner();
    acks.message().await.unwrap().unwrap();
    let status = loop {
        let grants = reqwest::get(format!("{list}/v1/grants")).await.unwrap();
        let grants: Value = grants.json().await.unwrap();
        let status = grants["grants"][0]["status"].as_str().unwrap().to_owned();
        if done(&status) {
            break status;
        }
    };
    stop.cancel();
    running.await.unwrap().unwrap();
    status
}

#[tokio::test]
async fn an_operator_whose_certificate_is_in_the_file_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let operator = operator().await;
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &operator.pem).unwrap();
    let config = config(
        folder.path(),
        OperatorConfig {
            ca_file: Some(file),
            ..OperatorConfig::new(&operator.url)
        },
    );
    let status = status_of_a_grant(config, |status| status == "credited").await;
    assert_eq!(status, "credited");
    assert_eq!(operator.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_operator_that_the_system_does_not_trust_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let operator = operator().await;
    let turned_away = Arc::clone(&operator.turned_away);
    let config = config(folder.path(), OperatorConfig::new(&operator.url));
    let asked_twice = |_: &str| turned_away.load(Ordering::Relaxed) >= 2;
    assert_eq!(status_of_a_grant(config, asked_twice).await, "requested");
    assert_eq!(operator.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_file_without_certificates_and_another_scheme_are_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let with_file = |file: &Path| OperatorConfig {
        ca_file: Some(file.to_owned()),
        ..OperatorConfig::new("https://localhost/grants")
    };
    let table = [
        (with_file(&empty), "there is no PEM certificate"),
        (with_file(&folder.path().join("none.pem")), "none.pem"),
        (OperatorConfig::new("ftp://localhost/grants"), "https://"),
    ];
    for (operator, expected) in table {
        let (listeners, ..) = listeners();
        let exporter = Exporter::detached().unwrap();
        let config = config(folder.path(), operator);
        let ended = run(config, listeners, exporter, CancellationToken::new()).await;
        let Err(RunError::Operator(why)) = ended else {
            panic!("{ended:?}");
        };
        assert!(why.to_string().contains(expected), "{why}");
    }
}
