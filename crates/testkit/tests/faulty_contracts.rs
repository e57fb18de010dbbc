//! The fakes keep the contracts of the ports, faults and all, or what is proved over them proves nothing.

#![allow(missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use ports::{EventLog, Liveness, ProgrammeStore, StateStore};
use testkit::contract::liveness::LivenessFixture;
use testkit::contract::log::LogFixture;
use testkit::contract::programmes::ProgrammesFixture;
use testkit::contract::store::StoreFixture;
use testkit::faulty::{Dice, FaultyLiveness, FaultyProgrammes, FaultyStore, MemoryLog};

struct Kept<T>(Arc<T>);

fn calm() -> Arc<Dice> {
    let dice = Dice::new(1);
    dice.set_calm(true);
    Arc::new(dice)
}

impl LogFixture for Kept<MemoryLog> {
    async fn open(&self) -> Arc<dyn EventLog> {
        Arc::clone(&self.0) as Arc<dyn EventLog>
    }
}

impl StoreFixture for Kept<FaultyStore> {
    async fn open(&self) -> Arc<dyn StateStore> {
        Arc::clone(&self.0) as Arc<dyn StateStore>
    }
}

impl ProgrammesFixture for Kept<FaultyProgrammes> {
    async fn open(&self) -> Arc<dyn ProgrammeStore> {
        Arc::clone(&self.0) as Arc<dyn ProgrammeStore>
    }
}

mod log {
    use super::*;

    testkit::log_contract!(Kept(Arc::new(MemoryLog::new(2, calm()))));
}

mod store {
    use super::*;

    testkit::store_contract!(Kept(Arc::new(FaultyStore::new(calm(), Arc::default()))));
}

mod programmes {
    use super::*;

    testkit::programmes_contract!(Kept(Arc::new(FaultyProgrammes::new(
        calm(),
        Arc::default()
    ))));
}

/// Nodes in paused time, with faults or without.
struct Nodes(FaultyLiveness);

impl Nodes {
    fn new(dice: Arc<Dice>) -> Self {
        tokio::time::pause();
        Self(FaultyLiveness::new(Duration::from_secs(30), dice))
    }
}

impl LivenessFixture for Nodes {
    async fn open(&self) -> Arc<dyn Liveness> {
        Arc::new(self.0.another())
    }
}

mod liveness {
    use super::*;

    testkit::liveness_contract!(Nodes::new(calm()));
}

mod liveness_with_faults {
    use super::*;

    testkit::liveness_contract!(Nodes::new(Arc::new(Dice::new(7))));
}
