//! One node's part: from what it saw, and when, to what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ports::{Member, NodeName, OwnerId};
use types::Partition;

use super::view::View;
use crate::logic;

/// The times that nodes wait for one another; all nodes must be given the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a lease stands after its last renewal.
    pub lease: Duration,
    /// How long before its lease ends a node that could not renew it stops by itself.
    pub margin: Duration,
    /// How long nothing is heard of a node before it is suspected.
    pub silence: Duration,
    /// How long nothing is heard of a node before it counts among the silent ones that make a node doubt itself. Shorter than
    /// `silence`: nodes lost at one moment do not fall silent at one moment, and the first of them must not be suspected alone.
    pub quiet: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            margin: Duration::from_secs(3),
            silence: Duration::from_secs(3),
            quiet: Duration::from_millis(1_500),
        }
    }
}

/// Something seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// All that is known of the shared records now.
    Listed(View),
    /// A node's heartbeat.
    Beat {
        /// Whose.
        name: NodeName,
        /// Which of the processes of that name.
        process: OwnerId,
    },
    /// The own lease was written. It counts from when that was sent, not from when the answer came.
    Renewed {
        /// When it was sent, on the own clock.
        sent: Duration,
    },
    /// The own lease was refused: it is another's.
    Refused,
    /// The own connection, from which all else is seen, works, or does not.
    Sound(bool),
    /// The partition was taken.
    Held(Partition),
    /// The partition was let go, or its head was found to name another.
    Lost(Partition),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Stop every partition at once, without a last checkpoint: others may own them by now.
    Fence,
    /// Write that the process is silent, in a record that ends after a lease's time.
    Suspect(OwnerId),
    /// Take the partition over: nobody living holds it.
    Take(Partition),
    /// Read ahead and load the players of a partition that is about to come.
    Warm(Partition),
    /// Checkpoint the partition and let it go as soon as `to` has warmed up.
    HandOff {
        /// Which.
        partition: Partition,
        /// To whom.
        to: NodeName,
    },
    /// Checkpoint the partition and let it go at once.
    Release(Partition),
    /// Have the partitions held here move to this logic version: every node has it.
    MoveTo(u32),
}

/// What one node knows.
#[derive(Clone, Debug)]
pub struct Membership {
    name: NodeName,
    process: OwnerId,
    timing: Timing,
    /// `None` before the first listing: who has seen nothing takes nothing.
    view: Option<View>,
    heard: BTreeMap<NodeName, (OwnerId, Duration)>,
    held: BTreeSet<Partition>,
    renewed: Option<Duration>,
    /// Since when the own connection has worked without a break.
    sound: Option<Duration>,
    /// When a decision was last asked for.
    awake: Option<Duration>,
    /// The newest logic version that all members have, and since when it has been that one.
    common: Option<(u32, Duration)>,
}

impl Membership {
    /// A node that has seen nothing yet.
    pub fn new(name: NodeName, process: OwnerId, timing: Timing) -> Self {
        Self {
            name,
            process,
            timing,
            view: None,
            heard: BTreeMap::new(),
            held: BTreeSet::new(),
            renewed: None,
            sound: None,
            awake: None,
            common: None,
        }
    }

    /// Takes note of what was seen at `now`.
    pub fn observe(&mut self, now: Duration, seen: Observation) {
        match seen {
            Observation::Listed(view) => {
                // Who is new has been heard of now; who was started again is new.
                let known = std::mem::take(&mut self.heard);
                for (name, Member { process, .. }) in &view.members {
                    let before = known.get(name).filter(|(heard, _)| heard == process);
                    let at = before.map_or(now, |(_, at)| *at);
                    self.heard.insert(name.clone(), (*process, at));
                }
                self.common = view.common_logic().map(|version| {
                    let before = self.common.filter(|(common, _)| *common == version);
                    before.unwrap_or((version, now))
                });
                self.view = Some(view);
            }
            Observation::Beat { name, process } => {
                if let Some((known, at)) = self.heard.get_mut(&name)
                    && *known == process
                {
                    *at = now;
                }
            }
            Observation::Renewed { sent } => self.renewed = self.renewed.max(Some(sent)),
            Observation::Refused => self.renewed = None,
            Observation::Sound(true) => {
                self.sound.get_or_insert(now);
            }
            Observation::Sound(false) => self.sound = None,
            Observation::Held(partition) => {
                self.held.insert(partition);
            }
            Observation::Lost(partition) => {
                self.held.remove(&partition);
            }
        }
    }

