//! The engine's metrics: `questline_<noun>_<unit>[_total]`, labelled by partition or sink, never by player.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use ports::EmissionSink;
use types::{Partition, Position};

/// Records folded, by outcome.
pub(crate) const EVENTS: &str = "questline_engine_events_total";
/// Log messages between the cursor and the end last seen.
pub(crate) const LAG: &str = "questline_fold_lag_sequences";
/// Sequence of the last log message before which the log may have been truncated.
pub(crate) const FLOOR: &str = "questline_log_floor_sequence";
/// Records read and not yet folded.
pub(crate) const OUTSTANDING: &str = "questline_pump_outstanding_records";
/// Time from a cut to its head, in seconds.
pub(crate) const CHECKPOINT: &str = "questline_checkpoint_duration_seconds";
/// Completed checkpoints.
pub(crate) const CHECKPOINTS: &str = "questline_checkpoints_total";
/// From when the first record folded after a takeover stood in the log until it was folded, in seconds; by whether it was planned.
pub(crate) const PAUSE: &str = "questline_takeover_pause_duration_seconds";
/// Bytes of state that no checkpoint covers.
pub(crate) const DIRTY: &str = "questline_dirty_state_bytes";
/// Players in memory.
pub(crate) const RESIDENT: &str = "questline_resident_players";
/// Bytes of players in memory.
pub(crate) const RESIDENT_BYTES: &str = "questline_resident_state_bytes";
/// Players set aside.
pub(crate) const QUARANTINED: &str = "questline_quarantined_players_total";
/// Players that are set aside now.
pub(crate) const ASIDE: &str = "questline_quarantined_players";
/// Players repaired.
pub(crate) const REPAIRED: &str = "questline_repaired_players_total";
/// Times that a partition found its log restored to an older copy.
pub(crate) const RESTORED: &str = "questline_log_restored_total";
/// Records that could not be read.
pub(crate) const POISON: &str = "questline_poison_records_total";
/// Records folded without what is sealed of them: no key opens it, and the player was not erased.
pub(crate) const UNOPENED: &str = "questline_unopened_records_total";
/// Emissions sent, first time or again.
pub(crate) const SENT: &str = "questline_emissions_sent_total";
/// Emissions acknowledged.
pub(crate) const ACKED: &str = "questline_emissions_acked_total";
/// Emissions not yet acknowledged.
pub(crate) const PENDING: &str = "questline_pending_emissions";
/// From accepted at ingest to acknowledged by the sink, in seconds.
pub(crate) const DELIVERY: &str = "questline_delivery_duration_seconds";
/// Tells that were appended, or tried to be: what one entity says to another.
pub(crate) const TELLS: &str = "questline_tells_appended_total";
/// Outbox rows promised by the head and not found.
pub(crate) const ROWS_LOST: &str = "questline_outbox_rows_lost_total";

/// Outcomes of records, as labels.
pub(crate) const OUTCOMES: [&str; 5] = ["applied", "replayed", "conflict", "refused", "ticked"];

/// One partition's instruments.
pub(crate) struct Measures {
    events: [Counter; 5],
    lag: Gauge,
    floor: Gauge,
    outstanding: Gauge,
    checkpoint: Histogram,
    checkpoints: Counter,
    dirty: Gauge,
    resident: Gauge,
    resident_bytes: Gauge,
    quarantined: Counter,
    aside: Gauge,
    repaired: Counter,
    restored: Counter,
    poison: Counter,
    unopened: Counter,
    rows_lost: Counter,
    lanes: Vec<LaneMeasures>,
}

struct LaneMeasures {
    sent: Counter,
    acked: Counter,
    pending: Gauge,
    delivery: Histogram,
}

/// What a partition looks like now.
pub(crate) struct Levels {
    pub(crate) lag: u64,
    pub(crate) outstanding: usize,
    pub(crate) dirty: usize,
    pub(crate) resident: usize,
    pub(crate) resident_bytes: usize,
    pub(crate) quarantined: usize,
}

/// A tell of this type is on its way into the log.
pub(crate) fn told(kind: &str) {
    counter!(TELLS, "type" => kind.to_owned()).increment(1);
}

