//! The state: checkpoints in fjall, written without waiting for the disk and synced in the background.

mod background;
pub(crate) mod keys;
mod open;
mod writer;

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fjall::Keyspace;
use ports::{Cas, Due, Entity, Head, Over, Row, Stamp, StateStore, StoreError};
use tokio::sync::{mpsc, oneshot};
use types::Partition;

use crate::error::OpenError;
use crate::folder::FolderLock;
use writer::{Below, Request, Shared};

pub(crate) use open::{Spaces, check, empty};

/// The folder's name in the data folder.
pub(crate) const FOLDER: &str = "state";
/// Bytes of the block cache where none are named.
pub(crate) const CACHE_BYTES: u64 = 64 << 20;
/// Writes that wait for the writer; then callers wait before queueing.
const QUEUE_WRITES: usize = 64;
/// A write that is not answered by then may or may not have landed.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The store on local disk.
///
/// Rows survive the process at once and a power cut after the next background sync, a second at most while writes flow. Until then a
/// power cut loses the newest writes in order, heads included, so a head never vouches for rows that are gone.
/// Dropping it waits for what is queued and syncs.
pub struct FjallStore {
    shared: Arc<Shared>,
    requests: Option<mpsc::Sender<Request>>,
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    _lock: Arc<FolderLock>,
}

impl FjallStore {
    pub(crate) fn open(
        folder: &Path,
        incarnation: u64,
        partitions: u16,
        cache_bytes: u64,
        folder_lock: Arc<FolderLock>,
    ) -> Result<Self, OpenError> {
        let opening = || open::open(folder, incarnation, partitions, cache_bytes);
        let (spaces, known) = background::run(opening).map_err(OpenError::io(folder))??;
        let shared = Arc::new(Shared {
            spaces,
            known: known.into_iter().map(RwLock::new).collect(),
            busy: Mutex::new(None),
        });
        let (requests, queue) = mpsc::channel(QUEUE_WRITES);
        let (stop, stopped) = std::sync::mpsc::channel();
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(name.to_owned());
            let thread = thread.spawn(|| {
                background::step_back();
                work();
            });
            thread.map_err(OpenError::io(folder))
        };
        let (for_writer, for_sync) = (Arc::clone(&shared), Arc::clone(&shared));
        let threads = vec![
            spawn(
                "state-writer",
                Box::new(move || writer::run(&for_writer, queue)),
            )?,
            spawn(
                "state-sync",
                Box::new(move || writer::sync_often(&for_sync, &stopped)),
            )?,
        ];
        Ok(Self {
            shared,
            requests: Some(requests),
            stop: Some(stop),
            threads,
            _lock: folder_lock,
        })
    }

    /// Its tables.
    pub(crate) fn spaces(&self) -> &Spaces {
        &self.shared.spaces
    }

    fn checked(&self, partition: Partition) -> Result<(), StoreError> {
        if usize::from(partition.0) < self.shared.known.len() {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!(
            "partition {partition} of a store with {}",
            self.shared.known.len()
        )))
    }

    /// Hands a request to the writer and waits for its answer.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let requests = self.requests.as_ref().ok_or_else(closed)?;
        requests.send(request(answer)).await.map_err(|_| closed())?;
        match tokio::time::timeout(ANSWER_WITHIN, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(StoreError::Unknown("the store closed".to_owned())),
            Err(_) => Err(StoreError::Unknown(
                "the state's writer is stalled".to_owned(),
            )),
        }
    }

    /// Reads off the async threads.
    async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || read(&shared))
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

#[async_trait]
impl StateStore for FjallStore {
    async fn head(&self, partition: Partition) -> Result<Option<Head>, StoreError> {
        self.checked(partition)?;
        Ok(read(&self.shared.known[usize::from(partition.0)])
            .head
            .clone())
    }

    async fn set_head(
        &self,
        partition: Partition,
        over: Over,
        head: Head,
    ) -> Result<Cas, StoreError> {
        self.checked(partition)?;
        let request = |answer| Request::SetHead {
            partition,
            over,
            head,
            answer,
        };
        self.ask(request).await
    }

    async fn snapshots(
        &self,
        partition: Partition,
        entities: &[Entity],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys: Vec<Vec<u8>> = entities
            .iter()
            .map(|entity| keys::entity(partition, entity))
            .collect();
        self.look(move |shared| rows(&shared.spaces.snap, &keys))
            .await
    }

    async fn segments(
        &self,
        partition: Partition,
        entity: &Entity,
        numbers: &[u32],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys: Vec<Vec<u8>> = numbers
            .iter()
            .map(|number| keys::segment(partition, entity, *number))
            .collect();
        self.look(move |shared| rows(&shared.spaces.journal, &keys))
            .await
    }

