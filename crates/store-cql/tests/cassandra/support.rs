//! What several of these tests need.

use bytes::Bytes;
use ports::{Entity, Head, OwnerId, Row, Stamp, StateStore};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use store_cql::{CqlConfig, CqlStore, Replication, Timeouts};
use testkit::servers::cassandra::Cassandra;
use types::{BrandId, Epoch, Partition, PlayerId, Position};

/// The partition of tests that have a keyspace of their own.
pub(crate) const P: Partition = Partition(0);

/// A keyspace that is made where it is not there, and time for a machine that is busy.
pub(crate) fn config(server: &Cassandra, keyspace: &str) -> CqlConfig {
    CqlConfig {
        nodes: vec![server.node()],
        keyspace: keyspace.to_owned(),
        replication: Some(Replication::Copies(1)),
        timeouts: Timeouts {
            connect_ms: 30_000,
            write_ms: 60_000,
            read_ms: 60_000,
            read_again_ms: 10_000,
            head_ms: 60_000,
            schema_ms: 60_000,
        },
        ..CqlConfig::default()
    }
}

pub(crate) async fn open(config: &CqlConfig) -> CqlStore {
    CqlStore::open(config).await.expect("an open store")
}

/// A session of the test's own, for what the store has no words for.
pub(crate) async fn session(server: &Cassandra) -> Session {
    let builder = SessionBuilder::new()
        .known_node(server.node())
        .fetch_schema_metadata(false);
    builder.build().await.expect("a session")
}

#[expect(clippy::disallowed_methods, reason = "the test's own")]
pub(crate) async fn run(session: &Session, text: &str) {
    session.query_unpaged(text, ()).await.expect(text);
}

pub(crate) fn entity(player: &str) -> Entity {
    Entity {
        brand: BrandId::new("b").expect("a brand"),
        player: PlayerId::new(player).expect("a player"),
    }
}

pub(crate) fn head(owner: u128, epoch: u64, last: i64, fold: &str) -> Head {
    Head {
        owner: OwnerId(owner),
        epoch: Epoch(epoch),
        epoch_stamp: Stamp(1_000),
        last_stamp: Stamp(last),
        cursor: Position {
            sequence: last.unsigned_abs(),
            index: 0,
        },
        fold: Bytes::copy_from_slice(fold.as_bytes()),
    }
}

pub(crate) fn snapshot(player: &str, bytes: &str) -> Row {
    Row::Snapshot {
        entity: entity(player),
        bytes: Bytes::copy_from_slice(bytes.as_bytes()),
    }
}

pub(crate) fn segment(player: &str, number: u32, bytes: &str) -> Row {
    Row::Segment {
        entity: entity(player),
        number,
        bytes: Bytes::copy_from_slice(bytes.as_bytes()),
    }
}

/// Texts of a player's segments.
pub(crate) async fn segments(
    store: &dyn StateStore,
    player: &str,
    numbers: &[u32],
) -> Vec<Option<String>> {
    let read = store.segments(P, &entity(player), numbers).await;
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).expect("a text");
    let read = read.expect("rows").into_iter();
    read.map(|row| row.map(text)).collect()
}
