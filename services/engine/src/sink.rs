//! Emissions to a gateway over gRPC.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use ports::{EmissionSink, Outgoing, SinkError, SinkStream};
use proto::emission::v1::emission_service_client::EmissionServiceClient;
use proto::emission::v1::{DeliverRequest, DeliverResponse, Emission, EmissionBatch};
use telemetry::names;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};
use types::{Epoch, Event, Partition};

/// Batches that wait in a stream on this side; then the relay waits.
const BATCHES: usize = 16;
/// Acknowledgements that wait to be taken. They are cumulative and small.
const ACKS: usize = 64;
/// Bodies of one message stay below this, so that it fits a receiver's 4 MiB.
const MESSAGE_BYTES: usize = 1 << 20;
/// How long connecting, and opening a stream, may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that answers no ping for so long is broken: the emissions go over another.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The text is no address of a gateway.
#[derive(Debug, thiserror::Error)]
#[error("not an endpoint such as http://127.0.0.1:9001: {0}")]
pub struct EndpointError(#[from] tonic::transport::Error);

/// A gateway behind an address. Connects when a stream is first opened, and again after a break; all streams share a connection.
#[derive(Debug)]
pub struct GrpcSink {
    name: Box<str>,
    types: BTreeSet<Box<str>>,
    client: EmissionServiceClient<Channel>,
}

impl GrpcSink {
    /// A sink that takes emissions of these types. Doesn't connect yet.
    pub fn new<'a>(
        name: &str,
        endpoint: &str,
        types: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, EndpointError> {
        let channel = Endpoint::from_shared(endpoint.to_owned())?
            .connect_timeout(OPEN_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .connect_lazy();
        Ok(Self {
            name: name.into(),
            types: types.into_iter().map(Into::into).collect(),
            client: EmissionServiceClient::new(channel),
        })
    }
}

#[async_trait]
impl EmissionSink for GrpcSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn takes(&self, kind: &str) -> bool {
        // Whoever keeps anything of a player has to hear that it is to be forgotten.
        kind == Event::ERASED || self.types.contains(kind)
    }

    async fn open(&self, partition: Partition, epoch: Epoch) -> Result<SinkStream, SinkError> {
        let (requests, outgoing) = mpsc::channel(BATCHES);
        let mut client = self.client.clone();
        let opened = client.deliver(ReceiverStream::new(outgoing));
        let responses = tokio::time::timeout(OPEN_TIMEOUT, opened)
            .await
            .map_err(|_| SinkError::Unavailable(format!("no answer in {OPEN_TIMEOUT:?}")))?
            .map_err(|status| SinkError::Unavailable(status.to_string()))?
            .into_inner();
        let (batches, relayed) = mpsc::channel(1);
        let (taken, acks) = mpsc::channel(ACKS);
        let link = Link {
            sink: self.name.clone(),
            partition,
            epoch,
        };
        tokio::spawn(link.run(relayed, requests, responses, taken));
        Ok(SinkStream { batches, acks })
    }
}

/// One open stream.
struct Link {
    sink: Box<str>,
    partition: Partition,
    epoch: Epoch,
}

impl Link {
    /// Forwards until either side ends; then both ends of the stream close.
    async fn run(
        self,
        relayed: mpsc::Receiver<Vec<Outgoing>>,
        requests: mpsc::Sender<DeliverRequest>,
        responses: Streaming<DeliverResponse>,
        acks: mpsc::Sender<u64>,
    ) {
        let open = metrics::gauge!(names::SINK_STREAMS, "sink" => self.sink.to_string());
        open.increment(1.0);
        tokio::select! {
            () = self.forward(relayed, requests) => {}
            () = self.back(responses, &acks) => {}
            () = acks.closed() => {}
        }
        open.decrement(1.0);
    }

    async fn forward(
        &self,
        mut relayed: mpsc::Receiver<Vec<Outgoing>>,
        requests: mpsc::Sender<DeliverRequest>,
    ) {
        let sent = metrics::counter!(names::SINK_SENT, "sink" => self.sink.to_string());
        while let Some(batch) = relayed.recv().await {
            sent.increment(batch.len() as u64);
            for emissions in split(batch) {
                let batch = EmissionBatch {
                    partition: self.partition.0.into(),
                    epoch: self.epoch.0,
                    emissions,
                };
                let request = DeliverRequest { batch: Some(batch) };
                if requests.send(request).await.is_err() {
                    return;
                }
            }
        }
        // No more to send: the gateway ends its side after the last acknowledgement.
        drop(requests);
        std::future::pending().await
    }

    async fn back(&self, mut responses: Streaming<DeliverResponse>, acks: &mpsc::Sender<u64>) {
        let broken = loop {
            match responses.message().await {
                Ok(Some(response)) => {
                    let Some(ack) = response.ack else { continue };
                    if acks.send(ack.seq).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(status) => break status,
            }
        };
        metrics::counter!(names::SINK_BROKEN, "sink" => self.sink.to_string()).increment(1);
        tracing::warn!(
            sink = %self.sink, partition = self.partition.0, epoch = self.epoch.0, status = %broken,
            "delivery broken: what is not acknowledged is sent again"
        );
    }
}

/// Messages of at most [`MESSAGE_BYTES`], in order; an emission alone may be larger.
fn split(batch: Vec<Outgoing>) -> Vec<Vec<Emission>> {
    let mut messages = Vec::new();
    let mut bytes = MESSAGE_BYTES;
    for outgoing in batch {
        let length = outgoing.body.len() + outgoing.player.len() + 256;
        bytes += length;
        if bytes > MESSAGE_BYTES {
            messages.push(Vec::new());
            bytes = length;
        }
        if let Some(last) = messages.last_mut() {
            last.push(emission(outgoing));
        }
    }
    messages
}

fn emission(outgoing: Outgoing) -> Emission {
    Emission {
        seq: outgoing.sequence,
        id: outgoing.id.into(),
        r#type: outgoing.kind.into(),
        player: outgoing.player.into(),
        accepted_at: outgoing.accepted_at.map(crate::cluster::timestamp),
        body: outgoing.body.into(),
        brand: outgoing.brand.into(),
        traceparent: outgoing.traceparent.map(Into::into).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MESSAGE_BYTES, Outgoing, split};

    fn outgoing(sequence: u64, bytes: usize) -> Outgoing {
        Outgoing {
            sequence,
            id: "id".into(),
            kind: "tier_changed".into(),
            brand: "brand".into(),
            player: "player".into(),
            accepted_at: None,
            traceparent: None,
            body: vec![0; bytes].into(),
        }
    }

    #[test]
    fn messages_are_bounded_and_keep_the_order() {
        let sizes = [
            10,
            MESSAGE_BYTES / 2,
            MESSAGE_BYTES / 2,
            2 * MESSAGE_BYTES,
            10,
        ];
        let batch = sizes.iter().zip(1..).map(|(&bytes, n)| outgoing(n, bytes));
        let messages = split(batch.collect());
        let sequences: Vec<Vec<u64>> = messages
            .iter()
            .map(|message| message.iter().map(|e| e.seq).collect())
            .collect();
        assert_eq!(sequences, [vec![1, 2], vec![3], vec![4], vec![5]]);
    }
}
