//! What this crate measures, under the names of `telemetry`.

use std::time::Instant;

use ports::StoreError;
use telemetry::names;

use crate::batch::Batch;

/// One request, from asking for it to its outcome.
pub(crate) fn request<T>(kind: &'static str, started: Instant, result: &Result<T, StoreError>) {
    let outcome = match result {
        Ok(_) => "done",
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Unknown(_)) => "unknown",
        Err(StoreError::Corrupt(_)) => "corrupt",
    };
    metrics::histogram!(names::STORE_REQUEST_DURATION, "type" => kind).record(started.elapsed());
    metrics::counter!(names::STORE_REQUESTS, "type" => kind, "outcome" => outcome).increment(1);
}

/// A batch is durable.
pub(crate) fn written(batch: &Batch) {
    let table = batch.place().table.table();
    metrics::counter!(names::STORE_ROWS, "type" => table).increment(batch.lines().len() as u64);
    metrics::counter!(names::STORE_BYTES, "type" => table).increment(batch.bytes() as u64);
}

/// A compare-and-set had an answer: the head is ours, or not.
pub(crate) fn head_set(applied: bool) {
    let outcome = if applied { "applied" } else { "refused" };
    metrics::counter!(names::STORE_HEADS_SET, "outcome" => outcome).increment(1);
}

/// An outcome was lost and found by reading.
pub(crate) fn head_resolved() {
    metrics::counter!(names::STORE_HEADS_RESOLVED).increment(1);
}
