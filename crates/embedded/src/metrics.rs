//! Names of what this crate measures, and the places that measure it.

use std::time::Duration;

/// One group commit, from the first byte written to the sync's return.
const LOG_COMMIT_SECONDS: &str = "questline_log_commit_seconds";
/// Records made durable.
const LOG_RECORDS: &str = "questline_log_records_total";
/// Bytes made durable.
const LOG_BYTES: &str = "questline_log_bytes_total";
/// Groups refused because there was no room.
const LOG_FULL: &str = "questline_log_full_total";
/// Segments removed since nothing needs them any more.
const LOG_SEGMENTS_REMOVED: &str = "questline_log_segments_removed_total";
/// One batch of rows, as the store's writer saw it.
const STORE_WRITE_SECONDS: &str = "questline_store_write_seconds";
/// Rows written.
const STORE_ROWS: &str = "questline_store_rows_total";
/// One background sync of the store.
const STORE_SYNC_SECONDS: &str = "questline_store_sync_seconds";

/// A group is durable.
pub(crate) fn group(took: Duration, records: usize, bytes: usize) {
    metrics::histogram!(LOG_COMMIT_SECONDS).record(took);
    metrics::counter!(LOG_RECORDS).increment(records as u64);
    metrics::counter!(LOG_BYTES).increment(bytes as u64);
}

/// A group found no room.
pub(crate) fn full() {
    metrics::counter!(LOG_FULL).increment(1);
}

/// A segment is gone.
pub(crate) fn removed() {
    metrics::counter!(LOG_SEGMENTS_REMOVED).increment(1);
}

/// Rows are written.
pub(crate) fn rows(took: Duration, rows: usize) {
    metrics::histogram!(STORE_WRITE_SECONDS).record(took);
    metrics::counter!(STORE_ROWS).increment(rows as u64);
}

/// The store is synced.
pub(crate) fn synced(took: Duration) {
    metrics::histogram!(STORE_SYNC_SECONDS).record(took);
}