impl Measures {
    pub(crate) fn new(partition: Partition, sinks: &[Arc<dyn EmissionSink>]) -> Self {
        let place = partition.to_string();
        let lane = |sink: &Arc<dyn EmissionSink>| {
            let name = sink.name().to_owned();
            LaneMeasures {
                sent: counter!(SENT, "sink" => name.clone()),
                acked: counter!(ACKED, "sink" => name.clone()),
                pending: gauge!(PENDING, "partition" => place.clone(), "sink" => name.clone()),
                delivery: histogram!(DELIVERY, "sink" => name),
            }
        };
        Self {
            events: OUTCOMES.map(|outcome| counter!(EVENTS, "outcome" => outcome)),
            lag: gauge!(LAG, "partition" => place.clone()),
            floor: gauge!(FLOOR, "partition" => place.clone()),
            outstanding: gauge!(OUTSTANDING, "partition" => place.clone()),
            checkpoint: histogram!(CHECKPOINT),
            checkpoints: counter!(CHECKPOINTS),
            dirty: gauge!(DIRTY, "partition" => place.clone()),
            resident: gauge!(RESIDENT, "partition" => place.clone()),
            resident_bytes: gauge!(RESIDENT_BYTES, "partition" => place.clone()),
            quarantined: counter!(QUARANTINED),
            aside: gauge!(ASIDE, "partition" => place.clone()),
            repaired: counter!(REPAIRED),
            restored: counter!(RESTORED),
            poison: counter!(POISON),
            unopened: counter!(UNOPENED),
            rows_lost: counter!(ROWS_LOST),
            lanes: sinks.iter().map(lane).collect(),
        }
    }

    pub(crate) fn folded(&self, outcomes: &[u32; 5]) {
        for (counter, count) in self.events.iter().zip(outcomes) {
            if *count > 0 {
                counter.increment(u64::from(*count));
            }
        }
    }

    pub(crate) fn levels(&self, levels: &Levels) {
        self.lag.set(levels.lag as f64);
        self.outstanding.set(levels.outstanding as f64);
        self.dirty.set(levels.dirty as f64);
        self.resident.set(levels.resident as f64);
        self.resident_bytes.set(levels.resident_bytes as f64);
        self.aside.set(levels.quarantined as f64);
    }

    pub(crate) fn pending(&self, lane: usize, count: u64) {
        self.lanes[lane].pending.set(count as f64);
    }

    /// Everything after this position is in the log.
    pub(crate) fn log_begins(&self, after: Position) {
        self.floor.set(after.sequence as f64);
    }

    pub(crate) fn checkpoint(&self, took: Duration) {
        self.checkpoint.record(took.as_secs_f64());
        self.checkpoints.increment(1);
    }

    /// The partition folds on after it changed hands.
    pub(crate) fn resumed(&self, planned: bool, waited: Duration) {
        histogram!(PAUSE, "planned" => planned.to_string()).record(waited.as_secs_f64());
    }

    pub(crate) fn quarantined(&self) {
        self.quarantined.increment(1);
    }

    pub(crate) fn repaired(&self) {
        self.repaired.increment(1);
    }

    pub(crate) fn restored(&self) {
        self.restored.increment(1);
    }

    pub(crate) fn poison(&self) {
        self.poison.increment(1);
    }

    pub(crate) fn unopened(&self, count: u64) {
        self.unopened.increment(count);
    }

    pub(crate) fn rows_lost(&self, count: u64) {
        self.rows_lost.increment(count);
    }

    pub(crate) fn sent(&self, lane: usize, count: u64) {
        self.lanes[lane].sent.increment(count);
    }

    pub(crate) fn acked(&self, lane: usize, count: u64) {
        self.lanes[lane].acked.increment(count);
    }

    /// `nanos` from accepted to acknowledged; below zero where clocks differ.
    pub(crate) fn delivered(&self, lane: usize, nanos: i64) {
        let nanos = u64::try_from(nanos).unwrap_or(0);
        let taken = Duration::from_nanos(nanos);
        self.lanes[lane].delivery.record(taken.as_secs_f64());
    }
}
