//! The engine: partitions and player actors on actix; knows neither NATS nor CQL nor files.
//!
//! [`Engine::start`] takes over every partition of the log and folds its records from the head's cursor; [`Engine::open`] owns nothing
//! until its handle is told to take. A partition is one task on one thread ([`partition`]): its [`pump`] reads chunks, its [`player`]
//! actors fold them, its [`outbox`] and [`relay`]s carry what they emit, its [`checkpoint`] writes cuts to the store, fenced by the head,
//! its [`sweep`]s fire what is due by time alone. What one entity tells another ([`tell`]) leaves by the outbox and comes back as a
//! record. Everything else asks through [`EngineHandle`].
//!
//! The rules that keep this safe under late, lost and repeated writes are those of `docs/architecture.md` §5; the tests in
//! `tests/simulation.rs` run them over a store that misbehaves.

mod arbiter;
mod changes;
mod checkpoint;
mod codec;
mod config;
mod confirm;
mod context;
mod engine;
mod error;
mod fold;
mod follow;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod handle;
mod head;
mod hold;
mod job;
mod journal;
mod kin;
mod load;
mod logic;
mod measure;
mod names;
mod outbox;
pub mod ownership;
mod partition;
mod passivate;
mod pause;
mod place;
mod player;
mod preview;
mod publish;
mod pump;
mod quarantine;
mod query;
mod relay;
mod repair;
mod restored;
mod retain;
mod retry;
mod row;
mod settle;
mod skip;
mod slots;
mod snapshot;
mod sweep;
mod takeover;
mod tell;
mod timeline;
mod unwritten;
mod versions;
mod warm;

pub use config::{Clock, EngineConfig, Pace, Programmes, Threads};
pub use engine::Engine;
pub use error::{EngineError, QueryError, RepairError};
pub use handle::EngineHandle;
pub use job::{Turn, TurnKind};
pub use kin::check_store;
pub use logic::{Logic, Read};
pub use preview::Foreseen;
pub use publish::{Edit, PublishError, active_by_heads, carry_publications};
pub use query::{
    EventEntry, JournalPage, OutcomeAt, PartitionStatus, PlayerAsOf, RestoredLog, SetAside,
    SinkStatus,
};
pub use repair::Repaired;
pub use retain::Retention;
pub use snapshot::{Wrapped, unwrap as snapshot};
pub use versions::{Differs, Versions};
