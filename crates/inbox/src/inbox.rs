//! The inbox as its gateway uses it, from async code.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use proto::emission::v1::Emission;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::journal::Journal;
use crate::projection::Projection;
use crate::tables::{Reader, Tables};
use crate::writer::{Command, Content, Writer};

/// The journal's folder in an inbox's: all that has to be kept of one, since the tables are folded from it.
pub const JOURNAL: &str = "journal";

/// Batches that wait for the writer; then senders wait.
const QUEUE: usize = 64;

/// A durable inbox and the tables that projection `P` makes of it. Cheap to clone.
pub struct Inbox<P> {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared<P>>,
}

struct Shared<P> {
    tables: Arc<Tables>,
    projection: Arc<P>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    /// Held while the folder is in use.
    _lock: File,
}

impl<P> Clone for Inbox<P> {
    fn clone(&self) -> Self {
        Self {
            commands: self.commands.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

/// The promise of an answer: resolves once everything submitted with it is durable.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<()>);

impl Receipt {
    /// Waits until it is durable.
    pub async fn durable(self) -> Result<(), Error> {
        self.0.await.map_err(|_| Error::Stopped)
    }
}

impl<P: Projection> Inbox<P> {
    /// Opens or makes the inbox in `folder`, and folds what the tables lack. `gateway` labels its metrics.
    pub async fn open(folder: &Path, gateway: &'static str) -> Result<Self, Error> {
        let folder = folder.to_owned();
        blocking(move || Self::open_blocking(&folder, gateway)).await
    }

    fn open_blocking(folder: &Path, gateway: &'static str) -> Result<Self, Error> {
        fs::create_dir_all(folder)?;
        let lock = File::create(folder.join("LOCK"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::Locked(folder.to_owned()),
            TryLockError::Error(error) => Error::Journal(error),
        })?;
        let journal = Journal::open(&folder.join(JOURNAL))?;
        let tables = Arc::new(Tables::open(&folder.join("tables"), P::VERSION)?);
        let projection = Arc::new(P::open(&tables)?);
        let writer = Writer::start(gateway, journal, tables.clone(), projection.clone())?;
        let (commands, waiting) = mpsc::channel(QUEUE);
        // fjall sleeps inside a commit when it is behind, and fdatasync blocks: neither may happen on an async thread.
        let thread = thread::Builder::new()
            .name(format!("inbox-{gateway}"))
            .spawn(move || writer.run(waiting))?;
        Ok(Self {
            commands,
            shared: Arc::new(Shared {
                tables,
                projection,
                thread: Mutex::new(Some(thread)),
                _lock: lock,
            }),
        })
    }

    /// Hands over emissions; waits while the writer is behind. What is submitted first is written first.
    pub async fn submit(&self, batch: Vec<Emission>) -> Result<Receipt, Error> {
        self.send(Content::Emissions(batch)).await
    }

    /// Makes a fact of the gateway's own durable, and folds it.
    pub async fn note(&self, note: Vec<u8>) -> Result<(), Error> {
        self.send(Content::Note(note)).await?.durable().await
    }

    async fn send(&self, content: Content) -> Result<Receipt, Error> {
        let (done, receipt) = oneshot::channel();
        let sent = self.commands.send(Command { content, done }).await;
        sent.map_err(|_| Error::Stopped)?;
        Ok(Receipt(receipt))
    }

    /// Looks at the tables as they are now. Sees whatever was durable before the call.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&P, &Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.shared);
        blocking(move || look(&shared.projection, &shared.tables.read())).await
    }

    /// What folds the records.
    pub fn projection(&self) -> &P {
        &self.shared.projection
    }

    /// Whether it still writes.
    pub fn is_running(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Resolves when it writes no more.
    pub async fn stopped(&self) {
        self.commands.closed().await;
    }

    /// Writes what was handed over before, and ends. Other clones are told that the inbox has stopped.
    pub async fn close(self) -> Result<(), Error> {
        self.send(Content::Close).await?.durable().await?;
        let thread = self
            .shared
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(thread) = thread else { return Ok(()) };
        blocking(move || thread.join().map_err(|_| Error::Stopped)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // A panic in there has been reported by its thread.
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(Error::Stopped))
}