    async fn outbox(
        &self,
        partition: Partition,
        from: u64,
        to: u64,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = keys::outbox(partition, from)..keys::outbox(partition, to);
        self.look(move |shared| {
            let rows = shared.spaces.outbox.range(range).map(|row| {
                let (key, value) = row.into_inner().map_err(|error| unread(&error))?;
                let number = keys::outbox_number(&key).ok_or_else(damaged)?;
                Ok((number, unstamped(value)?))
            });
            rows.collect()
        })
        .await
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<(Entity, Bytes)>, StoreError> {
        let prefix = keys::partition(partition);
        self.look(move |shared| {
            let rows = shared.spaces.quarantine.prefix(prefix).map(|row| {
                let (key, value) = row.into_inner().map_err(|error| unread(&error))?;
                let entity = keys::entity_of(&key).ok_or_else(damaged)?;
                Ok((entity, unstamped(value)?))
            });
            rows.collect()
        })
        .await
    }

    async fn entities(
        &self,
        partition: Partition,
        after: Option<&Entity>,
        limit: usize,
    ) -> Result<Vec<Entity>, StoreError> {
        let prefix = keys::partition(partition);
        let after = after.map(|entity| keys::entity(partition, entity));
        self.look(move |shared| {
            let from = after.clone().unwrap_or_else(|| prefix.to_vec());
            let rows = shared.spaces.snap.range(from..).map(|row| row.key());
            let mut entities = Vec::new();
            for key in rows {
                let key = key.map_err(|error| unread(&error))?;
                if entities.len() == limit || !key.starts_with(&prefix) {
                    break;
                }
                if after.as_deref() != Some(&*key) {
                    entities.push(keys::entity_of(&key).ok_or_else(damaged)?);
                }
            }
            Ok(entities)
        })
        .await
    }

    async fn due(
        &self,
        partition: Partition,
        from: u32,
        to: u32,
        after: Option<&Due>,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let after = after.map(|after| keys::due(partition, after));
        let prefix = keys::partition(partition);
        self.look(move |shared| {
            let from = keys::due_from(partition, from);
            let start = after.as_ref().map_or(&from, |after| after.max(&from));
            let mut found = Vec::new();
            for row in shared.spaces.due.range(start.clone()..) {
                let key = row.key().map_err(|error| unread(&error))?;
                if found.len() == limit || !key.starts_with(&prefix) {
                    break;
                }
                let due = keys::due_of(&key).ok_or_else(damaged)?;
                if due.minute > to {
                    break;
                }
                if after.as_deref() != Some(&*key) {
                    found.push(due);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn write(
        &self,
        partition: Partition,
        stamp: Stamp,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        self.checked(partition)?;
        let request = |answer| Request::Write {
            partition,
            stamp,
            rows,
            answer,
        };
        self.ask(request).await
    }

    async fn forget_outbox(&self, partition: Partition, below: u64) -> Result<(), StoreError> {
        self.checked(partition)?;
        let below = Below::Outbox(below);
        let request = |answer| Request::Forget {
            partition,
            below,
            answer,
        };
        self.ask(request).await
    }

    async fn forget_due(&self, partition: Partition, below: u32) -> Result<(), StoreError> {
        self.checked(partition)?;
        let below = Below::Due(below);
        let request = |answer| Request::Forget {
            partition,
            below,
            answer,
        };
        self.ask(request).await
    }
}

impl Drop for FjallStore {
    fn drop(&mut self) {
        self.requests = None;
        self.stop = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the state ended by a panic");
            }
        }
    }
}

fn rows(space: &Keyspace, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>, StoreError> {
    let row = |key: &Vec<u8>| {
        let value = space.get(key).map_err(|error| unread(&error))?;
        value.map(unstamped).transpose()
    };
    keys.iter().map(row).collect()
}

fn unstamped(value: fjall::Slice) -> Result<Bytes, StoreError> {
    keys::bytes_of(Bytes::from_owner(value)).ok_or_else(damaged)
}

fn damaged() -> StoreError {
    StoreError::Corrupt("a row of the state: stop, move the folder state away, start".to_owned())
}

/// A read failed.
fn unread(error: &fjall::Error) -> StoreError {
    match error {
        fjall::Error::Poisoned | fjall::Error::Io(_) => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Corrupt(format!(
            "{error}: stop, move the folder state away, start: it is folded anew from the log"
        )),
    }
}

/// A write failed.
fn unknown(error: &fjall::Error) -> StoreError {
    match error {
        fjall::Error::Poisoned => StoreError::Unavailable(
            "an earlier write to the state failed: restart the process".to_owned(),
        ),
        _ => StoreError::Unknown(error.to_string()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(value: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    value.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(value: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    value.write().unwrap_or_else(PoisonError::into_inner)
}
