//! The metrics of this service: every name, and how it is counted.
//!
//! `questline_<noun>_<unit>[_total]`. Labels are routes, statuses and codes, never a player, an event or a key.

use std::time::Duration;

const REQUESTS: &str = "questline_ingest_requests_total";
const REQUEST_SECONDS: &str = "questline_ingest_request_duration_seconds";
const EVENTS: &str = "questline_ingest_events_total";
const REJECTED: &str = "questline_ingest_events_rejected_total";
const APPEND_SECONDS: &str = "questline_ingest_append_duration_seconds";
const APPEND_RECORDS: &str = "questline_ingest_appended_records_total";
const APPEND_FAILED: &str = "questline_ingest_appends_failed_total";
const IN_FLIGHT: &str = "questline_ingest_in_flight_bytes";

/// Tells the recorder what each metric means. Once, after the recorder is installed.
pub fn describe() {
    metrics::describe_counter!(REQUESTS, "Requests, by protocol, route and status.");
    metrics::describe_histogram!(
        REQUEST_SECONDS,
        "Time from a request's head to its answer, by protocol and route."
    );
    metrics::describe_counter!(EVENTS, "Events, by outcome: accepted, rejected, failed.");
    metrics::describe_counter!(REJECTED, "Rejected events, by code.");
    metrics::describe_histogram!(APPEND_SECONDS, "Time until one log message was durable.");
    metrics::describe_counter!(APPEND_RECORDS, "Records that became durable.");
    metrics::describe_counter!(APPEND_FAILED, "Log messages that did not become durable.");
    metrics::describe_gauge!(IN_FLIGHT, "Bytes of requests under way.");
}

pub(crate) fn request(protocol: &'static str, route: &str, status: &str, took: Duration) {
    let route = route.to_owned();
    metrics::counter!(REQUESTS, "protocol" => protocol, "route" => route.clone(), "status" => status.to_owned()).increment(1);
    metrics::histogram!(REQUEST_SECONDS, "protocol" => protocol, "route" => route).record(took);
}

pub(crate) fn events(outcome: &'static str, count: usize) {
    if count > 0 {
        metrics::counter!(EVENTS, "outcome" => outcome).increment(count as u64);
    }
}

pub(crate) fn rejected(code: &'static str) {
    metrics::counter!(REJECTED, "code" => code).increment(1);
}

pub(crate) fn appended(records: usize, took: Duration) {
    metrics::counter!(APPEND_RECORDS).increment(records as u64);
    metrics::histogram!(APPEND_SECONDS).record(took);
}

pub(crate) fn append_failed() {
    metrics::counter!(APPEND_FAILED).increment(1);
}

pub(crate) fn in_flight(bytes: usize) {
    metrics::gauge!(IN_FLIGHT).set(bytes as f64);
}