    /// What to do at `now`. To be asked several times within [`Timing::quiet`]: a longer gap is taken for a pause of the own process,
    /// in which it could not hear the others.
    pub fn decide(&mut self, now: Duration) -> Vec<Decision> {
        let slept = self
            .awake
            .replace(now)
            .is_none_or(|awake| now.saturating_sub(awake) > self.timing.quiet);
        if slept {
            self.sound = self.sound.map(|_| now);
        }
        let Some(view) = &self.view else {
            return self.fence_unless(self.leased(now));
        };
        let me = view.members.get(&self.name);
        let displaced = me.is_some_and(|member| member.process != self.process);
        if displaced || !self.leased(now) {
            return self.fence_unless(false);
        }
        // Others do not see it, or not yet: what it holds it holds until a head says otherwise.
        let Some(me) = me else {
            return Vec::new();
        };
        let doubts = self.doubts(view, now);
        let mut decisions = Vec::new();
        if !doubts {
            self.suspect(view, now, &mut decisions);
            decisions.extend(self.moves_to(now).map(Decision::MoveTo));
        }
        self.place(view, me, doubts, &mut decisions);
        decisions
    }

    /// Whether the lease stands, by the own clock.
    pub fn leased(&self, now: Duration) -> bool {
        let stands = self.timing.lease.saturating_sub(self.timing.margin);
        self.renewed
            .is_some_and(|sent| now.saturating_sub(sent) < stands)
    }

    /// The logic version to move to: one that all members have had for a lease's time, so that a node which is being started again is not
    /// shut out by the moment in which it is gone.
    fn moves_to(&self, now: Duration) -> Option<u32> {
        let (version, since) = self.common?;
        let stood = now.saturating_sub(since) >= self.timing.lease;
        (stood && version > logic::FIRST).then_some(version)
    }

    /// Whether it holds the partition.
    pub(super) fn holds(&self, partition: Partition) -> bool {
        self.held.contains(&partition)
    }

    pub(super) fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether the own connection has worked for long enough to call others silent.
    pub(super) fn listens(&self, now: Duration) -> bool {
        self.sound
            .is_some_and(|since| now.saturating_sub(since) >= self.timing.silence)
    }

    fn fence_unless(&self, safe: bool) -> Vec<Decision> {
        if safe || self.held.is_empty() {
            Vec::new()
        } else {
            vec![Decision::Fence]
        }
    }

    /// Whether it is rather this node that is cut off: its connection broke, or more members are silent than may be lost at once.
    fn doubts(&self, view: &View, now: Duration) -> bool {
        let silent = self.silent(now, self.timing.quiet).count();
        self.sound.is_none() || silent > view.may_be_lost()
    }

    fn suspect(&self, view: &View, now: Duration, decisions: &mut Vec<Decision>) {
        if !self.listens(now) {
            return;
        }
        let new = self
            .silent(now, self.timing.silence)
            .filter(|process| !view.suspicions.iter().any(|told| told.process == *process));
        decisions.extend(new.map(Decision::Suspect));
    }

    /// The others of whom nothing was heard for so long.
    fn silent(&self, now: Duration, length: Duration) -> impl Iterator<Item = OwnerId> {
        self.heard
            .iter()
            .filter(move |(name, (_, at))| **name != self.name && now.saturating_sub(*at) >= length)
            .map(|(_, (process, _))| *process)
    }

    fn place(&self, view: &View, me: &Member, doubts: bool, decisions: &mut Vec<Decision>) {
        let planned = view.planned();
        for partition in (0..view.partitions).map(Partition) {
            let owner = view.owner(partition);
            let mine = owner == Some(&self.name);
            let moves = planned.is_some_and(|planned| planned.partition == partition);
            if self.held.contains(&partition) {
                let unable = view.suspected(self.process) || !view.runs(me);
                match owner {
                    _ if unable => decisions.push(Decision::Release(partition)),
                    None => decisions.push(Decision::Release(partition)),
                    Some(to) if !mine && moves && !doubts => decisions.push(Decision::HandOff {
                        partition,
                        to: to.clone(),
                    }),
                    Some(_) => {}
                }
            } else if mine && !doubts {
                match view.holder(partition) {
                    Some(holder) if *holder != self.name => {
                        if moves {
                            decisions.push(Decision::Warm(partition));
                        }
                    }
                    // Its hint may name this process: a take that was written and came to nothing.
                    _ => decisions.push(Decision::Take(partition)),
                }
            }
        }
    }
}
