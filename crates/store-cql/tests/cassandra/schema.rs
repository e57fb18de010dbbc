//! Versions of the schema, applied by one process at a time.

use std::cell::Cell;

use futures::future::join_all;
use ports::{Stamp, StateStore};
use scylla::client::session::Session;
use store_cql::{CqlConfig, CqlStore, OpenError};
use testkit::servers::cassandra::Cassandra;

use crate::support::{P, config, open, run, segment, segments, session};

async fn refused(config: &CqlConfig) -> OpenError {
    CqlStore::open(config).await.expect_err("not opened")
}

/// Versions that are noted in a keyspace.
#[expect(clippy::disallowed_methods, reason = "the test's own")]
async fn versions(session: &Session, keyspace: &str) -> Vec<i32> {
    let text = format!("SELECT version FROM {keyspace}.schema_version");
    let rows = session.query_unpaged(text, ()).await.expect("versions");
    let rows = rows.into_rows_result().expect("rows");
    let rows = rows.rows::<(i32,)>().expect("numbers");
    rows.map(|row| row.expect("a number").0).collect()
}

async fn make_keyspace(session: &Session, keyspace: &str) {
    let text = format!(
        "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}"
    );
    run(session, &text).await;
}

async fn works(store: &CqlStore) {
    let rows = vec![segment("ann", 0, "here")];
    store.write(P, Stamp(1), rows).await.expect("written");
    let read = segments(store, "ann", &[0]).await;
    assert_eq!(read, [Some("here".to_owned())]);
}

/// Several processes start at once on nothing at all; then once more on what they made.
#[tokio::test]
async fn processes_that_start_at_once_make_it_once() {
    let server = Cassandra::shared();
    let config = config(server, "at_once");
    for _ in 0..2 {
        let stores = join_all((0..3).map(|_| CqlStore::open(&config))).await;
        for store in stores {
            works(&store.expect("a store")).await;
        }
    }
    let session = session(server).await;
    assert_eq!(versions(&session, "at_once").await, [1, 2, 3]);
}

/// Who starts while another makes them is told what there is so far where it may only look, and joins in where it may make them:
/// a node lists a table for a moment before it can be asked.
#[tokio::test]
async fn who_starts_while_they_are_made_is_told_a_version() {
    let server = Cassandra::shared();
    let making = config(server, "looked_at");
    let looking = CqlConfig {
        migrate: false,
        replication: None,
        ..making.clone()
    };
    let made = Cell::new(false);
    let make = async {
        works(&open(&making).await).await;
        made.set(true);
    };
    let look = async |join: bool| {
        while !made.get() {
            match CqlStore::open(&looking).await {
                Ok(_) | Err(OpenError::NoKeyspace { .. }) => {}
                Err(OpenError::SchemaOlder { .. }) if join => {
                    return works(&open(&making).await).await;
                }
                Err(OpenError::SchemaOlder { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    tokio::join!(make, look(false), look(false), look(true), look(true));
}

/// A process died half-way, with some of the tables and the lock, whose time to live runs out.
#[tokio::test]
async fn what_was_half_done_is_finished() {
    let server = Cassandra::shared();
    let (session, keyspace) = (session(server).await, "half_done");
    make_keyspace(&session, keyspace).await;
    for text in [
        "CREATE TABLE half_done.schema_lock (zero int PRIMARY KEY, holder text)",
        "CREATE TABLE half_done.player_state (bucket int, entity text, state blob, PRIMARY KEY (bucket, entity))",
        "INSERT INTO half_done.schema_lock (zero, holder) VALUES (0, 'a process that died') IF NOT EXISTS USING TTL 2",
    ] {
        run(&session, text).await;
    }
    works(&open(&config(server, keyspace)).await).await;
    assert_eq!(versions(&session, keyspace).await, [1, 2, 3]);
}

/// Nothing is written to a keyspace whose schema is not the one that is known, and the operator reads why.
#[tokio::test]
async fn another_schema_is_refused() {
    let server = Cassandra::shared();
    let (session, keyspace) = (session(server).await, "other_schema");
    make_keyspace(&session, keyspace).await;
    let unmigrated = CqlConfig {
        migrate: false,
        ..config(server, keyspace)
    };
    let older = refused(&unmigrated).await;
    assert_eq!(
        older.to_string(),
        "the schema of keyspace other_schema is version 0, this binary needs 3: set `migrate`, or let another process do it"
    );
    let migrated = config(server, keyspace);
    drop(open(&migrated).await);
    drop(open(&unmigrated).await);

    let newer = "INSERT INTO other_schema.schema_version (zero, version, what, digest) VALUES (0, 4, 'of tomorrow', 'd')";
    run(&session, newer).await;
    let newer = refused(&migrated).await;
    assert_eq!(
        newer.to_string(),
        "the schema of keyspace other_schema is version 4, this binary knows 3: run the binary that made it, or a newer one"
    );

    run(
        &session,
        "DELETE FROM other_schema.schema_version WHERE zero = 0 AND version = 4",
    )
    .await;
    run(
        &session,
        "UPDATE other_schema.schema_version SET digest = 'another' WHERE zero = 0 AND version = 1",
    )
    .await;
    let other = refused(&migrated).await;
    assert!(
        matches!(other, OpenError::SchemaOther { version: 1, .. }),
        "{other:?}"
    );
}

/// Where the tables are not what the version says, preparing a statement says which.
#[tokio::test]
async fn a_table_that_is_gone_is_named() {
    let server = Cassandra::shared();
    let config = config(server, "table_gone");
    drop(open(&config).await);
    run(&session(server).await, "DROP TABLE table_gone.quarantine").await;
    let said = refused(&config).await.to_string();
    assert!(
        said.starts_with("prepare `INSERT INTO table_gone.quarantine"),
        "{said}"
    );
}
