//! One sink's stream for one tenure: sends what is decided, as soon as there is room, and again what a broken stream left open.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use ports::{EmissionSink, SinkStream};
use tokio::sync::Notify;

use crate::context::Tenure;
use crate::outbox::Outbox;
use crate::retry::Backoff;
use crate::row::Emitted;

/// Emissions sent at once, and rows read at once.
const BATCH: usize = 256;

/// What a relay shares with its partition.
pub(crate) struct Relay {
    pub(crate) tenure: Rc<Tenure>,
    pub(crate) outbox: Rc<RefCell<Outbox>>,
    pub(crate) lane: usize,
    pub(crate) sink: Arc<dyn EmissionSink>,
    /// There is something to send.
    pub(crate) wake: Rc<Notify>,
    /// The last emission was acknowledged.
    pub(crate) drained: Rc<Notify>,
}

impl Relay {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        let mut backoff = Backoff::default();
        loop {
            match self
                .sink
                .open(self.tenure.partition, self.tenure.epoch)
                .await
            {
                Ok(stream) => {
                    self.outbox.borrow_mut().rewind(self.lane);
                    if self.carry(stream).await {
                        backoff.reset();
                    }
                    tracing::info!(sink = self.sink.name(), partition = %self.tenure.partition, "stream broken, opening another");
                }
                Err(error) => {
                    tracing::warn!(sink = self.sink.name(), partition = %self.tenure.partition, %error, "no stream");
                }
            }
            backoff.wait().await;
        }
    }

    /// Carries emissions until the stream breaks; says whether any was acknowledged.
    async fn carry(&self, stream: SinkStream) -> bool {
        let SinkStream { batches, mut acks } = stream;
        let window = self.tenure.config.window;
        let mut useful = false;
        loop {
            let unsent = self.outbox.borrow().has_unsent(self.lane, window);
            let rows = self
                .outbox
                .borrow()
                .wanted_rows(self.lane, BATCH as u64, window);
            tokio::select! {
                biased;
                ack = acks.recv() => {
                    let Some(mut sequence) = ack else { return useful };
                    while let Ok(later) = acks.try_recv() {
                        sequence = sequence.max(later);
                    }
                    useful = true;
                    self.acknowledged(sequence);
                }
                permit = batches.reserve(), if unsent => {
                    let Ok(permit) = permit else { return useful };
                    let batch = self.outbox.borrow_mut().take(self.lane, BATCH, window);
                    self.tenure.measures.sent(self.lane, batch.len() as u64);
                    permit.send(batch);
                }
                page = self.read(rows.clone().unwrap_or(0..0)), if !unsent && rows.is_some() => {
                    self.outbox.borrow_mut().fill(self.lane, rows.unwrap_or(0..0), page);
                }
                // Not while rows are read: news would start the reading over, for ever on a busy partition.
                () = self.wake.notified(), if unsent || rows.is_none() => {}
                () = batches.closed() => return useful,
            }
        }
    }

    fn acknowledged(&self, sequence: u64) {
        let (done, drained) = {
            let mut outbox = self.outbox.borrow_mut();
            (outbox.acknowledge(self.lane, sequence), outbox.is_drained())
        };
        self.tenure.measures.acked(self.lane, done.len() as u64);
        let now = (self.tenure.config.now)();
        for item in &done {
            if let Some(accepted) = item.emitted.accepted_at {
                self.tenure
                    .measures
                    .delivered(self.lane, now.nanos() - accepted.nanos());
            }
        }
        if drained {
            self.drained.notify_one();
        }
    }

    /// Rows from the store. One that is missing or unreadable was never promised to be there; it is told and passed.
    async fn read(&self, range: Range<u64>) -> Vec<(u64, Emitted)> {
        let mut backoff = Backoff::default();
        let rows = loop {
            let store = &self.tenure.ports.store;
            match store
                .outbox(self.tenure.partition, range.start, range.end)
                .await
            {
                Ok(rows) => break rows,
                Err(error) => {
                    tracing::warn!(partition = %self.tenure.partition, %error, "outbox rows not read");
                    backoff.wait().await;
                }
            }
        };
        let expected = range.end - range.start;
        let emitted: Vec<_> = rows
            .into_iter()
            .filter_map(|(number, bytes)| Some((number, Emitted::decode(&bytes)?)))
            .collect();
        if (emitted.len() as u64) < expected {
            tracing::error!(partition = %self.tenure.partition, from = range.start, to = range.end, found = emitted.len(), "outbox rows lost");
            self.tenure
                .measures
                .rows_lost(expected - emitted.len() as u64);
        }
        emitted
    }
}
