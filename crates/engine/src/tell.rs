//! Tells: what one entity says to another leaves as emissions do, by the outbox, and its gateway is the log.
//!
//! So a tell is sent as soon as it is decided, again until it is acknowledged, has a row where a cut finds it unacknowledged, and is
//! offered again where a snapshot lies past the head. It is acknowledged once it is durable as a record in the partition of the entity
//! that it is for. Repeats are that entity's business: the id is the tell's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ports::{AppendError, EmissionSink, Entity, Entry, EventLog, Outgoing, SinkError, SinkStream};
use progression::{Subject, Tell};
use tokio::sync::mpsc;
use types::{Body, Epoch, Partition, PlayerId, Position, Timestamp};

use crate::config::Clock;
use crate::measure;
use crate::retry::Backoff;
use crate::row::Emitted;

/// The type under which tells stand in the outbox: no emission's.
const KIND: &str = "tell";
/// The name of the log among the sinks.
const SINK: &str = "tells";
/// Batches on their way.
const BATCHES: usize = 2;

/// A tell on its way; `teller` decided it.
pub(crate) fn told(teller: &Entity, tell: &Tell) -> Option<Emitted> {
    let subject = Subject {
        brand: &teller.brand,
        player: &teller.player,
    };
    let event = tell.event(subject)?;
    Some(Emitted {
        id: event.id.as_str().into(),
        kind: KIND.into(),
        entity: Entity {
            brand: teller.brand.clone(),
            player: event.player.clone(),
        },
        accepted_at: None,
        traceparent: None,
        body: events::record::encode(&teller.brand, tell.at(), &event, None),
    })
}

/// Whether a sink takes what stands in the outbox under this type: tells are the log's alone, and nothing else is.
pub(crate) fn takes(sink: &dyn EmissionSink, kind: &str) -> bool {
    (kind == KIND) == (sink.name() == SINK) && sink.takes(kind)
}

/// The log as a gateway.
pub(crate) struct Tells {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
}

#[async_trait]
impl EmissionSink for Tells {
    fn name(&self) -> &str {
        SINK
    }

    fn takes(&self, kind: &str) -> bool {
        kind == KIND
    }

    async fn open(&self, _: Partition, _: Epoch) -> Result<SinkStream, SinkError> {
        let (batches, inbox) = mpsc::channel(BATCHES);
        let (outbox, acks) = mpsc::channel(BATCHES);
        let (log, clock) = (Arc::clone(&self.log), self.clock);
        tokio::task::spawn_local(serve(log, clock, inbox, outbox));
        Ok(SinkStream { batches, acks })
    }
}

/// Appends what comes, and acknowledges it once it is durable. Ends with the tenure.
async fn serve(
    log: Arc<dyn EventLog>,
    clock: Clock,
    mut inbox: mpsc::Receiver<Vec<Outgoing>>,
    acks: mpsc::Sender<u64>,
) {
    while let Some(batch) = inbox.recv().await {
        let Some(last) = batch.last().map(|last| last.sequence) else {
            continue;
        };
        let mut entries: BTreeMap<Partition, Vec<Entry>> = BTreeMap::new();
        for tell in &batch {
            if let Some((partition, entry)) = entry(log.as_ref(), clock, tell) {
                entries.entry(partition).or_default().push(entry);
            }
        }
        for (partition, entries) in entries {
            if !append(log.as_ref(), partition, entries, &acks).await {
                return;
            }
        }
        if acks.send(last).await.is_err() {
            return;
        }
    }
}

/// A tell as it is appended, and where.
fn entry(log: &dyn EventLog, clock: Clock, tell: &Outgoing) -> Option<(Partition, Entry)> {
    let record = events::record::decode(Position::START, Timestamp::MIN, &tell.body);
    let Ok(Body::Event { brand, event, .. }) = record.map(|record| record.body) else {
        tracing::error!(id = %tell.id, "a tell that is no record is passed over");
        return None;
    };
    measure::told(&event.kind);
    let player: &PlayerId = &event.player;
    let partition = events::partition_of(&brand, player, log.partitions());
    // On event time a tell has none of its own and is recorded at the last of its partition: another partition's would make the events
    // that come there after it later than they are.
    let recorded_at = match clock {
        Clock::Event => Some(Timestamp::MIN),
        Clock::Log => None,
    };
    let body = tell.body.clone();
    Some((partition, Entry { recorded_at, body }))
}

/// Until it is durable; `false` where nobody waits for that any more. What may have been appended already is appended again.
async fn append(
    log: &dyn EventLog,
    partition: Partition,
    entries: Vec<Entry>,
    acks: &mpsc::Sender<u64>,
) -> bool {
    let mut backoff = Backoff::default();
    while !acks.is_closed() {
        match log.append(partition, entries.clone()).await {
            Ok(_) => return true,
            Err(
                error @ (AppendError::Full | AppendError::Unavailable(_) | AppendError::Unknown(_)),
            ) => {
                tracing::warn!(%partition, %error, "tells are appended again");
                backoff.wait().await;
            }
        }
    }
    false
}
