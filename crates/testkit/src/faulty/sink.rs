//! A gateway that acknowledges late or not at all, loses what was on its way, and hangs up.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{EmissionSink, Outgoing, SinkError, SinkStream};
use tokio::sync::mpsc;
use types::{Epoch, Partition};

use super::{Crash, Dice, Fault, Link, Service};

/// One emission as it came in, again or for the first time.
#[derive(Clone, Debug)]
pub struct Received {
    /// On which partition's stream.
    pub partition: Partition,
    /// In which tenure.
    pub epoch: Epoch,
    /// What.
    pub outgoing: Outgoing,
}

/// The gateway. What it has received is durable at once.
pub struct FaultySink {
    name: String,
    takes: fn(&str) -> bool,
    received: Arc<Mutex<Vec<Received>>>,
    dice: Arc<Dice>,
    link: Arc<Link>,
}

impl FaultySink {
    /// A gateway that has received nothing.
    pub fn new(name: &str, takes: fn(&str) -> bool, dice: Arc<Dice>) -> Self {
        Self {
            name: name.to_owned(),
            takes,
            received: Arc::default(),
            link: Link::only(Arc::clone(&dice), Arc::<Crash>::default()),
            dice,
        }
    }

    /// The same gateway, reached by another process.
    #[must_use]
    pub fn by(&self, link: &Arc<Link>) -> Self {
        Self {
            name: self.name.clone(),
            takes: self.takes,
            received: Arc::clone(&self.received),
            dice: Arc::clone(&self.dice),
            link: Arc::clone(link),
        }
    }

    /// Everything received so far, repeats included, in order.
    pub fn received(&self) -> Vec<Received> {
        self.received_after(0)
    }

    /// What came after the first so many.
    pub fn received_after(&self, seen: usize) -> Vec<Received> {
        locked(&self.received)
            .get(seen..)
            .map_or_else(Vec::new, <[Received]>::to_vec)
    }
}

#[async_trait]
impl EmissionSink for FaultySink {
    fn name(&self) -> &str {
        &self.name
    }

    fn takes(&self, kind: &str) -> bool {
        (self.takes)(kind)
    }

    async fn open(&self, partition: Partition, epoch: Epoch) -> Result<SinkStream, SinkError> {
        self.dice.pause(20).await;
        let reached = self.link.reach(Service::Gateways).await;
        reached.map_err(SinkError::Unavailable)?;
        if self.dice.strikes(Fault::GatewayRefused) {
            return Err(SinkError::Unavailable("seeded".to_owned()));
        }
        let (batches, inbox) = mpsc::channel(2);
        let (outbox, acks) = mpsc::channel(4);
        let stream = Stream {
            name: self.name.clone(),
            of: (partition, epoch),
            received: Arc::clone(&self.received),
            dice: Arc::clone(&self.dice),
            link: Arc::clone(&self.link),
        };
        tokio::spawn(stream.serve(inbox, outbox));
        Ok(SinkStream { batches, acks })
    }
}

/// The gateway's end of a stream.
struct Stream {
    name: String,
    of: (Partition, Epoch),
    received: Arc<Mutex<Vec<Received>>>,
    dice: Arc<Dice>,
    link: Arc<Link>,
}

impl Stream {
    async fn serve(self, mut inbox: mpsc::Receiver<Vec<Outgoing>>, acks: mpsc::Sender<u64>) {
        while let Some(batch) = inbox.recv().await {
            self.dice.pause(30).await;
            let mut last = None;
            for outgoing in batch {
                if !self.link.is_open(Service::Gateways) || self.dice.strikes(Fault::GatewayHungUp)
                {
                    // Hung up in the middle: the rest of the batch is lost.
                    return;
                }
                last = Some(outgoing.sequence);
                self.take(outgoing);
            }
            let lost = self.dice.strikes(Fault::AckLost);
            let Some(last) = last.filter(|_| !lost) else {
                continue;
            };
            self.dice.pause(30).await;
            let cut = !self.link.is_open(Service::Gateways);
            if cut || acks.send(last).await.is_err() || self.dice.strikes(Fault::GatewayHungUp) {
                return;
            }
        }
    }

    fn take(&self, outgoing: Outgoing) {
        let (partition, epoch) = self.of;
        self.link.note(|| {
            let (name, kind, id) = (&self.name, &outgoing.kind, &outgoing.id);
            format!(
                "-> gateway {name}: {kind} {id} of {} in epoch {epoch} of {partition}",
                outgoing.player
            )
        });
        locked(&self.received).push(Received {
            partition,
            epoch,
            outgoing,
        });
    }
}

fn locked(received: &Mutex<Vec<Received>>) -> MutexGuard<'_, Vec<Received>> {
    received
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
