//! Whether log, store and this machine's clock belong together: looked at before anything is written.

use std::time::Duration;

use futures::future::try_join_all;
use ports::{EventLog, Head, ReadError, StateStore, StoreError, is_same_log};
use types::{Partition, Position, Timestamp};

use crate::error::EngineError;
use crate::head::Fold;
use crate::logic::Logic;
use crate::restored::{self, Standing};
use crate::retry::Backoff;

/// How far a clock may be ahead of the log's: stamps of writes rise from it, and every later owner's must be higher.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// At a server's start, before it writes anything to the store: whether each head that is there was folded from this log, and can be
/// read. Waits while log or store do not answer.
///
/// # Errors
/// `ForeignLog`, `Store`.
pub async fn check_store(log: &dyn EventLog, store: &dyn StateStore) -> Result<(), EngineError> {
    let partitions = (0..log.partitions()).map(Partition);
    try_join_all(partitions.map(|partition| check_head(partition, log, store))).await?;
    Ok(())
}

async fn check_head(
    partition: Partition,
    log: &dyn EventLog,
    store: &dyn StateStore,
) -> Result<(), EngineError> {
    let mut backoff = Backoff::default();
    loop {
        match store.head(partition).await {
            Ok(None) => return Ok(()),
            Ok(Some(head)) => match is_of(partition, &head, log).await {
                Ok(belongs) => return belongs,
                Err(error) => tracing::warn!(%partition, %error, "the log is not compared yet"),
            },
            Err(StoreError::Corrupt(why)) => return Err(EngineError::Store { partition, why }),
            Err(error) => tracing::warn!(%partition, %error, "the head is not read yet"),
        }
        backoff.wait().await;
    }
}

/// Whether the head was folded from the log; an error where the log does not say.
async fn is_of(
    partition: Partition,
    head: &Head,
    log: &dyn EventLog,
) -> Result<Result<(), EngineError>, ReadError> {
    let Some(fold) = Fold::decode(&head.fold) else {
        return Ok(Err(other_version(partition)));
    };
    if is_same_log(fold.incarnation, log.incarnation()) {
        return Ok(Ok(()));
    }
    match restored::standing(partition, log, &fold, head.cursor).await {
        Ok(Standing::Foreign { why }) => Ok(Err(EngineError::ForeignLog { partition, why })),
        Ok(Standing::Same(_) | Standing::Other { .. }) => Ok(Ok(())),
        Err(error @ ReadError::Unavailable(_)) => Err(error),
        // What is wrong with the log is said at the takeover.
        Err(_) => Ok(Ok(())),
    }
}

/// A head that this version cannot read.
pub(crate) fn other_version(partition: Partition) -> EngineError {
    EngineError::Store {
        partition,
        why: "the head was written by another version".to_owned(),
    }
}

/// A partition whose log or store has come to a logic version that this process does not have.
pub(crate) fn lacks(partition: Partition, version: u32, logic: &Logic) -> EngineError {
    EngineError::LogicLacking {
        partition,
        version,
        oldest: *logic.versions.start(),
        newest: *logic.versions.end(),
    }
}

/// A partition that has no head is folded from the log's beginning, which must be there.
pub(crate) async fn check_beginning(
    partition: Partition,
    log: &dyn EventLog,
) -> Result<Result<(), EngineError>, ReadError> {
    match restored::first(partition, log).await? {
        Position::START => Ok(Ok(())),
        first => Ok(Err(EngineError::StoreEmpty {
            partition,
            why: ReadError::Truncated { first }.to_string(),
        })),
    }
}

/// Nothing is taken over by a clock that runs ahead of the log's. Where the log has none there is nothing to compare with.
pub(crate) async fn check_clock(
    partition: Partition,
    log: &dyn EventLog,
    now: Timestamp,
) -> Result<Result<(), EngineError>, ReadError> {
    let Some(logs) = log.clock().await? else {
        return Ok(Ok(()));
    };
    let ahead = u64::try_from(now.nanos().saturating_sub(logs.nanos())).unwrap_or(0);
    let ahead = Duration::from_nanos(ahead);
    if ahead <= AHEAD_MAX {
        return Ok(Ok(()));
    }
    Ok(Err(EngineError::ClockAhead {
        partition,
        ahead_s: ahead.as_secs(),
        most_s: AHEAD_MAX.as_secs(),
    }))
}
