//! What an operator reads where the store does not open.

use std::net::TcpListener;

use store_cql::{CqlConfig, CqlStore, OpenError, Tls};
use testkit::servers::cassandra::Cassandra;

use crate::support::config;

async fn refused(config: &CqlConfig) -> OpenError {
    CqlStore::open(config).await.expect_err("not opened")
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr());
    let node = port.expect("a port").to_string();
    let config = CqlConfig {
        nodes: vec![node.clone()],
        ..CqlConfig::default()
    };
    let error = refused(&config).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    let said = error.to_string();
    assert!(
        said.starts_with(&format!("no node of {node} is reached")),
        "{said}"
    );
    assert!(said.contains("refused"), "{said}");
}

#[tokio::test]
async fn a_node_has_no_address() {
    let config = CqlConfig {
        nodes: vec!["nowhere.invalid:9042".to_owned()],
        ..CqlConfig::default()
    };
    let said = refused(&config).await.to_string();
    assert_eq!(
        said,
        "no node of nowhere.invalid:9042 is reached: no name of them has an address"
    );
}

#[tokio::test]
async fn the_keyspace_is_not_there() {
    let config = CqlConfig {
        replication: None,
        ..config(Cassandra::shared(), "nobody_made_it")
    };
    let said = refused(&config).await.to_string();
    assert_eq!(
        said,
        "there is no keyspace nobody_made_it: name another, or set `replication` to have it made with that many copies"
    );
}

#[tokio::test]
async fn the_datacenter_is_not_there() {
    let config = CqlConfig {
        datacenter: Some("elsewhere".to_owned()),
        ..config(Cassandra::shared(), "opening")
    };
    let said = refused(&config).await.to_string();
    assert_eq!(
        said,
        "the store's configuration: no node is in datacenter \"elsewhere\": the cluster has datacenter1"
    );
}

#[tokio::test]
async fn the_authority_is_not_there() {
    let tls = Tls {
        ca: "no/such/file.pem".into(),
        ..Tls::default()
    };
    let config = CqlConfig {
        tls: Some(tls),
        ..CqlConfig::default()
    };
    let error = refused(&config).await;
    assert!(matches!(error, OpenError::Config(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("tls: no/such/file.pem: "), "{said}");
}
