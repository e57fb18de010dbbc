//! What all nodes share: who is there, who is suspected, who holds what.

use std::collections::BTreeMap;

use ports::{Member, NodeName, OwnerId, Suspicion};
use types::Partition;

use super::placement::heaviest;

/// What a node saw when it last looked: hints, each of which may be late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// How many partitions there are.
    pub partitions: u16,
    /// The nodes whose lease stands.
    pub members: BTreeMap<NodeName, Member>,
    /// The suspicions that stand.
    pub suspicions: Vec<Suspicion>,
    /// Who took each partition last; absent where it was let go, or never taken.
    pub holders: BTreeMap<Partition, OwnerId>,
}

/// A partition that goes from one living node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move<'a> {
    /// Which.
    pub partition: Partition,
    /// Who lets it go.
    pub from: &'a NodeName,
    /// Who takes it then.
    pub to: &'a NodeName,
}

impl View {
    /// How many of the members may be taken for dead at once: a third. Of two it is one: who suspects the other has written so where a
    /// majority of the log's servers keeps it, and of two who write it the first counts.
    pub(super) fn may_be_lost(&self) -> usize {
        match self.members.len() {
            2 => 1,
            members => members / 3,
        }
    }

    /// Whether the process is taken for dead. Suspicions count in the order they were written, and no more of them than may be lost at
    /// once: two halves of a split network that suspect each other do not stop the whole.
    pub fn suspected(&self, process: OwnerId) -> bool {
        let mut standing: Vec<&Suspicion> = self.suspicions.iter().collect();
        standing.sort_by_key(|suspicion| suspicion.revision);
        let mut counted: Vec<OwnerId> = Vec::new();
        for suspicion in standing {
            let of_a_member = self
                .members
                .values()
                .any(|member| member.process == suspicion.process);
            if of_a_member && !counted.contains(&suspicion.process) {
                counted.push(suspicion.process);
            }
        }
        counted.truncate(self.may_be_lost());
        counted.contains(&process)
    }

    /// The node that should own the partition; `None` where no node can.
    pub fn owner(&self, partition: Partition) -> Option<&NodeName> {
        let able = self.members.iter().filter(|(_, member)| {
            !member.draining && self.runs(member) && !self.suspected(member.process)
        });
        heaviest(partition, able.map(|(name, _)| name))
    }

    /// The living node that holds the partition; `None` also where its holder is gone or suspected.
    pub fn holder(&self, partition: Partition) -> Option<&NodeName> {
        let process = *self.holders.get(&partition)?;
        let (name, _) = self
            .members
            .iter()
            .find(|(_, member)| member.process == process)?;
        (!self.suspected(process)).then_some(name)
    }

    /// The one planned move of the moment: of the partitions that a living node holds and another should own, the lowest, those of
    /// nodes about to leave first.
    pub fn planned(&self) -> Option<Move<'_>> {
        let moves = (0..self.partitions).filter_map(|partition| {
            let partition = Partition(partition);
            let (from, to) = (self.holder(partition)?, self.owner(partition)?);
            (from != to).then_some(Move {
                partition,
                from,
                to,
            })
        });
        moves.min_by_key(|planned| {
            let leaves = self
                .members
                .get(planned.from)
                .is_some_and(|member| member.draining);
            (!leaves, planned.partition)
        })
    }

    /// The newest logic version that a log has come to, by what the members say; `None` where nobody says.
    pub fn logic(&self) -> Option<u32> {
        let met = self.members.values().filter_map(|member| member.logic_met);
        met.max()
    }

    /// Whether the node has the logic version that the logs have come to: else it owns nothing.
    pub fn runs(&self, member: &Member) -> bool {
        self.logic()
            .is_none_or(|version| member.logic.contains(&version))
    }

    /// The newest logic version that every member has, those about to leave too; `None` where there is none.
    pub(super) fn common_logic(&self) -> Option<u32> {
        let ranges = || self.members.values().map(|member| &member.logic);
        let newest = ranges().map(|logic| *logic.end()).min()?;
        let all = ranges().all(|logic| logic.contains(&newest));
        all.then_some(newest)
    }
}
