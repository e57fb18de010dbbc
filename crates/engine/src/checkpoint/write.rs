//! Writing a cut: rows before snapshots before the head, each until it is known to be durable.

use futures::stream::{self, StreamExt, TryStreamExt};
use ports::{Cas, Head, Over, Row, Stamp, StoreError};

use crate::context::Tenure;
use crate::error::EngineError;
use crate::retry::Backoff;

/// Rows of one write, and writes at once.
const ROWS: usize = 256;
const WRITES: usize = 4;

/// Writes the phases one after the other, then sets the head.
pub(super) async fn write(
    tenure: &Tenure,
    stamp: Stamp,
    phases: [Vec<Row>; 2],
    head: Head,
) -> Result<(), EngineError> {
    for rows in phases {
        write_all(tenure, stamp, rows).await?;
    }
    set_head(tenure, head).await
}

/// Writes any number of rows; returns when all are durable.
pub(crate) async fn write_all(
    tenure: &Tenure,
    stamp: Stamp,
    rows: Vec<Row>,
) -> Result<(), EngineError> {
    // One by one, as they are written: to cut tens of thousands up at once keeps records waiting.
    let mut rows = rows.into_iter();
    let batches = std::iter::from_fn(|| {
        let batch: Vec<Row> = rows.by_ref().take(ROWS).collect();
        (!batch.is_empty()).then_some(batch)
    });
    stream::iter(batches)
        .map(|batch| write_rows(tenure, stamp, batch))
        .buffer_unordered(WRITES)
        .try_collect::<()>()
        .await
}

/// Until it is known to be durable. Unknown outcomes are written again with the same stamp.
async fn write_rows(tenure: &Tenure, stamp: Stamp, rows: Vec<Row>) -> Result<(), EngineError> {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    loop {
        match store.write(tenure.partition, stamp, rows.clone()).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Corrupt(why)) => return Err(tenure.unreadable(why)),
            Err(error) => {
                tracing::warn!(partition = %tenure.partition, %error, "checkpoint rows are written again");
                backoff.wait().await;
            }
        }
    }
}

/// Not applied: this owner is history. Unknown: the head is read again, and where ours does not stand there yet, set again.
pub(crate) async fn set_head(tenure: &Tenure, head: Head) -> Result<(), EngineError> {
    let store = &tenure.ports.store;
    let mut backoff = Backoff::default();
    let (epoch, owner) = (head.epoch, head.owner);
    loop {
        let own = Over::Own { epoch, owner };
        let set = store.set_head(tenure.partition, own, head.clone());
        match set.await {
            Ok(Cas::Applied) => return Ok(()),
            Ok(Cas::Refused(Some(there))) if there == head => return Ok(()),
            Ok(Cas::Refused(None)) => return Err(tenure.head_gone()),
            Ok(Cas::Refused(Some(_))) => return Err(tenure.fenced()),
            Err(StoreError::Corrupt(why)) => return Err(tenure.unreadable(why)),
            Err(error) => {
                tracing::warn!(partition = %tenure.partition, %error, "the head is read again");
                backoff.wait().await;
                match store.head(tenure.partition).await {
                    Ok(Some(there)) if there == head => return Ok(()),
                    Ok(Some(there)) if (there.epoch, there.owner) != (epoch, owner) => {
                        return Err(tenure.fenced());
                    }
                    Ok(None) => return Err(tenure.head_gone()),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(partition = %tenure.partition, %error, "the head is not read");
                    }
                }
            }
        }
    }
}
