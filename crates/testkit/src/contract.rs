//! Contract suites: each sentence of a port's documentation as a check that any implementation must pass.
//!
//! An implementation names itself with a fixture and gets one test for each sentence:
//!
//! ```ignore
//! testkit::log_contract!(MyLog::new());
//! testkit::store_contract!(MyStore::new());
//! testkit::liveness_contract!(MyNodes::new());
//! testkit::programmes_contract!(MyProgrammes::new());
//! testkit::people_contract!(MyPeople::new());
//! ```

pub mod liveness;
pub mod log;
pub mod people;
pub mod programmes;
pub mod store;
