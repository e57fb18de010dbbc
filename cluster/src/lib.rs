//! A whole cluster on loopback: three NATS servers, Cassandra, engine nodes, two ingest nodes, both gateways and an operator, each a
//! process of its own with its own folder and free ports, killed by its process id when the cluster is dropped.
//!
//! For `make cluster`, `make chaos` and tests. Not for production: there every part is deployed on its own (`docs/operations.md`).

mod chaos;
mod compare;
mod cost;
mod load;
mod nodes;
mod orders;
mod owners;
mod process;
mod settings;
mod usage;

pub use chaos::{EMITTED, Fault, Intensity, Moved, PROGRAMME, Step, Verdict, chaos};
pub use compare::{Comparison, compare};
pub use cost::{Cost, Crowd, cost};
pub use nodes::{Cluster, Plan};
pub use orders::{Orders, Sent};
pub use owners::{Owners, owners, steady, taken};
pub use process::Process;
pub use usage::{Usage, usage};
