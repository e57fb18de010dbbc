//! Which engine node holds which partition, as the nodes tell one another. Hints: whoever follows one is told by the node if it is late.

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::{Liveness, Records, Seen};
use tokio::sync::watch;
use types::Partition;

type Addresses = BTreeMap<Partition, Arc<str>>;

/// What is known now.
#[derive(Clone, Debug)]
pub struct Hints(watch::Receiver<Addresses>);

impl Hints {
    /// Follows what the nodes say, for as long as anybody asks. To be called in a runtime.
    pub fn follow(liveness: Arc<dyn Liveness>) -> Self {
        let mut seen = liveness.watch();
        let (addresses, known) = watch::channel(Addresses::new());
        tokio::spawn(async move {
            loop {
                let one = tokio::select! {
                    () = addresses.closed() => return,
                    one = seen.recv() => one,
                };
                match one {
                    Some(Seen::Listed(records)) => note(&addresses, &records),
                    Some(Seen::Beat { .. } | Seen::Sound(_)) => {}
                    None => return,
                }
            }
        });
        Self(known)
    }

    /// The cluster address of the node that holds the partition; none while it moves, or where nobody says so.
    pub(super) fn of(&self, partition: Partition) -> Option<Arc<str>> {
        self.0.borrow().get(&partition).cloned()
    }

    /// Waits until another node than that one holds the partition.
    pub(super) async fn moves(&self, partition: Partition, from: Option<&Arc<str>>) {
        let mut known = self.0.clone();
        let moved = known.wait_for(|addresses| {
            let now = addresses.get(&partition);
            now.is_some() && now != from
        });
        if moved.await.is_err() {
            // Nobody will say so any more.
            std::future::pending::<()>().await;
        }
    }
}

fn note(addresses: &watch::Sender<Addresses>, records: &Records) {
    let of = |process| {
        let mut members = records.members.values();
        let member = members.find(|member| member.process == process)?;
        Some(Arc::clone(&member.address))
    };
    let holders = records.holders.iter();
    let now = holders.filter_map(|(partition, process)| Some((*partition, of(*process)?)));
    let now: Addresses = now.collect();
    addresses.send_if_modified(|known| {
        let other = *known != now;
        *known = now;
        other
    });
}
