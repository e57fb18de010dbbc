//! Starting an engine: one that owns nothing yet, or one that owns all there is.

use std::sync::Arc;

use futures::future::try_join_all;
use ports::{EmissionSink, EventLog, StateStore};
use tokio::sync::{Semaphore, mpsc, watch};
use types::Partition;

use crate::config::EngineConfig;
use crate::context::Ports;
use crate::error::EngineError;
use crate::handle::EngineHandle;
use crate::job::{Tell, Turn};
use crate::tell::Tells;
use crate::versions::Versions;

/// Starts engines.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Starts one that owns nothing: partitions are taken and let go through its handle. What becomes of them comes out of the channel.
    pub fn open(
        config: EngineConfig,
        versions: impl Into<Arc<Versions>>,
        log: Arc<dyn EventLog>,
        store: Arc<dyn StateStore>,
        mut sinks: Vec<Arc<dyn EmissionSink>>,
    ) -> Result<(EngineHandle, mpsc::UnboundedReceiver<Turn>), EngineError> {
        sinks.push(Arc::new(Tells {
            log: Arc::clone(&log),
            clock: config.clock,
        }));
        let ports = Ports {
            versions: versions.into(),
            log,
            store,
            sinks,
            here: Arc::default(),
            moving: Arc::default(),
            turns: Arc::new(Semaphore::new(config.threads.count())),
        };
        let (turns, told) = mpsc::unbounded_channel();
        let (failure, _) = watch::channel(None);
        let handle = EngineHandle::new(config, ports, Tell { turns, failure })?;
        Ok((handle, told))
    }

    /// Takes all partitions over and folds them on from their cursors. Returns when all are taken; waits while the store is down.
    pub async fn start(
        config: EngineConfig,
        versions: impl Into<Arc<Versions>>,
        log: Arc<dyn EventLog>,
        store: Arc<dyn StateStore>,
        sinks: Vec<Arc<dyn EmissionSink>>,
    ) -> Result<EngineHandle, EngineError> {
        let partitions = log.partitions();
        let (handle, _) = Self::open(config, versions, log, store, sinks)?;
        let each = (0..partitions).map(|number| handle.take(Partition(number)));
        try_join_all(each).await?;
        Ok(handle)
    }
}
