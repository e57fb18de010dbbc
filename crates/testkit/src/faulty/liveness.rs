//! Nodes that tell one another late, out of order, twice or not at all, and whose connections can be cut.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Liveness, LivenessError, Member, NodeName, OwnerId, Records, Renewal, Seen, Suspicion,
};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use types::Partition;

use super::Dice;

/// Between two listings, and the longest time that a listing or a heartbeat is on its way.
const ROUND: Duration = Duration::from_millis(500);
/// From a change to the listing that shows it.
const SETTLE: Duration = Duration::from_millis(10);
/// The longest time, in milliseconds, after which a call that had no answer is still done.
const LATE_MAX_MS: u64 = 3_000;
/// What a watcher may be behind.
const BACKLOG: usize = 256;

/// One node's connection to the records that all share; [`FaultyLiveness::another`] gives another node's.
pub struct FaultyLiveness {
    shared: Arc<Shared>,
    up: watch::Sender<bool>,
}

struct Shared {
    lease: Duration,
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
    beats: broadcast::Sender<(NodeName, OwnerId)>,
    dice: Arc<Dice>,
}

#[derive(Default)]
struct Kept {
    members: BTreeMap<NodeName, (Member, Instant)>,
    suspicions: Vec<(Suspicion, Instant)>,
    holders: BTreeMap<Partition, OwnerId>,
    revision: u64,
}

/// What is asked of the records.
#[derive(Clone)]
enum Change {
    Renew(NodeName, Member),
    Leave(NodeName, OwnerId),
    Suspect(OwnerId),
    Hold(Partition, OwnerId),
    Release(Partition, OwnerId),
}

impl FaultyLiveness {
    /// The first node's connection; nobody is there yet. `lease` is virtual time where that is paused.
    pub fn new(lease: Duration, dice: Arc<Dice>) -> Self {
        Self {
            shared: Arc::new(Shared {
                lease,
                kept: Mutex::default(),
                changed: watch::Sender::new(()),
                beats: broadcast::Sender::new(BACKLOG),
                dice,
            }),
            up: watch::Sender::new(true),
        }
    }

    /// Another node's connection.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            up: watch::Sender::new(true),
        }
    }

    /// Cuts this node's connection, or mends it: nothing gets through, in either direction.
    pub fn set_cut(&self, cut: bool) {
        self.up.send_replace(!cut);
    }

    /// What stands now.
    pub fn records(&self) -> Records {
        self.shared.kept().list(Instant::now())
    }

    async fn call(&self, change: Change) -> Result<Renewal, LivenessError> {
        let seeded = || Err(LivenessError::Unavailable("seeded".to_owned()));
        let Shared { dice, .. } = &*self.shared;
        dice.pause(20).await;
        if !*self.up.borrow() {
            return Err(LivenessError::Unavailable("cut off".to_owned()));
        }
        if dice.fault(100) {
            if dice.chance(300) {
                let shared = Arc::clone(&self.shared);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(shared.dice.below(LATE_MAX_MS))).await;
                    shared.make(change);
                });
            }
            return seeded();
        }
        let renewal = self.shared.make(change);
        dice.pause(20).await;
        match dice.fault(50) {
            true => seeded(),
            false => Ok(renewal),
        }
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn make(&self, change: Change) -> Renewal {
        let now = Instant::now();
        let renewal = self.kept().make(change, now, now + self.lease);
        self.changed.send_replace(());
        renewal
    }

    /// Lets something go to a watcher, at once or late, and overtaken then.
    fn deliver(self: &Arc<Self>, seen: Seen, to: &mpsc::Sender<Seen>) {
        if self.dice.is_calm() {
            // A watcher that does not keep up loses it.
            drop(to.try_send(seen));
            return;
        }
        let (shared, to) = (Arc::clone(self), to.clone());
        let most = u64::try_from(ROUND.as_millis()).unwrap_or(u64::MAX);
        tokio::spawn(async move {
            shared.dice.pause(most).await;
            drop(to.try_send(seen));
        });
    }

    /// Serves one watcher until it is dropped.
    async fn serve(self: Arc<Self>, mut up: watch::Receiver<bool>, to: mpsc::Sender<Seen>) {
        let mut beats = self.beats.subscribe();
        let mut changed = self.changed.subscribe();
        let mut said = false;
        loop {
            let sound = *up.borrow_and_update();
            if sound != said && to.send(Seen::Sound(sound)).await.is_err() {
                return;
            }
            said = sound;
            if sound && !self.dice.fault(200) {
                let records = self.kept().list(Instant::now());
                self.deliver(Seen::Listed(records), &to);
            }
            let next = Instant::now() + ROUND;
            loop {
                tokio::select! {
                    biased;
                    () = to.closed() => return,
                    cut = up.changed() => match cut {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    _ = changed.changed() => {
                        sleep(SETTLE).await;
                        break;
                    }
                    beat = beats.recv() => {
                        if let Ok((name, process)) = beat
                            && sound
                            && !self.dice.fault(100)
                        {
                            self.deliver(Seen::Beat { name, process }, &to);
                        }
                    }
                    () = sleep_until(next) => break,
                }
            }
        }
    }
}

