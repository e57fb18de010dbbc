//! A gateway's half of delivery: emissions made durable once, keyed by their id, before they are acknowledged.
//!
//! # What is promised
//! - What [`Inbox::submit`] answers for is on disk, in a checksummed append-only [journal] of our own: one write and one
//!   `fdatasync` for a group of batches. A killed process or a power cut loses nothing that was answered for.
//! - An emission whose id is known is answered for and folded no second time. With another body it is an *alarm*: kept, counted,
//!   logged as an error, and answered for, since sending it again would not mend it.
//! - A gateway's own facts (a message was read, a call was answered) are [notes](Inbox::note) in the same journal.
//! - [`Server`] puts the servers around it: gRPC with health and reflection, HTTP with `/healthz`, `/readyz`, `/metrics`.
//!
//! # Two parts, one truth
//! The journal is the truth. The tables (fjall) are a fold of it: the index of ids, the emissions, and what the gateway's
//! [`Projection`] makes of them. They are written without `fsync`, together with the number of the record folded last, and go on
//! from that number after a restart. fjall drops commits silently behind a hole in its own journal, and refuses to open on a bad
//! checksum: in both cases the tables are merely older than the journal, or moved aside and folded anew.

mod error;
mod frame;
mod http;
mod inbox;
pub mod journal;
mod process;
mod projection;
mod server;
mod service;
mod signals;
mod tables;
mod writer;

pub use error::Error;
pub use http::{Paging, Problem};
pub use inbox::{Inbox, JOURNAL, Receipt};
pub use process::{Process, ProcessError, Settings, begin};
pub use projection::{Projection, Record};
pub use proto::emission::v1::Emission;
pub use server::{Listeners, ServeError, Server};
pub use service::Receiver;
pub use tables::{Page, Reader, Table, Tables, Totals, Tx};
