//! The ports' contracts over a data folder.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use embedded::{ClockMode, DataFolder, Options};
use ports::{EventLog, PeopleStore, ProgrammeStore, StateStore};
use tempfile::TempDir;
use testkit::contract::log::LogFixture;
use testkit::contract::people::PeopleFixture;
use testkit::contract::programmes::ProgrammesFixture;
use testkit::contract::store::StoreFixture;
use types::Timestamp;

struct Folder {
    temporary: TempDir,
    clock: ClockMode,
    segment_bytes: u64,
}

impl Folder {
    fn new(clock: ClockMode, segment_bytes: u64) -> Self {
        Self {
            temporary: tempfile::tempdir().unwrap(),
            clock,
            segment_bytes,
        }
    }

    fn open(&self) -> DataFolder {
        let options = Options {
            partitions: Some(2),
            clock: Some(self.clock),
            segment_bytes: self.segment_bytes,
            ..Options::new(Arc::new(|| Timestamp::from_nanos(1_000).unwrap()))
        };
        DataFolder::open(self.temporary.path(), options).unwrap()
    }
}

impl LogFixture for Folder {
    async fn open(&self) -> Arc<dyn EventLog> {
        Self::open(self).log
    }
}

impl StoreFixture for Folder {
    async fn open(&self) -> Arc<dyn StateStore> {
        Self::open(self).state
    }
}

impl ProgrammesFixture for Folder {
    async fn open(&self) -> Arc<dyn ProgrammeStore> {
        Self::open(self).programmes
    }
}

impl PeopleFixture for Folder {
    async fn open(&self) -> Arc<dyn PeopleStore> {
        Self::open(self).people
    }
}

mod log_on_its_own_clock {
    use super::{ClockMode, Folder};
    testkit::log_contract!(Folder::new(ClockMode::Log, 64 << 20));
}

mod log_on_event_time_in_small_segments {
    use super::{ClockMode, Folder};
    testkit::log_contract!(Folder::new(ClockMode::Event, 100));
}

mod store {
    use super::{ClockMode, Folder};
    testkit::store_contract!(Folder::new(ClockMode::Log, 64 << 20));
}

mod programmes {
    use super::{ClockMode, Folder};
    testkit::programmes_contract!(Folder::new(ClockMode::Log, 64 << 20));
}

mod people {
    use super::{ClockMode, Folder};
    testkit::people_contract!(Folder::new(ClockMode::Log, 64 << 20));
}