impl Kept {
    fn expire(&mut self, now: Instant) {
        self.members.retain(|_, (_, ends)| *ends > now);
        self.suspicions.retain(|(_, ends)| *ends > now);
    }

    fn list(&mut self, now: Instant) -> Records {
        self.expire(now);
        let members = self.members.iter();
        Records {
            members: members
                .map(|(name, (member, _))| (name.clone(), member.clone()))
                .collect(),
            suspicions: self.suspicions.iter().map(|(told, _)| *told).collect(),
            holders: self.holders.clone(),
        }
    }

    fn make(&mut self, change: Change, now: Instant, ends: Instant) -> Renewal {
        self.expire(now);
        self.revision += 1;
        match change {
            Change::Renew(name, member) => {
                let standing = self.members.get(&name).map(|(standing, _)| standing);
                if let Some(other) = standing.filter(|other| other.process != member.process) {
                    return Renewal::Refused {
                        standing: other.clone(),
                    };
                }
                self.members.insert(name, (member, ends));
            }
            Change::Leave(name, process) => {
                self.members
                    .retain(|of, (member, _)| *of != name || member.process != process);
            }
            Change::Suspect(process) => {
                if !self.suspicions.iter().any(|told| told.0.process == process) {
                    let revision = self.revision;
                    self.suspicions
                        .push((Suspicion { revision, process }, ends));
                }
            }
            Change::Hold(partition, process) => {
                self.holders.insert(partition, process);
            }
            Change::Release(partition, process) => {
                self.holders
                    .retain(|of, holder| *of != partition || *holder != process);
            }
        }
        Renewal::Renewed
    }
}

#[async_trait]
impl Liveness for FaultyLiveness {
    fn lease(&self) -> Duration {
        self.shared.lease
    }

    async fn renew(&self, name: &NodeName, member: &Member) -> Result<Renewal, LivenessError> {
        self.call(Change::Renew(name.clone(), member.clone())).await
    }

    async fn leave(&self, name: &NodeName, process: OwnerId) -> Result<(), LivenessError> {
        self.call(Change::Leave(name.clone(), process)).await?;
        Ok(())
    }

    async fn beat(&self, name: &NodeName, process: OwnerId) -> Result<(), LivenessError> {
        if !*self.up.borrow() {
            return Err(LivenessError::Unavailable("cut off".to_owned()));
        }
        // Nobody watches: lost.
        drop(self.shared.beats.send((name.clone(), process)));
        Ok(())
    }

    async fn suspect(&self, process: OwnerId) -> Result<(), LivenessError> {
        self.call(Change::Suspect(process)).await?;
        Ok(())
    }

    async fn hold(&self, partition: Partition, process: OwnerId) -> Result<(), LivenessError> {
        self.call(Change::Hold(partition, process)).await?;
        Ok(())
    }

    async fn release(&self, partition: Partition, process: OwnerId) -> Result<(), LivenessError> {
        self.call(Change::Release(partition, process)).await?;
        Ok(())
    }

    fn watch(&self) -> mpsc::Receiver<Seen> {
        let (to, seen) = mpsc::channel(BACKLOG);
        tokio::spawn(Arc::clone(&self.shared).serve(self.up.subscribe(), to));
        seen
    }
}
