//! Where emissions go.

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::mpsc;
use types::{Epoch, Partition, Timestamp};

/// A gateway that takes emissions of some types.
///
/// A receiver acknowledges an emission after it is durable there, keyed by its id; what it has already it acknowledges again and
/// acts on once. Sending anything again, in any epoch, is therefore harmless.
#[async_trait]
pub trait EmissionSink: Send + Sync {
    /// Its name: `notifications`, `bonus-engine`. Fixed, since heads count by it.
    fn name(&self) -> &str;

    /// Whether it takes emissions of this type.
    fn takes(&self, kind: &str) -> bool;

    /// An ordered stream for one tenure of a partition.
    async fn open(&self, partition: Partition, epoch: Epoch) -> Result<SinkStream, SinkError>;
}

/// Both ends of an open stream. It is broken when `acks` ends or `batches` closes; open another and send again what is not
/// acknowledged.
#[derive(Debug)]
pub struct SinkStream {
    /// Emissions, in order of their sequence. Bounded: waits while the receiver is behind.
    pub batches: mpsc::Sender<Vec<Outgoing>>,
    /// Cumulative acknowledgements: every emission up to this sequence is durable at the receiver.
    pub acks: mpsc::Receiver<u64>,
}

/// One emission on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place in this stream, rising.
    pub sequence: u64,
    /// The id that a replay produces again.
    pub id: Box<str>,
    /// Its type.
    pub kind: Box<str>,
    /// The player's brand and id.
    pub brand: Box<str>,
    /// The player's id.
    pub player: Box<str>,
    /// When ingest accepted the event that caused it; absent for what time caused.
    pub accepted_at: Option<Timestamp>,
    /// W3C trace context of the request that brought the event.
    pub traceparent: Option<Box<str>>,
    /// The emission as JSON, the same bytes on every replay.
    pub body: Bytes,
}

/// Why there is no stream.
#[derive(Debug, Error)]
pub enum SinkError {
    /// Not reachable now. Try again with back-off.
    #[error("the gateway is unavailable: {0}")]
    Unavailable(String),
}
