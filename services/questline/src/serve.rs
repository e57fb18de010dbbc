//! A server in this process: its parts started in order, and stopped in the opposite order.
//!
//! The gateways take emissions over gRPC even here: what is tested on one machine is what runs on many.

mod adapters;
mod backup;
mod cluster;
mod config;
mod core;
mod gateways;
mod member;
mod postbacks;
mod preview;
mod programmes;
mod queries;
mod start;

use std::sync::Arc;

use jiff::Timestamp as Now;
use tokio::signal::unix::{SignalKind, signal};
use types::Timestamp;

pub(crate) use backup::{beside, of_wire as backup_piece};
pub(crate) use config::{ClockName, Config, Flags};
pub(crate) use start::Running;

use crate::exit::Failure;

/// The runtime of a server.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Resolves at SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The wall clock.
pub(crate) fn wall_clock() -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    Arc::new(now)
}

fn now() -> Timestamp {
    i64::try_from(Now::now().as_nanosecond())
        .ok()
        .and_then(Timestamp::from_nanos)
        .unwrap_or(Timestamp::MIN)
}
