//! The far end: a gateway that acknowledges at once and shows what came to who measures.
//!
//! It keeps nothing durably: it measures the engine, it is no gateway to run.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use futures::{Stream, StreamExt};
use proto::emission::v1::emission_service_server::{EmissionService, EmissionServiceServer};
use proto::emission::v1::{Ack, DeliverRequest, DeliverResponse, Emission};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

use crate::latency::{Latency, Summary};

/// What looks at emissions as they come.
pub trait Observe: Send + 'static {
    /// One came so long after 1970.
    fn emission(&mut self, emission: &Emission, now: Duration);
}

/// The measuring gateway; clones share what they saw.
#[derive(Debug)]
pub struct Gateway<O>(Arc<Mutex<O>>);

impl<O> Clone for Gateway<O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<O: Observe> Gateway<O> {
    /// One that shows everything to `observer`.
    pub fn new(observer: O) -> Self {
        Self(Arc::new(Mutex::new(observer)))
    }

    /// Looks at what was seen.
    pub fn with<T>(&self, look: impl FnOnce(&mut O) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Listens there (port 0: any) on a thread of its own: what it has to do must not hold up who sends. Where it listens.
    pub fn listen(&self, at: SocketAddr) -> Result<SocketAddr> {
        let listener = TcpListener::bind(at).with_context(|| format!("cannot listen on {at}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let service = EmissionServiceServer::new(self.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("receiver".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    let server = tonic::transport::Server::builder().add_service(service);
                    server
                        .serve_with_incoming(TcpListenerStream::new(listener))
                        .await?;
                    anyhow::Ok(())
                })
            })?;
        Ok(address)
    }
}

#[tonic::async_trait]
impl<O: Observe> EmissionService for Gateway<O> {
    type DeliverStream = Pin<Box<dyn Stream<Item = Result<DeliverResponse, Status>> + Send>>;

    async fn deliver(
        &self,
        request: Request<Streaming<DeliverRequest>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let gateway = self.clone();
        let acks = request.into_inner().map(move |message| {
            let batch = message?.batch;
            let emissions = batch.map(|batch| batch.emissions).unwrap_or_default();
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            gateway.with(|observer| {
                for emission in &emissions {
                    observer.emission(emission, now);
                }
            });
            let seq = emissions.last().map_or(0, |emission| emission.seq);
            Ok(DeliverResponse {
                ack: Some(Ack { seq }),
            })
        });
        Ok(Response::new(Box::pin(acks)))
    }
}

/// The number that an emission's id is; ids are 32 hex digits.
pub fn id(emission: &Emission) -> u128 {
    u128::from_str_radix(&emission.id, 16).unwrap_or_default()
}

/// When ingest accepted the event that caused it, since 1970; `None` for what time alone caused.
pub fn accepted_at(emission: &Emission) -> Option<Duration> {
    let accepted = emission.accepted_at.as_ref()?;
    Some(Duration::new(
        accepted.seconds.unsigned_abs(),
        accepted.nanos.unsigned_abs(),
    ))
}

/// Sets that the ids are spread over.
const SETS: usize = 1_024;

/// Counts, and measures one delay: what benchmarks need.
#[derive(Debug)]
pub struct Seen {
    /// By their last bits, so that no set is large: one of millions that grows keeps what comes meanwhile waiting for a tenth of a second.
    ids: Vec<HashSet<u128>>,
    emissions: u64,
    repeated: u64,
    accepted_to_delivered: Latency,
}

/// A gateway that counts.
pub type Receiver = Gateway<Seen>;

/// What a [`Receiver`] saw.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Different emissions.
    pub emissions: u64,
    /// Emissions that came again: allowed, since an id is acted on once.
    pub repeated: u64,
    /// From the instant ingest accepted the event to the arrival here.
    pub accepted_to_delivered: Summary,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Result<Self> {
        Ok(Self {
            ids: vec![HashSet::new(); SETS],
            emissions: 0,
            repeated: 0,
            accepted_to_delivered: Latency::new()?,
        })
    }

    /// How many different ones came so far.
    pub fn emissions(&self) -> u64 {
        self.emissions
    }

    /// What came so far.
    pub fn received(&self) -> Received {
        Received {
            emissions: self.emissions,
            repeated: self.repeated,
            accepted_to_delivered: self.accepted_to_delivered.summary(),
        }
    }

    /// Forgets the latencies, not the ids: the end of the warm-up.
    pub fn forget_latencies(&mut self) -> Result<()> {
        self.accepted_to_delivered = Latency::new()?;
        Ok(())
    }
}

impl Observe for Seen {
    fn emission(&mut self, emission: &Emission, now: Duration) {
        let id = id(emission);
        if !self.ids[id as usize % SETS].insert(id) {
            self.repeated += 1;
            return;
        }
        self.emissions += 1;
        if let Some(accepted) = accepted_at(emission) {
            self.accepted_to_delivered
                .record(now.saturating_sub(accepted));
        }
    }
}
