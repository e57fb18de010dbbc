//! Nodes over the records they share, on one simulated clock: what each decides is carried out at once, what each sees may be late.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use engine::ownership::{
    Decision, Member, Membership, NodeName, Observation, Suspicion, Timing, View,
};
use ports::OwnerId;
use types::Partition;

/// Between two rounds, and two heartbeats.
pub(crate) const ROUND: Duration = Duration::from_millis(500);

pub(crate) fn name(node: u8) -> NodeName {
    format!("engine-{node}").parse().unwrap()
}

pub(crate) fn process(node: u8) -> OwnerId {
    OwnerId(u128::from(node) + 1)
}

pub(crate) fn member(node: u8) -> Member {
    Member {
        process: process(node),
        draining: false,
        logic: 1..=1,
        logic_met: None,
        address: format!("http://127.0.0.1:{}", 7_000 + u16::from(node)).into(),
    }
}

pub(crate) fn view(partitions: u16, nodes: impl IntoIterator<Item = u8>) -> View {
    View {
        partitions,
        members: nodes
            .into_iter()
            .map(|node| (name(node), member(node)))
            .collect(),
        ..View::default()
    }
}

struct Node {
    state: Membership,
    held: BTreeSet<Partition>,
    /// Neither dead nor paused.
    runs: bool,
    /// How many rounds late it sees the records.
    late: usize,
    renewed: Duration,
}

/// Some nodes.
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) view: View,
    /// The view at each round so far.
    seen: Vec<View>,
    nodes: BTreeMap<u8, Node>,
    ends: Vec<(Duration, Suspicion)>,
    /// Every take so far: when, who, which.
    pub(crate) takes: Vec<(Duration, u8, Partition)>,
    /// The most planned moves that one round began.
    pub(crate) moves_at_once: usize,
}

impl World {
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            now: Duration::ZERO,
            view: view(partitions, []),
            seen: Vec::new(),
            nodes: BTreeMap::new(),
            ends: Vec::new(),
            takes: Vec::new(),
            moves_at_once: 0,
        }
    }

    pub(crate) fn join(&mut self, node: u8, late: usize) {
        self.view.members.insert(name(node), member(node));
        let state = Membership::new(name(node), process(node), Timing::default());
        let joined = Node {
            state,
            held: BTreeSet::new(),
            runs: true,
            late,
            renewed: self.now,
        };
        self.nodes.insert(node, joined);
    }

    pub(crate) fn stop(&mut self, node: u8) {
        self.nodes.get_mut(&node).unwrap().runs = false;
    }

    /// A paused node, or a dead one started again; where its lease has ended, it takes a new one.
    pub(crate) fn wake(&mut self, node: u8) {
        let now = self.now;
        let woken = self.nodes.get_mut(&node).unwrap();
        woken.runs = true;
        self.view.members.entry(name(node)).or_insert_with(|| {
            woken.renewed = now;
            member(node)
        });
    }

    pub(crate) fn drain(&mut self, node: u8) {
        self.view.members.get_mut(&name(node)).unwrap().draining = true;
    }

    pub(crate) fn held(&self, node: u8) -> &BTreeSet<Partition> {
        &self.nodes[&node].held
    }

    /// Who holds each partition, where it is one node that runs and the one that the records call for.
    pub(crate) fn settled(&self) -> Result<(), String> {
        for partition in (0..self.view.partitions).map(Partition) {
            let holders: Vec<NodeName> = self
                .nodes
                .iter()
                .filter(|(_, node)| node.runs && node.held.contains(&partition))
                .map(|(node, _)| name(*node))
                .collect();
            let called: Vec<NodeName> = self.view.owner(partition).cloned().into_iter().collect();
            if holders != called {
                return Err(format!("{partition}: held by {holders:?}, not {called:?}"));
            }
        }
        Ok(())
    }

    pub(crate) fn rounds(&mut self, rounds: u32) {
        for _ in 0..rounds {
            self.round();
        }
    }

    pub(crate) fn round(&mut self) {
        self.now += ROUND;
        let now = self.now;
        self.expire();
        self.seen.push(self.view.clone());
        let beating: Vec<u8> = self
            .nodes
            .iter()
            .filter(|(_, node)| node.runs)
            .map(|(node, _)| *node)
            .collect();
        let mut decided = Vec::new();
        for (id, node) in self.nodes.iter_mut().filter(|(_, node)| node.runs) {
            // Asked before anything is heard, as by a process that wakes up: its timers run first.
            decided.extend(
                node.state
                    .decide(now)
                    .into_iter()
                    .map(|decision| (*id, decision)),
            );
            if self.view.members.contains_key(&name(*id)) {
                node.renewed = now;
                node.state.observe(now, Observation::Renewed { sent: now });
            }
            node.state.observe(now, Observation::Sound(true));
            let at = self.seen.len().saturating_sub(1 + node.late);
            node.state
                .observe(now, Observation::Listed(self.seen[at].clone()));
            for beat in &beating {
                node.state.observe(
                    now,
                    Observation::Beat {
                        name: name(*beat),
                        process: process(*beat),
                    },
                );
            }
        }
        let moves = decided
            .iter()
            .filter(|(_, decision)| matches!(decision, Decision::HandOff { .. }))
            .count();
        self.moves_at_once = self.moves_at_once.max(moves);
        for (node, decision) in decided {
            self.carry_out(node, decision);
        }
    }

    fn expire(&mut self) {
        let now = self.now;
        let lease = Timing::default().lease;
        for (id, node) in &self.nodes {
            if now.saturating_sub(node.renewed) >= lease {
                self.view.members.remove(&name(*id));
            }
        }
        let ended: Vec<Suspicion> = self
            .ends
            .iter()
            .filter(|(at, _)| *at <= now)
            .map(|(_, told)| *told)
            .collect();
        self.view.suspicions.retain(|told| !ended.contains(told));
    }

    fn carry_out(&mut self, id: u8, decision: Decision) {
        match decision {
            Decision::Suspect(process) => {
                let told = Suspicion {
                    revision: self.ends.len() as u64,
                    process,
                };
                self.ends.push((self.now + Timing::default().lease, told));
                self.view.suspicions.push(told);
            }
            Decision::Take(partition) => {
                self.takes.push((self.now, id, partition));
                // The head names one owner, and the one before finds that out.
                let others: Vec<u8> = self
                    .nodes
                    .keys()
                    .copied()
                    .filter(|other| *other != id)
                    .collect();
                others
                    .into_iter()
                    .for_each(|other| self.lose(other, partition));
                self.view.holders.insert(partition, process(id));
                let node = self.nodes.get_mut(&id).unwrap();
                node.held.insert(partition);
                node.state.observe(self.now, Observation::Held(partition));
            }
            Decision::HandOff { partition, .. } | Decision::Release(partition) => {
                if self.view.holders.get(&partition) == Some(&process(id)) {
                    self.view.holders.remove(&partition);
                }
                self.lose(id, partition);
            }
            Decision::Fence => {
                for partition in self.nodes[&id].held.clone() {
                    self.lose(id, partition);
                }
            }
            Decision::Warm(_) | Decision::MoveTo(_) => {}
        }
    }

    fn lose(&mut self, id: u8, partition: Partition) {
        let node = self.nodes.get_mut(&id).unwrap();
        node.held.remove(&partition);
        node.state.observe(self.now, Observation::Lost(partition));
    }
}
