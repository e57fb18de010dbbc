//! Measuring Questline: `questline-load`, an open-loop load tool that follows every event from the request to the emission, and
//! `questline-bench`, every number of the performance page.

pub mod arrivals;
pub mod before_publish;
pub mod check;
pub mod client;
pub mod cpu;
pub mod deliveries;
pub mod drive;
pub mod end_to_end;
pub mod figures;
pub mod fold;
pub mod fold_part;
pub mod instructions;
pub mod keep_alive;
pub mod latency;
pub mod ledger;
mod live;
pub mod micro;
pub mod midnight;
pub mod offline;
pub mod outcome;
pub mod population;
mod publication;
pub mod receive;
pub mod recovery;
pub mod report;
pub mod rig;
pub mod run;
pub mod scenario;
pub mod send;
pub mod series;
pub mod server;
pub mod snapshots;
pub mod stream;
pub mod tables;
pub mod thresholds;
pub mod traffic;
