//! One simulated history: a world that outlives its engines, what befalls them, and the comparison at the end.

mod director;
mod finish;
mod lives;
mod oracle;
mod process;
mod programmes;
mod publish;
mod repair;
mod shared;
mod straight;
mod watch;
mod world;

use std::rc::Rc;
use std::time::Duration;

use engine::EngineHandle;
pub(crate) use publish::Changes;
pub(crate) use shared::Counts;
use testkit::faulty::{Dice, Tally};
use world::World;

/// What goes wrong beside the ports' usual ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mishap {
    #[default]
    None,
    /// Reads find damage now and then; players are set aside, and repaired.
    Damage,
    /// Once, with everything written, the log is put back to an older copy.
    RestoredLog,
    /// The newest messages of the log are lost, now and then, under whoever reads them.
    TailLost,
}

/// Who runs the engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Play {
    /// One after the other, each killed at any step.
    Lives,
    /// Several at once, which start, stop, are killed, paused and cut off.
    Nodes,
}

/// What a seed is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) play: Play,
    pub(crate) shared: bool,
    pub(crate) mishap: Mishap,
    /// Some processes have a logic version more than others.
    pub(crate) upgrades: bool,
    /// Its players are many, and each plays seldom: records wait for the store, and timers fire without one.
    pub(crate) crowd: bool,
}

impl Scenario {
    pub(crate) fn of(seed: u64) -> Self {
        let (play, shared, mishap) = match seed % 8 {
            0 => (Play::Lives, false, Mishap::None),
            1 => (Play::Lives, false, Mishap::Damage),
            2 => (Play::Lives, false, Mishap::RestoredLog),
            3 => (Play::Lives, true, Mishap::None),
            4 | 6 => (Play::Nodes, false, Mishap::None),
            5 => (Play::Nodes, true, Mishap::None),
            _ => (Play::Nodes, false, Mishap::TailLost),
        };
        Self {
            play,
            shared,
            mishap,
            upgrades: matches!(seed % 16, 6 | 13..=15),
            crowd: matches!(seed % 16, 8 | 12),
        }
    }
}

/// What happened in a history that ended as it must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) tally: Tally,
    pub(crate) shared: Counts,
    pub(crate) changes: Changes,
    /// Players set aside and repaired.
    pub(crate) repaired: u64,
}

impl Happened {
    pub(crate) fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.shared.add(other.shared);
        self.changes.published += other.changes.published;
        self.changes.repeated += other.changes.repeated;
        self.changes.moved += other.changes.moved;
        self.changes.lacking += other.changes.lacking;
        self.repaired += other.repaired;
    }
}

/// Runs a seed; the error says what differs.
pub(crate) fn run(seed: u64) -> Result<Happened, String> {
    play(seed, false).0
}

/// Runs a seed, and gives its history too.
pub(crate) fn trace(seed: u64) -> (Result<Happened, String>, Vec<String>) {
    play(seed, true)
}

fn play(seed: u64, traced: bool) -> (Result<Happened, String>, Vec<String>) {
    let scenario = Scenario::of(seed);
    let dice = match scenario.play {
        Play::Lives => Dice::new(seed),
        Play::Nodes => Dice::swarm(seed),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return (Err(error.to_string()), Vec::new()),
    };
    let world = runtime.block_on(async {
        let world = Rc::new(World::new(dice, scenario));
        if traced {
            world.history.keep();
        }
        world
    });
    let ended = match scenario.play {
        Play::Lives => lives::lives(&runtime, &world, scenario.mishap),
        Play::Nodes => director::nodes(&runtime, &world, scenario.mishap),
    };
    let happened = ended.map(|()| Happened {
        tally: world.dice.tally(),
        shared: world.counts.get(),
        changes: world.changes.get(),
        repaired: world.repaired.get(),
    });
    (happened, world.history.lines())
}

/// Questions in the middle of everything get an answer that does not contradict itself.
async fn ask_around(world: &World, engine: &EngineHandle) {
    for entity in &world.entities {
        if world.dice.chance(300) {
            let asked = engine.journal(entity, None, 5);
            drop(tokio::time::timeout(Duration::from_secs(5), asked).await);
        }
    }
}
