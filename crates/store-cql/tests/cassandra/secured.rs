//! A cluster that asks who is there and speaks TLS: what is let in, and what an operator reads otherwise.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ports::StateStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use store_cql::{CqlConfig, CqlStore, OpenError, Secret, Tls};
use tempfile::TempDir;
use testkit::servers::cassandra::{Cassandra, PASSWORD, USER, authority};

use crate::support::{P, config, run};

fn login(config: CqlConfig, user: &str, password: &str) -> CqlConfig {
    CqlConfig {
        user: Some(user.to_owned()),
        password: Some(Secret::new(password)),
        ..config
    }
}

fn tls(ca: PathBuf, server_name: Option<&str>) -> Option<Tls> {
    Some(Tls {
        ca,
        server_name: server_name.map(str::to_owned),
        ..Tls::default()
    })
}

async fn refused(config: &CqlConfig) -> OpenError {
    CqlStore::open(config).await.expect_err("not opened")
}

fn says(error: &OpenError, parts: &[&str]) {
    let said = error.to_string();
    for part in parts {
        assert!(said.contains(part), "{part:?} in: {said}");
    }
}

/// Somebody's certificate, in a folder that must be kept.
fn stranger() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = authority(folder.path()).expect("a certificate");
    (folder, ca)
}

async fn superuser(server: &Cassandra, ca: &Path) -> Session {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(ca).expect("a certificate");
    roots.add(certificate).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = SessionBuilder::new()
        .known_node(server.node())
        .user(USER, PASSWORD)
        .tls_context(Some(Arc::new(tls)))
        .fetch_schema_metadata(false);
    builder.build().await.expect("a session")
}

/// One server, since each takes seconds to start: every wrong way in, then the right ones.
#[tokio::test]
async fn only_the_right_login_over_tls_comes_in() {
    let start = tokio::task::spawn_blocking(Cassandra::start_secured);
    let server = start.await.expect("a thread").expect("a server");
    let ca = server.authority();
    let nobody = CqlConfig {
        tls: tls(ca.clone(), None),
        ..config(&server, "secured")
    };

    let error = refused(&nobody).await;
    assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
    says(
        &error,
        &["does not let anybody in", "`user` and `password`"],
    );

    let error = refused(&login(nobody.clone(), USER, "sesame")).await;
    assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
    says(
        &error,
        &["does not let user \"cassandra\" in", "are incorrect"],
    );
    assert!(!error.to_string().contains("sesame"), "{error}");

    let right = login(nobody, USER, PASSWORD);
    let plain = CqlConfig {
        tls: None,
        ..right.clone()
    };
    let error = refused(&plain).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    says(&error, &["where the cluster speaks TLS, set `tls`"]);

    let (_folder, strange) = stranger();
    let other = CqlConfig {
        tls: tls(strange, None),
        ..right.clone()
    };
    let error = refused(&other).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    says(
        &error,
        &["TLS with the nodes 127.0.0.1:", "invalid peer certificate"],
    );

    let elsewhere = CqlConfig {
        tls: tls(ca.clone(), Some("other.questline.test")),
        ..right.clone()
    };
    let error = refused(&elsewhere).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    says(&error, &["other.questline.test"]);

    let named = CqlConfig {
        tls: tls(ca.clone(), Some("node.questline.test")),
        ..right.clone()
    };
    for config in [right.clone(), named] {
        let store = CqlStore::open(&config).await.expect("a store");
        assert_eq!(store.head(P).await.expect("an answer"), None);
    }

    let session = superuser(&server, &ca).await;
    let reader = "CREATE ROLE reader WITH PASSWORD = 'only looks' AND LOGIN = true";
    run(&session, reader).await;
    let error = refused(&login(right, "reader", "only looks")).await;
    assert!(matches!(error, OpenError::Denied { .. }), "{error:?}");
    says(
        &error,
        &["user \"reader\"", "SELECT", "grant it on the keyspace"],
    );
}

/// A server that does not speak TLS, asked to.
#[tokio::test]
async fn tls_is_not_spoken_here() {
    let shared = Cassandra::shared();
    let (_folder, strange) = stranger();
    let config = CqlConfig {
        tls: tls(strange, None),
        ..config(shared, "opening")
    };
    let error = refused(&config).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
}
