//! What goes wrong, by name: how often by itself, and how often it did.

/// Something that goes wrong. Those with a dial strike by chance within a fake; the others are done to processes and services from
/// outside, or follow from one that struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An append is refused.
    AppendRefused,
    /// An append lands, and its caller is not told.
    AppendUnknown,
    /// A batch stands in the log twice, since its caller appended it again.
    AppendedTwice,
    /// No reader of the log is given, or it moves to no next incarnation.
    LogRefused,
    /// A reader breaks.
    ReaderBroken,
    /// The log's clock steps back between two messages.
    ClockStep,
    /// The store is not there for a call.
    StoreRefused,
    /// Of a write any rows land, and its caller is not told which.
    WriteUnknown,
    /// Of a write some rows landed and others did not, and its caller is gone or was not told.
    PartialWrite,
    /// A row lands once more, later.
    RowAgain,
    /// How soon rows land for which nobody waits: so many in a thousand at each call of the store.
    LateLands,
    /// A row of an ended epoch lands after the takeover.
    ZombieWrite,
    /// A head is set or not, and its caller is not told.
    HeadUnknown,
    /// An ended owner's head is refused.
    ZombieHead,
    /// A read gives what stood there before a row whose write has not returned.
    StaleRead,
    /// A read finds damage.
    Damage,
    /// A gateway gives no stream.
    GatewayRefused,
    /// A gateway hangs up in the middle of a batch.
    GatewayHungUp,
    /// A gateway's acknowledgement is lost.
    AckLost,
    /// A publication is set or not, and its publisher is not told.
    PublishUnknown,
    /// A process is killed.
    Killed,
    /// A process is stopped for a while, and goes on as if nothing had happened.
    Paused,
    /// A process is told to stop, and does.
    ShutDown,
    /// A partition is taken over whose owner is alive.
    TwoOwners,
    /// A process is cut off from the log.
    CutFromLog,
    /// A process is cut off from the store.
    CutFromStore,
    /// A process is cut off from the gateways.
    CutFromGateways,
    /// The log elects another leader: for seconds it answers nobody, and what was on its way is unknown.
    LeaderChange,
    /// The store answers nobody.
    StoreDown,
    /// A call waits for a slow disk.
    SlowDisk,
    /// A process' clock is more than a minute off.
    ClockSkew,
    /// The newest messages of the log are lost, though their appends were acknowledged.
    TailLost,
    /// A process gives all its partitions up at once, unwritten: its lease may have ended.
    LeaseLost,
    /// A partition goes from one process to another that has warmed up, while both run.
    HandedOver,
}

/// A fault with its name, its dial where nobody turned it, and the dial that a swarm turns from.
type Line = (Fault, &'static str, u64, u64);

const LINES: [Line; 34] = [
    (Fault::AppendRefused, "append refused", 150, 100),
    (Fault::AppendUnknown, "append's outcome unknown", 150, 100),
    (Fault::AppendedTwice, "batch appended twice", 0, 0),
    (Fault::LogRefused, "log refused to be read", 100, 60),
    (Fault::ReaderBroken, "reader broken", 30, 30),
    (Fault::ClockStep, "log's clock stepped back", 0, 40),
    (Fault::StoreRefused, "store call refused", 50, 30),
    (Fault::WriteUnknown, "write's outcome unknown", 150, 100),
    (Fault::PartialWrite, "write landed in part", 0, 0),
    (Fault::RowAgain, "row landed again", 50, 40),
    (Fault::LateLands, "late row landed", 100, 30),
    (
        Fault::ZombieWrite,
        "zombie's row landed after takeover",
        0,
        0,
    ),
    (Fault::HeadUnknown, "head's outcome unknown", 150, 100),
    (Fault::ZombieHead, "zombie's head refused", 0, 0),
    (Fault::StaleRead, "stale read", 0, 150),
    (Fault::Damage, "damage read", 0, 0),
    (Fault::GatewayRefused, "gateway refused", 300, 150),
    (Fault::GatewayHungUp, "gateway hung up", 30, 20),
    (Fault::AckLost, "acknowledgement lost", 300, 150),
    (
        Fault::PublishUnknown,
        "publication's outcome unknown",
        100,
        100,
    ),
    (Fault::Killed, "process killed", 0, 0),
    (Fault::Paused, "process paused", 0, 0),
    (Fault::ShutDown, "process shut down", 0, 0),
    (Fault::TwoOwners, "two owners at once", 0, 0),
    (Fault::CutFromLog, "process cut off from the log", 0, 0),
    (Fault::CutFromStore, "process cut off from the store", 0, 0),
    (
        Fault::CutFromGateways,
        "process cut off from gateways",
        0,
        0,
    ),
    (Fault::LeaderChange, "log changed its leader", 0, 0),
    (Fault::StoreDown, "store down", 0, 0),
    (Fault::SlowDisk, "call waited for a slow disk", 0, 0),
    (Fault::ClockSkew, "process with a wrong clock", 0, 0),
    (Fault::TailLost, "acknowledged tail lost", 0, 0),
    (Fault::LeaseLost, "lease lost", 0, 0),
    (Fault::HandedOver, "partition handed over", 0, 0),
];

/// How many there are.
pub(super) const FAULTS: usize = LINES.len();

impl Fault {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        LINES.iter().map(|(fault, ..)| *fault)
    }

    /// In words.
    pub fn name(self) -> &'static str {
        LINES[self as usize].1
    }

    pub(super) fn dial(self) -> u64 {
        LINES[self as usize].2
    }

    pub(super) fn swarm_dial(self) -> u64 {
        LINES[self as usize].3
    }
}

/// How often each fault happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally([u64; FAULTS]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; FAULTS])
    }
}

impl Tally {
    pub(super) fn of(counts: [u64; FAULTS]) -> Self {
        Self(counts)
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        let sums = self.0.iter_mut().zip(other.0);
        sums.for_each(|(sum, count)| *sum += count);
    }

    /// Each fault, and how often it happened.
    pub fn counts(&self) -> impl Iterator<Item = (Fault, u64)> {
        Fault::all().zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::LINES;

    #[test]
    fn each_fault_has_its_line() {
        for (index, (fault, name, ..)) in LINES.iter().enumerate() {
            assert_eq!(*fault as usize, index, "{name}");
        }
    }
}
