//! The ports: what the engine asks of a log, of the stores, of a gateway and of the other nodes. A trait's documentation is its contract.
//!
//! The contracts are the weak ones that JetStream and a CQL store can keep (`docs/architecture.md`). An adapter may be stronger;
//! the engine may not rely on it. `testkit` holds one contract suite for each trait, run over every implementation.

pub mod liveness;
pub mod log;
pub mod peers;
pub mod people;
pub mod programme;
pub mod sink;
pub mod store;

pub use liveness::{
    Liveness, LivenessError, Member, NameError, NodeName, Records, Renewal, Seen, Suspicion,
};
pub use log::{
    AppendError, Appended, Entry, EventLog, LogReader, LogRecord, ReadError, is_same_log,
};
pub use peers::{PeerError, Peers};
pub use people::{Erasure, Key, PeopleStore, Person};
pub use programme::{Draft, ProgrammeStore, Publication, Published};
pub use sink::{EmissionSink, Outgoing, SinkError, SinkStream};
pub use store::{Cas, Due, Entity, Head, Over, OwnerId, Row, Stamp, StateStore, StoreError};
