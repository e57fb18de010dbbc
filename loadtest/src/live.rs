//! Live events beside which something else is measured: single ones at a modest rate, open loop, each answered when it is applied.

use std::time::Duration;

use anyhow::Result;

use crate::population::{Population, Shape};
use crate::send::{Answer, Load};
use crate::server::{Server, Setup};
use crate::traffic::{Mix, Naming, Traffic};

/// Events a second.
pub(crate) const RATE: u64 = 500;
/// Players who play.
pub(crate) const PLAYERS: u32 = 10_000;
/// No step beside them takes longer.
pub(crate) const AT_MOST: Duration = Duration::from_secs(900);

/// Who plays, and what.
pub(crate) fn traffic() -> Result<Traffic> {
    let players = Population::new(PLAYERS, Shape::Uniform)?;
    Ok(Traffic::new(players, Mix::plain(), 3))
}

/// A run of so many seconds whose events say that they occurred then.
pub(crate) fn load(server: &Server, occurred_at: &str, seconds: u64) -> Load {
    Load {
        url: server.url.clone(),
        key: server.key(),
        naming: Naming::new("3", "p", None),
        rate: RATE,
        batch: 1,
        duration: Duration::from_secs(seconds),
        max_in_flight: 4_096,
        answer: Answer::Applied,
        occurred_at: Some(occurred_at.to_owned()),
    }
}

/// A server that has folded all of its log and was started again: nobody is in memory.
pub(crate) async fn cold(setup: &Setup<'_>) -> Result<Server> {
    let server = Server::start(setup).await?;
    server.drained(AT_MOST).await?;
    server.stop(AT_MOST).await?;
    let server = Server::start(setup).await?;
    server.drained(AT_MOST).await?;
    Ok(server)
}
