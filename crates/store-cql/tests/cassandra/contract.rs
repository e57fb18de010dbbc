//! The port's contract, sentence by sentence. All tests share a keyspace: each has partitions of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use ports::{
    Cas, Due, Entity, Head, Over, PeopleStore, ProgrammeStore, Row, Stamp, StateStore, StoreError,
};
use store_cql::CqlStore;
use testkit::contract::people::PeopleFixture;
use testkit::contract::programmes::ProgrammesFixture;
use testkit::contract::store::StoreFixture;
use testkit::servers::cassandra::Cassandra;
use types::Partition;

use crate::support::{config, open};

testkit::store_contract!(Fixture::new());

mod programmes {
    use super::Named;
    testkit::programmes_contract!(Named::new());
}

mod people {
    use super::Named;
    testkit::people_contract!(Named::new());
}

/// A keyspace of its own for each test: brands do not shift as partitions do.
struct Named {
    keyspace: String,
}

impl Named {
    fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            keyspace: format!("named{number}"),
        }
    }
}

impl ProgrammesFixture for Named {
    async fn open(&self) -> Arc<dyn ProgrammeStore> {
        Arc::new(open(&config(Cassandra::shared(), &self.keyspace)).await)
    }
}

impl PeopleFixture for Named {
    async fn open(&self) -> Arc<dyn PeopleStore> {
        Arc::new(open(&config(Cassandra::shared(), &self.keyspace)).await)
    }
}

/// Partitions that the suite uses of one store.
const EACH: u16 = 2;

struct Fixture {
    first: u16,
}

impl Fixture {
    fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let first = NEXT.fetch_add(EACH, Ordering::Relaxed);
        Self { first }
    }
}

impl StoreFixture for Fixture {
    async fn open(&self) -> Arc<dyn StateStore> {
        let store = open(&config(Cassandra::shared(), "contract")).await;
        let first = self.first;
        Arc::new(Shifted { store, first })
    }
}

/// The store, with its partitions counted from `first`.
struct Shifted {
    store: CqlStore,
    first: u16,
}

impl Shifted {
    fn at(&self, partition: Partition) -> Partition {
        assert!(partition.0 < EACH, "the suite uses partition {partition}");
        Partition(self.first + partition.0)
    }
}

#[async_trait]
impl StateStore for Shifted {
    async fn head(&self, partition: Partition) -> Result<Option<Head>, StoreError> {
        self.store.head(self.at(partition)).await
    }

    async fn set_head(
        &self,
        partition: Partition,
        over: Over,
        head: Head,
    ) -> Result<Cas, StoreError> {
        let partition = self.at(partition);
        self.store.set_head(partition, over, head).await
    }

    async fn snapshots(
        &self,
        partition: Partition,
        entities: &[Entity],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.store.snapshots(self.at(partition), entities).await
    }

    async fn segments(
        &self,
        partition: Partition,
        entity: &Entity,
        numbers: &[u32],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let partition = self.at(partition);
        self.store.segments(partition, entity, numbers).await
    }

    async fn outbox(
        &self,
        partition: Partition,
        from: u64,
        to: u64,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        self.store.outbox(self.at(partition), from, to).await
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<(Entity, Bytes)>, StoreError> {
        self.store.quarantined(self.at(partition)).await
    }

    async fn entities(
        &self,
        partition: Partition,
        after: Option<&Entity>,
        limit: usize,
    ) -> Result<Vec<Entity>, StoreError> {
        let partition = self.at(partition);
        self.store.entities(partition, after, limit).await
    }

    async fn due(
        &self,
        partition: Partition,
        from: u32,
        to: u32,
        after: Option<&Due>,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let partition = self.at(partition);
        self.store.due(partition, from, to, after, limit).await
    }

    async fn write(
        &self,
        partition: Partition,
        stamp: Stamp,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        self.store.write(self.at(partition), stamp, rows).await
    }

    async fn forget_outbox(&self, partition: Partition, below: u64) -> Result<(), StoreError> {
        self.store.forget_outbox(self.at(partition), below).await
    }

    async fn forget_due(&self, partition: Partition, below: u32) -> Result<(), StoreError> {
        self.store.forget_due(self.at(partition), below).await
    }
}
