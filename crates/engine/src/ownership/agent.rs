//! A node at run time: one task that sees what the nodes tell one another, asks [`Membership`] what to do, and has it done.
//!
//! One select: an arm takes what happened; then one round compares what is decided with what is under way. Whatever takes time runs beside
//! it and comes back as [`Done`], so that heartbeats and the look at the own clock never wait for a store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use ports::{Liveness, NodeName, OwnerId, Peers, Seen};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use types::Partition;

use super::carry::{Doing, Done, Failure};
use super::lease::Lease;
use super::membership::{Decision, Membership, Observation, Timing};
use super::view::View;
use crate::error::EngineError;
use crate::handle::EngineHandle;
use crate::job::{Turn, TurnKind};

/// What a node is told. The times are the same for all nodes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Under which name it owns.
    pub name: NodeName,
    /// The process, as heads name it.
    pub process: OwnerId,
    /// Where other nodes reach it.
    pub address: Arc<str>,
    /// How long nodes wait for one another.
    pub timing: Timing,
    /// Between two heartbeats.
    pub beat: Duration,
    /// Between two renewals of the lease.
    pub renew: Duration,
    /// The longest time between two decisions.
    pub decide: Duration,
    /// How long a node that is to leave may take to hand over what it holds; what is left then is let go at once.
    pub drain: Duration,
}

/// Why a node cannot take part.
#[derive(Clone, Debug, Error)]
pub enum AgentError {
    /// Another process runs under its name.
    #[error(
        "another process runs as node {0}: give every engine node a name of its own (`node`), or stop the other one"
    )]
    NameTaken(NodeName),
}

/// What a node knows, for those who ask.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What it saw of the others, and of itself.
    pub view: View,
    /// Its lease stands, and it is listed.
    pub leased: bool,
    /// It is about to leave.
    pub draining: bool,
    /// Partitions that it should own and cannot run, and why.
    pub failed: BTreeMap<Partition, String>,
}

/// The node's task.
pub struct Agent {
    pub(super) settings: Settings,
    pub(super) engine: EngineHandle,
    pub(super) liveness: Arc<dyn Liveness>,
    pub(super) peers: Arc<dyn Peers>,
    pub(super) machine: Membership,
    pub(super) view: View,
    pub(super) doing: BTreeMap<Partition, Doing>,
    pub(super) work: FuturesUnordered<BoxFuture<'static, Done>>,
    /// When a process was last written to be silent.
    pub(super) suspected: HashMap<OwnerId, Duration>,
    /// Since when a partition is warm.
    pub(super) warmed: BTreeMap<Partition, Duration>,
    /// When a partition's hint was last looked after.
    pub(super) hinted: BTreeMap<Partition, Duration>,
    pub(super) failures: BTreeMap<Partition, Failure>,
    pub(super) partitions: u16,
    pub(super) draining: bool,
    pub(super) began: Instant,
    pub(super) lease: Lease,
    /// When the last round was.
    awake: Duration,
    /// Nothing was listed since the process slept.
    pub(super) blind: bool,
    /// It has not the logic version that the logs have come to.
    lacking: bool,
    standing: watch::Sender<Standing>,
}

impl Agent {
    /// A node that takes part once it [runs](Self::run).
    pub fn new(
        settings: Settings,
        engine: EngineHandle,
        liveness: Arc<dyn Liveness>,
        peers: Arc<dyn Peers>,
    ) -> Self {
        let machine = Membership::new(settings.name.clone(), settings.process, settings.timing);
        let partitions = engine.partition_count();
        // Nobody vouches for what is here before the first lease.
        engine.vouch(Instant::now());
        Self {
            settings,
            engine,
            liveness,
            peers,
            machine,
            view: View::default(),
            doing: BTreeMap::new(),
            work: FuturesUnordered::new(),
            suspected: HashMap::new(),
            warmed: BTreeMap::new(),
            hinted: BTreeMap::new(),
            failures: BTreeMap::new(),
            partitions,
            draining: false,
            began: Instant::now(),
            lease: Lease::default(),
            awake: Duration::ZERO,
            blind: true,
            lacking: false,
            standing: watch::Sender::default(),
        }
    }

