//! A gateway that acknowledges late or not at all, loses what was on its way, and hangs up.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{EmissionSink, Outgoing, SinkError, SinkStream};
use tokio::sync::mpsc;
use types::{Epoch, Partition};

use super::Dice;

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
}

impl FaultySink {
    /// A gateway that has received nothing.
    pub fn new(name: &str, takes: fn(&str) -> bool, dice: Arc<Dice>) -> Self {
        Self {
            name: name.to_owned(),
            takes,
            received: Arc::default(),
            dice,
        }
    }

    /// Everything received so far, repeats included, in order.
    pub fn received(&self) -> Vec<Received> {
        locked(&self.received).clone()
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
        if self.dice.fault(300) {
            return Err(SinkError::Unavailable("seeded".to_owned()));
        }
        let (batches, inbox) = mpsc::channel(2);
        let (outbox, acks) = mpsc::channel(4);
        tokio::spawn(serve(
            (partition, epoch),
            inbox,
            outbox,
            Arc::clone(&self.received),
            Arc::clone(&self.dice),
        ));
        Ok(SinkStream { batches, acks })
    }
}

async fn serve(
    (partition, epoch): (Partition, Epoch),
    mut inbox: mpsc::Receiver<Vec<Outgoing>>,
    acks: mpsc::Sender<u64>,
    received: Arc<Mutex<Vec<Received>>>,
    dice: Arc<Dice>,
) {
    while let Some(batch) = inbox.recv().await {
        dice.pause(30).await;
        let mut last = None;
        for outgoing in batch {
            if dice.fault(10) {
                // Hung up in the middle: the rest of the batch is lost.
                return;
            }
            last = Some(outgoing.sequence);
            locked(&received).push(Received {
                partition,
                epoch,
                outgoing,
            });
        }
        let lost = dice.fault(300);
        let Some(last) = last.filter(|_| !lost) else {
            continue;
        };
        dice.pause(30).await;
        if acks.send(last).await.is_err() || dice.fault(50) {
            return;
        }
    }
}

fn locked(received: &Mutex<Vec<Received>>) -> MutexGuard<'_, Vec<Received>> {
    received
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
