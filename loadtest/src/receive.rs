//! The far end: a gateway that acknowledges at once and remembers what came, so that what was lost or doubled is seen.
//!
//! It keeps nothing durably: it measures the engine, it is no gateway to run.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures::{Stream, StreamExt};
use proto::emission::v1::emission_service_server::EmissionService;
use proto::emission::v1::{Ack, DeliverRequest, DeliverResponse, Emission};
use tonic::{Request, Response, Status, Streaming};

use crate::latency::{Latency, Summary};

/// What came so far.
#[derive(Debug)]
struct Seen {
    ids: HashSet<u128>,
    repeated: u64,
    accepted_to_delivered: Latency,
}

/// The measuring gateway; clones share what they saw.
#[derive(Clone, Debug)]
pub struct Receiver(Arc<Mutex<Seen>>);

/// What a [`Receiver`] saw.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Received {
    /// Different emissions.
    pub emissions: u64,
    /// Emissions that came again: allowed, since an id is acted on once.
    pub repeated: u64,
    /// From the instant ingest accepted the event to the arrival here.
    pub accepted_to_delivered: Summary,
}

impl Receiver {
    /// One that saw nothing yet.
    pub fn new() -> anyhow::Result<Self> {
        let seen = Seen {
            ids: HashSet::new(),
            repeated: 0,
            accepted_to_delivered: Latency::new()?,
        };
        Ok(Self(Arc::new(Mutex::new(seen))))
    }

    /// What came so far.
    pub fn received(&self) -> Received {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Received {
            emissions: seen.ids.len() as u64,
            repeated: seen.repeated,
            accepted_to_delivered: seen.accepted_to_delivered.summary(),
        }
    }

    /// Forgets the latencies, not the ids: the end of the warm-up.
    pub fn forget_latencies(&self) -> anyhow::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .accepted_to_delivered = Latency::new()?;
        Ok(())
    }

    fn take(&self, emissions: &[Emission]) {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for emission in emissions {
            if !seen
                .ids
                .insert(u128::from_str_radix(&emission.id, 16).unwrap_or_default())
            {
                seen.repeated += 1;
                continue;
            }
            if let Some(accepted) = &emission.accepted_at {
                let since = Duration::new(
                    accepted.seconds.unsigned_abs(),
                    accepted.nanos.unsigned_abs(),
                );
                seen.accepted_to_delivered.record(now.saturating_sub(since));
            }
        }
    }
}

#[tonic::async_trait]
impl EmissionService for Receiver {
    type DeliverStream = Pin<Box<dyn Stream<Item = Result<DeliverResponse, Status>> + Send>>;

    async fn deliver(
        &self,
        request: Request<Streaming<DeliverRequest>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let receiver = self.clone();
        let acks = request.into_inner().map(move |message| {
            let emissions = message?
                .batch
                .map(|batch| batch.emissions)
                .unwrap_or_default();
            receiver.take(&emissions);
            let seq = emissions.last().map_or(0, |emission| emission.seq);
            Ok(DeliverResponse {
                ack: Some(Ack { seq }),
            })
        });
        Ok(Response::new(Box::pin(acks)))
    }
}
