//! How this crate counts. The names and their meaning stand in `telemetry::names`.

use std::time::Duration;

use ports::{AppendError, Appended, ReadError};
use telemetry::names::{
    LOG_CONSUMERS, LOG_PUBLISH_DURATION, LOG_PUBLISH_REPEATS, LOG_PUBLISHED, LOG_READS_FAILED,
    LOG_TRUNCATED,
};

/// An append has ended.
pub(crate) fn published(outcome: &Result<Appended, AppendError>, records: usize, took: Duration) {
    let label = match outcome {
        Ok(_) => "durable",
        Err(AppendError::Full) => "full",
        Err(AppendError::Unavailable(_)) => "unavailable",
        Err(AppendError::Unknown(_)) => "unknown",
    };
    metrics::histogram!(LOG_PUBLISH_DURATION, "outcome" => label).record(took);
    if outcome.is_ok() {
        metrics::counter!(LOG_PUBLISHED).increment(records as u64);
    }
}

/// A batch goes out again.
pub(crate) fn published_again() {
    metrics::counter!(LOG_PUBLISH_REPEATS).increment(1);
}

/// A consumer was made; why the one before is not used any more.
pub(crate) fn consumer(before: &'static str) {
    metrics::counter!(LOG_CONSUMERS, "outcome" => before).increment(1);
}

/// A reader gave an error.
pub(crate) fn read_failed(error: &ReadError) {
    let label = match error {
        ReadError::Gap { .. } => "gap",
        ReadError::Truncated { .. } => "truncated",
        ReadError::OtherIncarnation => "incarnation",
        ReadError::Unavailable(_) => "unavailable",
    };
    metrics::counter!(LOG_READS_FAILED, "outcome" => label).increment(1);
}

/// Messages were removed below the floor.
pub(crate) fn truncated(messages: u64) {
    metrics::counter!(LOG_TRUNCATED).increment(messages);
}
