//! The ports `StateStore` and `ProgrammeStore` on ScyllaDB and Cassandra, by the `scylla` driver.
//!
//! What the protocol of checkpoints (`docs/architecture.md`) needs of a store, and how a CQL cluster gives it:
//!
//! - **Rows land one by one.** A batch is of one table and one partition of it, unlogged, and weighs at most 128 KB (`batch`). ScyllaDB
//!   has no atomic batch over several tables; Cassandra takes one silently. Nothing relies on a batch being all or nothing.
//! - **The higher stamp wins.** Every row and every repeat of it carries the checkpoint's stamp as the write's timestamp. What a
//!   fenced owner still has on its way loses to rows of a newer epoch whenever it lands. A time-out means unknown: the same rows are
//!   written again under the same stamp.
//! - **Only the head is compared and set** (`head`), in a table that nothing else writes. A lost answer is resolved by reading at
//!   serial consistency. A timestamp on a condition is silently ignored by servers: the types of `statements` keep the two apart.
//! - **Nothing is deleted but whole partitions of tables that nobody reads any more** (`forget`). The outbox lies in spans of numbers
//!   and what falls due in minutes, so that no partition of a table grows without bound and no reader walks over deleted rows.
//! - **Everything is bounded**: pages, batches, requests under way, time per request, by kind (`connect`).
//!
//! Nothing here knows the engine or another adapter.

mod batch;
mod client;
mod config;
mod connect;
mod error;
mod forget;
mod head;
mod keys;
mod line;
mod listed;
mod metrics;
mod people;
mod programmes;
mod rows;
mod schema;
mod statements;
mod store;
mod tls;

pub use config::{CqlConfig, InFlight, Replication, Secret, Serial, Timeouts, Tls};
pub use error::OpenError;
pub use store::CqlStore;
