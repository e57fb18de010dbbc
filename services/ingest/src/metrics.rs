//! How this service counts. The names and their meaning stand in `telemetry::names`.

use std::time::Duration;

use telemetry::names::{
    INGEST_APPEND_DURATION, INGEST_APPENDED, INGEST_APPENDS_FAILED, INGEST_EVENTS,
    INGEST_IN_FLIGHT, INGEST_REJECTED, INGEST_REQUEST_DURATION, INGEST_REQUESTS,
};

pub(crate) fn request(protocol: &'static str, route: &str, status: &str, took: Duration) {
    let route = route.to_owned();
    metrics::counter!(INGEST_REQUESTS, "protocol" => protocol, "route" => route.clone(), "status" => status.to_owned()).increment(1);
    metrics::histogram!(INGEST_REQUEST_DURATION, "protocol" => protocol, "route" => route)
        .record(took);
}

pub(crate) fn events(outcome: &'static str, count: usize) {
    if count > 0 {
        metrics::counter!(INGEST_EVENTS, "outcome" => outcome).increment(count as u64);
    }
}

pub(crate) fn rejected(code: &'static str) {
    metrics::counter!(INGEST_REJECTED, "code" => code).increment(1);
}

pub(crate) fn appended(records: usize, took: Duration) {
    metrics::counter!(INGEST_APPENDED).increment(records as u64);
    metrics::histogram!(INGEST_APPEND_DURATION).record(took);
}

pub(crate) fn append_failed() {
    metrics::counter!(INGEST_APPENDS_FAILED).increment(1);
}

pub(crate) fn in_flight(bytes: usize) {
    metrics::gauge!(INGEST_IN_FLIGHT).set(bytes as f64);
}