    /// What it knows, from now on.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Takes part until it is to leave: then hands over what it holds, stops the engine with the last checkpoints of what is left, and ends
    /// its lease.
    pub async fn run(
        mut self,
        mut turns: mpsc::UnboundedReceiver<Turn>,
        leave: CancellationToken,
    ) -> Result<(), AgentError> {
        let mut seen = self.liveness.watch();
        let (mut beat, mut look) = (interval(self.settings.beat), interval(self.settings.decide));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deadline = None;
        loop {
            tokio::select! {
                biased;
                Some(one) = seen.recv() => self.see(one)?,
                Some(done) = self.work.next(), if !self.work.is_empty() => self.done(done),
                Some(turn) = turns.recv() => self.turn(turn),
                _ = beat.tick() => self.beat(),
                _ = look.tick() => {}
                () = leave.cancelled(), if !self.draining => {
                    tracing::info!(node = %self.settings.name, "leaving: partitions are handed over");
                    self.draining = true;
                    self.lease.due = Duration::ZERO;
                    deadline = Some(Instant::now() + self.settings.drain);
                }
            }
            self.round().await;
            if let Some(deadline) = deadline
                && (self.has_left() || Instant::now() >= deadline)
            {
                break;
            }
        }
        self.end().await;
        Ok(())
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Compares what should be with what is, and begins what is missing.
    async fn round(&mut self) {
        let now = self.now();
        let slept = now.saturating_sub(self.awake) > self.settings.timing.quiet;
        self.awake = now;
        self.blind |= slept;
        self.note_held(now);
        let doing = &self.doing;
        self.failures
            .retain(|partition, failure| doing.contains_key(partition) || !failure.is_over(now));
        let decisions = self.machine.decide(now);
        self.renew_if_due(now);
        if !self.machine.leased(now) || decisions.contains(&Decision::Fence) {
            self.fence(now).await;
        } else {
            self.carry(decisions, now);
            self.look_after_hints(now);
        }
        self.vouch(now);
        self.tell(now);
    }

    /// The engine knows what is held.
    fn note_held(&mut self, now: Duration) {
        let held: BTreeSet<Partition> = self.engine.held().into_iter().map(|(it, _)| it).collect();
        for partition in (0..self.partitions).map(Partition) {
            match (self.machine.holds(partition), held.contains(&partition)) {
                (false, true) => self.machine.observe(now, Observation::Held(partition)),
                (true, false) => self.machine.observe(now, Observation::Lost(partition)),
                _ => {}
            }
        }
    }

    /// Without a lease nothing runs here, and nothing is begun.
    async fn fence(&mut self, now: Duration) {
        let idle = self.doing.is_empty() && !self.machine.holds_any();
        if idle {
            return;
        }
        if self.machine.holds_any() {
            tracing::error!(node = %self.settings.name, "the lease could not be renewed: every partition is stopped");
        }
        self.engine.fence().await;
        self.give_up_all();
        self.note_held(now);
    }

    fn see(&mut self, seen: Seen) -> Result<(), AgentError> {
        let now = self.now();
        match seen {
            Seen::Listed(records) => {
                self.blind = false;
                self.view = View {
                    partitions: self.partitions,
                    members: records.members,
                    suspicions: records.suspicions,
                    holders: records.holders,
                };
                self.say_whether_it_lacks();
                let view = self.view.clone();
                self.machine.observe(now, Observation::Listed(view));
            }
            Seen::Beat { name, process } => {
                if name == self.settings.name && self.lease.hears(process, now) {
                    return Err(AgentError::NameTaken(name));
                }
                self.machine
                    .observe(now, Observation::Beat { name, process });
            }
            Seen::Sound(sound) => self.machine.observe(now, Observation::Sound(sound)),
        }
        Ok(())
    }

    /// Says once that the logs have come to a logic version that this process does not have, and once that they have not.
    fn say_whether_it_lacks(&mut self) {
        let own = self.view.members.get(&self.settings.name);
        let lacks = own.is_some_and(|own| !self.view.runs(own));
        if lacks && !self.lacking {
            let (has, version) = (self.engine.logic(), self.view.logic());
            tracing::error!(
                node = %self.settings.name, oldest = has.start(), newest = has.end(), version,
                "the log has come to a logic version that this server does not have: it owns no partition; start a release that has it"
            );
        }
        self.lacking = lacks;
    }

    fn turn(&mut self, turn: Turn) {
        let Turn { partition, kind } = turn;
        match kind {
            TurnKind::Held(_) => {}
            TurnKind::Lost(_) => drop(self.hinted.remove(&partition)),
            TurnKind::Failed(error) => self.failed(partition, &error),
        }
    }

    /// It is tried again, later each time.
    pub(super) fn failed(&mut self, partition: Partition, error: &EngineError) {
        let now = self.now();
        let failure = self.failures.entry(partition).or_default();
        failure.again(now, error.to_string());
        tracing::error!(%partition, %error, again_in_s = failure.wait().as_secs(), "the partition does not run here");
    }

    fn has_left(&self) -> bool {
        self.doing.is_empty() && !self.machine.holds_any()
    }

    async fn end(&mut self) {
        self.engine.shutdown().await;
        let leaving = self
            .liveness
            .leave(&self.settings.name, self.settings.process);
        let left = tokio::time::timeout(self.settings.renew, leaving).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::warn!(node = %self.settings.name, "the lease ends by itself");
        }
    }

    fn tell(&self, now: Duration) {
        let own = self.view.members.get(&self.settings.name);
        let listed = own.is_some_and(|own| own.process == self.settings.process);
        let leased = listed && self.machine.leased(now);
        self.standing.send_if_modified(|standing| {
            let failed = self.failures.iter();
            let failed = failed.filter(|(partition, _)| !self.machine.holds(**partition));
            let failed = failed.map(|(partition, it)| (*partition, it.why().to_owned()));
            let failed: BTreeMap<_, _> = failed.collect();
            if standing.leased == leased
                && standing.draining == self.draining
                && standing.failed == failed
                && standing.view == self.view
            {
                return false;
            }
            *standing = Standing {
                view: self.view.clone(),
                leased,
                draining: self.draining,
                failed,
            };
            true
        });
    }
}
