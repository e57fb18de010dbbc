//! The port on the tables.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use ports::{Cas, Due, Entity, Head, Over, Row, Stamp, StateStore, StoreError};
use types::Partition;

use crate::batch::pack;
use crate::client::Client;
use crate::config::CqlConfig;
use crate::connect::{self, Profiles};
use crate::error::OpenError;
use crate::forget::{self, Written};
use crate::{head, listed, rows, schema};

/// Batches of one write under way at once. The whole process has a bound of its own.
const AT_ONCE: usize = 16;

/// The store on a cluster of ScyllaDB or Cassandra. Dropping it closes its connections.
pub struct CqlStore {
    pub(crate) client: Client,
    written: Written,
}

impl fmt::Debug for CqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CqlStore").finish_non_exhaustive()
    }
}

impl CqlStore {
    /// Connects, brings the schema up to date where the configuration allows it, and prepares every statement.
    ///
    /// It is tried once. [`OpenError::Unreachable`] is also what a cluster that still starts looks like: try again. Its connections live
    /// on the runtime that it is opened on, which must outlive it; it may be used from others.
    pub async fn open(config: &CqlConfig) -> Result<Self, OpenError> {
        config.check()?;
        let profiles = Profiles::new(config);
        let session = connect::session(config, &profiles).await?;
        schema::ready(config, &session, profiles.serial).await?;
        let client = Client::new(config, session, profiles).await?;
        Ok(Self {
            client,
            written: Written::default(),
        })
    }
}

#[async_trait]
impl StateStore for CqlStore {
    async fn head(&self, partition: Partition) -> Result<Option<Head>, StoreError> {
        head::read(&self.client, partition).await
    }

    async fn set_head(
        &self,
        partition: Partition,
        over: Over,
        head: Head,
    ) -> Result<Cas, StoreError> {
        head::set(&self.client, partition, over, head).await
    }

    async fn snapshots(
        &self,
        partition: Partition,
        entities: &[Entity],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        rows::snapshots(&self.client, partition, entities).await
    }

    async fn segments(
        &self,
        partition: Partition,
        entity: &Entity,
        numbers: &[u32],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        rows::segments(&self.client, partition, entity, numbers).await
    }

    async fn outbox(
        &self,
        partition: Partition,
        from: u64,
        to: u64,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        rows::outbox(&self.client, partition, from, to).await
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<(Entity, Bytes)>, StoreError> {
        rows::quarantined(&self.client, partition).await
    }

    async fn entities(
        &self,
        partition: Partition,
        after: Option<&Entity>,
        limit: usize,
    ) -> Result<Vec<Entity>, StoreError> {
        listed::entities(&self.client, partition, after, limit).await
    }

    async fn due(
        &self,
        partition: Partition,
        from: u32,
        to: u32,
        after: Option<&Due>,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        listed::due(&self.client, partition, from, to, after, limit).await
    }

    /// Every batch is awaited, also after one has failed: a store that is slow is not given more before it has answered.
    async fn write(
        &self,
        partition: Partition,
        stamp: Stamp,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        let refused = |why| StoreError::Unavailable(format!("nothing was written: {why}"));
        let batches = pack(partition, rows).map_err(refused)?;
        self.written.note(partition, stamp);
        let answers: Vec<Result<(), StoreError>> = stream::iter(batches)
            .map(|batch| self.client.write(batch, stamp))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        answers.into_iter().collect()
    }

    async fn forget_outbox(&self, partition: Partition, below: u64) -> Result<(), StoreError> {
        forget::outbox(&self.client, &self.written, partition, below).await
    }

    async fn forget_due(&self, partition: Partition, below: u32) -> Result<(), StoreError> {
        forget::due(&self.client, &self.written, partition, below).await
    }
}
