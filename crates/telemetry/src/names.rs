//! Every metric: its name, kind and meaning.
//!
//! Grammar: `questline_<noun>_<unit>`, counters end in `_total`, base units (seconds, bytes). Labels have few values: `gateway`,
//! `sink`, `partition`, `type`, `outcome`, `protocol`, `route`, `status`, `code`. Never a player, an event or a grant.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// A distribution.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it counts, in one line.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*
        /// All of them, in the order of this file.
        pub const ALL: &[Metric] = &[$(Metric { name: $name, kind: Kind::$kind, help: $help }),*];
    };
}

metrics! {
    INGEST_REQUESTS = Counter "questline_ingest_requests_total", "Requests, by protocol, route and status.";
    INGEST_REQUEST_DURATION = Histogram "questline_ingest_request_duration_seconds", "From a request's head to its answer, by protocol and route.";
    INGEST_EVENTS = Counter "questline_ingest_events_total", "Events that came, by outcome: accepted, rejected, failed.";
    INGEST_REJECTED = Counter "questline_ingest_events_rejected_total", "Rejected events, by code.";
    INGEST_APPEND_DURATION = Histogram "questline_ingest_append_duration_seconds", "Time until one log message was durable.";
    INGEST_APPENDED = Counter "questline_ingest_records_appended_total", "Records that became durable.";
    INGEST_APPENDS_FAILED = Counter "questline_ingest_appends_failed_total", "Log messages that did not become durable.";
    INGEST_IN_FLIGHT = Gauge "questline_ingest_in_flight_bytes", "Bytes of requests under way.";
    LOG_PUBLISH_DURATION = Histogram "questline_log_publish_duration_seconds", "From handing one batch to the replicated log to its acknowledgement, repeats included, by outcome: durable, full, unavailable, unknown.";
    LOG_PUBLISH_REPEATS = Counter "questline_log_publish_repeats_total", "Batches published again because the first try was not acknowledged.";
    LOG_PUBLISHED = Counter "questline_log_records_published_total", "Records that the replicated log acknowledged.";
    LOG_CONSUMERS = Counter "questline_log_consumers_created_total", "Consumers made to read the replicated log, by outcome of the one before: none, silent, status, order, behind, closed.";
    LOG_READS_FAILED = Counter "questline_log_reads_failed_total", "Readers of the replicated log that ended, by outcome: gap, truncated, incarnation, unavailable.";
    LOG_TRUNCATED = Counter "questline_log_messages_truncated_total", "Log messages removed by the retention floor.";
    STORE_REQUESTS = Counter "questline_store_requests_total", "Requests to the CQL store, by type (write, read, head) and outcome: done, unavailable, unknown, corrupt.";
    STORE_REQUEST_DURATION = Histogram "questline_store_request_duration_seconds", "From a request to the CQL store being due to its outcome, by type.";
    STORE_ROWS = Counter "questline_store_rows_total", "Rows written; in the CQL store by type, the table.";
    STORE_BYTES = Counter "questline_store_bytes_total", "Bytes of rows written to the CQL store, by type, the table.";
    STORE_HEADS_SET = Counter "questline_store_heads_set_total", "Compare-and-sets of heads that the CQL store answered, by outcome: applied, refused.";
    STORE_HEADS_RESOLVED = Counter "questline_store_heads_resolved_total", "Compare-and-sets of heads whose answer was lost and whose outcome was read.";
    SINK_STREAMS = Gauge "questline_sink_streams_open", "Delivery streams that are open, by sink.";
    SINK_SENT = Counter "questline_sink_emissions_sent_total", "Emissions sent to a gateway, repeats included, by sink.";
    SINK_BROKEN = Counter "questline_sink_streams_broken_total", "Delivery streams that a gateway or the network ended, by sink.";
    INBOX_RECEIVED = Counter "questline_inbox_emissions_received_total", "Emissions received, repeats included, by gateway.";
    INBOX_DISTINCT = Counter "questline_inbox_emissions_distinct_total", "Emissions received for the first time, by gateway.";
    INBOX_ALARMS = Counter "questline_inbox_alarms_total", "Known ids that came with another body, by gateway. Above zero: page.";
    INBOX_COMMIT = Histogram "questline_inbox_commit_duration_seconds", "Time to make one group of emissions durable, by gateway.";
    DELIVERY_LATENCY = Histogram "questline_delivery_latency_seconds", "From acceptance by ingest to durable at the gateway, first deliveries only, by gateway.";
    BONUS_CALLS = Counter "questline_bonus_calls_total", "Calls to the operator, by outcome: done, refused, unknown.";
    BONUS_CALL_DURATION = Histogram "questline_bonus_call_duration_seconds", "Time of one call to the operator, by outcome.";
    BONUS_POSTBACKS = Counter "questline_bonus_postbacks_total", "The operator's reports that were brought to the log, by outcome.";
    BONUS_PENDING = Gauge "questline_bonus_calls_pending", "Calls to the operator whose outcome is not known yet and that are held in memory.";
}

/// Tells the recorder what each metric means. Call once, after a recorder is installed.
pub fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Kind};

    #[test]
    fn names_follow_the_grammar_and_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for metric in ALL {
            let name = metric.name;
            assert!(name.starts_with("questline_"), "{name}");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{name}"
            );
            assert_eq!(
                name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{name}"
            );
            let base = name.ends_with("_seconds") || name.ends_with("_bytes");
            assert!(base || metric.kind != Kind::Histogram, "{name}");
            assert!(metric.help.ends_with('.'), "{name}");
            assert!(seen.insert(name), "{name} twice");
        }
    }
}
