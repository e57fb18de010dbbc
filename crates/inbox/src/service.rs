//! The gRPC side: `EmissionService.Deliver` into an inbox.

use std::pin::Pin;

use proto::emission::v1::emission_service_server::EmissionService;
use proto::emission::v1::{Ack, DeliverRequest, DeliverResponse, Emission, EmissionBatch};
use telemetry::trace;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::Span;

use crate::inbox::{Inbox, Receipt};
use crate::projection::Projection;

/// Batches of one stream that wait to be acknowledged; then the stream is not read on.
const BATCHES: usize = 32;
/// A longer id is not ours.
const ID_BYTES: usize = 128;

/// Receives emissions for an inbox.
pub struct Receiver<P> {
    inbox: Inbox<P>,
    shutdown: CancellationToken,
}

impl<P: Projection> Receiver<P> {
    /// Ends its streams when `shutdown` is cancelled: an open stream would hold up the server for ever.
    pub fn new(inbox: Inbox<P>, shutdown: CancellationToken) -> Self {
        Self { inbox, shutdown }
    }
}

/// A batch on its way: the last sequence in it, and the promise that it becomes durable.
type Pending = Result<(u64, Receipt), Status>;

#[tonic::async_trait]
impl<P: Projection> EmissionService for Receiver<P> {
    type DeliverStream = Pin<Box<dyn Stream<Item = Result<DeliverResponse, Status>> + Send>>;

    async fn deliver(
        &self,
        request: Request<Streaming<DeliverRequest>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let (pending, acks) = mpsc::channel::<Pending>(BATCHES);
        let (inbox, shutdown) = (self.inbox.clone(), self.shutdown.clone());
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = receive(inbox, request.into_inner(), &pending) => ended,
                () = shutdown.cancelled() => Err(Status::unavailable("the gateway is stopping")),
            };
            if let Err(status) = ended {
                // The stream may be gone already; then nobody waits for the reason.
                let _gone = pending.send(Err(status)).await;
            }
        });
        let acks = ReceiverStream::new(acks).then(|pending| async move {
            let (seq, receipt) = pending?;
            let durable = receipt.durable().await;
            durable.map_err(|error| Status::unavailable(error.to_string()))?;
            Ok(DeliverResponse {
                ack: Some(Ack { seq }),
            })
        });
        Ok(Response::new(Box::pin(acks)))
    }
}

/// Submits batches until the stream ends. Batches are submitted in order, so acknowledgements are cumulative.
async fn receive<P: Projection>(
    inbox: Inbox<P>,
    mut stream: Streaming<DeliverRequest>,
    pending: &mpsc::Sender<Pending>,
) -> Result<(), Status> {
    let mut order = Order::default();
    while let Some(request) = stream.message().await? {
        let batch = request.batch.unwrap_or_default();
        let Some(last) = order.check(&batch)? else {
            continue;
        };
        for emission in &batch.emissions {
            span_of(emission).in_scope(|| tracing::debug!("emission received"));
        }
        let receipt = inbox
            .submit(batch.emissions)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        if pending.send(Ok((last, receipt))).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// What happens to an emission here, as a part of the trace of the request that caused it.
fn span_of(emission: &Emission) -> Span {
    let span = tracing::debug_span!("emission", id = emission.id, kind = emission.r#type);
    if !span.is_disabled() {
        trace::adopt(&span, &emission.traceparent);
    }
    span
}

/// What a stream must keep to.
#[derive(Default)]
struct Order {
    tenure: Option<(u32, u64)>,
    last: Option<u64>,
}

impl Order {
    /// The last sequence of a batch that keeps the order; `None` for an empty one.
    fn check(&mut self, batch: &EmissionBatch) -> Result<Option<u64>, Status> {
        let tenure = (batch.partition, batch.epoch);
        if *self.tenure.get_or_insert(tenure) != tenure {
            return Err(Status::invalid_argument("one partition and epoch a stream"));
        }
        for emission in &batch.emissions {
            if self.last.is_some_and(|last| emission.seq <= last) {
                return Err(Status::invalid_argument("seq must rise"));
            }
            if emission.id.is_empty() || emission.id.len() > ID_BYTES {
                return Err(Status::invalid_argument("id: 1 to 128 bytes"));
            }
            self.last = Some(emission.seq);
        }
        Ok(batch.emissions.last().map(|emission| emission.seq))
    }
}
