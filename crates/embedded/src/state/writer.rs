//! The one thread that writes the state, and the one that syncs it. fjall may sleep inside a commit when its flushes are behind: no
//! async thread may wait for that.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fjall::{Keyspace, OwnedWriteBatch, PersistMode};
use ports::{Cas, Head, Over, Row, Stamp, StoreError};
use tokio::sync::{mpsc, oneshot};
use types::Partition;

use super::keys;
use super::lock;
use super::open::{Known, Spaces, head_key, stamp_key};
use crate::metrics;

/// How often the state is synced while something changes.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Rows forgotten in one batch: a midnight's due rows are as many as there are players.
const FORGOTTEN: usize = 4_096;
/// A write that takes longer than this is reported.
const STALL: Duration = Duration::from_secs(10);

/// What the writer is asked to do.
pub(crate) enum Request {
    /// Rows of one stamp.
    Write {
        partition: Partition,
        stamp: Stamp,
        rows: Vec<Row>,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    /// The head, compared and set.
    SetHead {
        partition: Partition,
        over: Over,
        head: Head,
        answer: oneshot::Sender<Result<Cas, StoreError>>,
    },
    /// Outbox rows below a number, or due rows below a minute, are not needed any more.
    Forget {
        partition: Partition,
        below: Below,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// Up to where rows are forgotten.
pub(crate) enum Below {
    Outbox(u64),
    Due(u32),
}

/// What both threads and the port see.
pub(crate) struct Shared {
    pub(crate) spaces: Spaces,
    pub(crate) known: Vec<RwLock<Known>>,
    /// Since when the writer is inside fjall; `None` where it is not.
    pub(crate) busy: Mutex<Option<Instant>>,
}

/// Serves until every sender is gone, then syncs.
pub(crate) fn run(shared: &Shared, mut requests: mpsc::Receiver<Request>) {
    while let Some(request) = requests.blocking_recv() {
        *lock(&shared.busy) = Some(Instant::now());
        serve(shared, request);
        *lock(&shared.busy) = None;
    }
    if let Err(error) = shared.spaces.db.persist(PersistMode::SyncAll) {
        tracing::error!(%error, "the last sync of the state failed; what is missing is folded again from the log");
    }
}

fn serve(shared: &Shared, request: Request) {
    // Who does not wait any more does not need the answer.
    match request {
        Request::Write {
            partition,
            stamp,
            rows,
            answer,
        } => drop(answer.send(write(shared, partition, stamp, rows))),
        Request::SetHead {
            partition,
            over,
            head,
            answer,
        } => drop(answer.send(set_head(shared, partition, over, head))),
        Request::Forget {
            partition,
            below,
            answer,
        } => drop(answer.send(forget(shared, partition, below))),
    }
}

/// One batch: all rows land together.
fn write(
    shared: &Shared,
    partition: Partition,
    stamp: Stamp,
    rows: Vec<Row>,
) -> Result<(), StoreError> {
    let started = Instant::now();
    let count = rows.len();
    let known = &shared.known[usize::from(partition.0)];
    let highest = super::read(known).stamp;
    let mut batch = batch(shared);
    for row in rows {
        let (space, key, bytes) = match row {
            Row::Snapshot { entity, bytes } => {
                (&shared.spaces.snap, keys::entity(partition, &entity), bytes)
            }
            Row::Segment {
                entity,
                number,
                bytes,
            } => (
                &shared.spaces.journal,
                keys::segment(partition, &entity, number),
                bytes,
            ),
            Row::Outbox { number, bytes } => (
                &shared.spaces.outbox,
                keys::outbox(partition, number).to_vec(),
                bytes,
            ),
            Row::Due(due) => (&shared.spaces.due, keys::due(partition, &due), Bytes::new()),
            Row::Quarantine { entity, bytes } => (
                &shared.spaces.quarantine,
                keys::entity(partition, &entity),
                bytes,
            ),
        };
        // Nothing in the partition is newer than the highest stamp: only an older one has to look.
        if stamp >= highest || wins(space, &key, stamp)? {
            batch.insert(space, key, keys::stamped(stamp, &bytes));
        }
    }
    if stamp > highest {
        batch.insert(
            &shared.spaces.heads,
            stamp_key(partition),
            stamp.0.to_be_bytes(),
        );
    }
    batch.commit().map_err(|error| super::unknown(&error))?;
    let mut known = super::write(known);
    known.stamp = known.stamp.max(stamp);
    metrics::rows(started.elapsed(), count);
    Ok(())
}

fn wins(space: &Keyspace, key: &[u8], stamp: Stamp) -> Result<bool, StoreError> {
    let standing = space.get(key).map_err(|error| super::unread(&error))?;
    Ok(standing
        .and_then(|value| keys::stamp_of(&value))
        .is_none_or(|standing| standing <= stamp))
}

fn set_head(
    shared: &Shared,
    partition: Partition,
    over: Over,
    head: Head,
) -> Result<Cas, StoreError> {
    let known = &shared.known[usize::from(partition.0)];
    let standing = super::read(known).head.clone();
    if !over.is(standing.as_ref()) {
        return Ok(Cas::Refused(standing));
    }
    let takeover = standing.is_none_or(|standing| standing.epoch != head.epoch);
    let mut batch = batch(shared);
    batch.insert(
        &shared.spaces.heads,
        head_key(partition),
        keys::encode_head(&head),
    );
    batch.commit().map_err(|error| super::unknown(&error))?;
    if takeover {
        // An epoch must not be given out twice, not even over a power cut: gateways elsewhere know streams by it.
        let synced = shared.spaces.db.persist(PersistMode::SyncData);
        synced.map_err(|error| super::unknown(&error))?;
    }
    super::write(known).head = Some(head);
    Ok(Cas::Applied)
}

fn forget(shared: &Shared, partition: Partition, below: Below) -> Result<(), StoreError> {
    let (space, end) = match below {
        Below::Outbox(number) => (
            &shared.spaces.outbox,
            keys::outbox(partition, number).to_vec(),
        ),
        Below::Due(minute) => (&shared.spaces.due, keys::due_from(partition, minute)),
    };
    let mut keys = space
        .range(keys::partition(partition).to_vec()..end)
        .map(|row| row.key().map_err(|error| super::unread(&error)))
        .peekable();
    while keys.peek().is_some() {
        let mut batch = batch(shared);
        for key in keys.by_ref().take(FORGOTTEN) {
            batch.remove(space, key?);
        }
        batch.commit().map_err(|error| super::unknown(&error))?;
    }
    Ok(())
}

/// A batch that reaches the operating system before its commit returns, and the disk when it is synced next.
fn batch(shared: &Shared) -> OwnedWriteBatch {
    let batch = shared.spaces.db.batch();
    batch.durability(Some(PersistMode::Buffer))
}

/// Syncs what was written, and watches for a stalled writer, until the sender is gone.
pub(crate) fn sync_often(shared: &Arc<Shared>, stop: &Receiver<()>) {
    while stop.recv_timeout(SYNC_EVERY) == Err(RecvTimeoutError::Timeout) {
        let busy = *lock(&shared.busy);
        if let Some(stalled) = busy
            .map(|since| since.elapsed())
            .filter(|took| *took > STALL)
        {
            tracing::error!(
                seconds = stalled.as_secs(),
                "a write to the state does not return: the disk is too slow, or restart the process"
            );
            continue;
        }
        let started = Instant::now();
        match shared.spaces.db.persist(PersistMode::SyncData) {
            Ok(()) => metrics::synced(started.elapsed()),
            Err(error) => tracing::error!(%error, "syncing the state failed: restart the process"),
        }
    }
}
