//! Faults on real processes under a constant load, with every event followed from its acceptance to its emission.

mod fault;
mod moves;
mod room;
mod verdict;
mod watch;

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

pub use fault::Fault;
pub use moves::{Moved, Step};
pub use verdict::Verdict;

use crate::compare::all;
use crate::load::{Load, Traffic};
use crate::nodes::Cluster;
use crate::owners::steady;
use moves::Moves;
use watch::{LOOK, Watch};

/// A point for each event: whatever is accepted is emitted once, and says of which event it is.
pub const PROGRAMME: &str = "\
programme: chaos
brand: chaos
timezone: UTC
currency: GBP
points: {xp: {kind: status}}
earn:
  - {id: each, on: order, give: {points: xp, fixed: 1}}
";
/// The type of emission that it causes.
pub const EMITTED: &str = "points_earned";
/// Players, over both ingest nodes.
const PLAYERS: u32 = 500;
/// How long what was accepted may take until all of it is delivered.
const DELIVERED_WITHIN: Duration = Duration::from_secs(180);

/// How much load, and how long around each fault.
#[derive(Clone, Copy, Debug)]
pub struct Intensity {
    /// Events a second.
    pub rate: u32,
    /// Before the fault, and after it is over.
    pub calm: Duration,
    /// How long what is paused stands still.
    pub pause: Duration,
}

/// Loads the cluster, commits the fault, and says what became of every event. `run` parts its events from those of other runs.
pub async fn chaos(
    cluster: &mut Cluster,
    fault: Fault,
    run: u32,
    intensity: Intensity,
) -> Result<Verdict> {
    let gateway = cluster.notifications.url("notifications")?.to_owned();
    steady(cluster).await?;
    let load = Load::start(
        cluster,
        run,
        Traffic {
            rate: intensity.rate,
            players: PLAYERS,
        },
    )?;
    let watch = Watch::start(gateway.clone(), run);
    sleep(intensity.calm).await;
    let (began, moves) = (Instant::now(), Moves::start(cluster));
    let began_at = jiff::Timestamp::now();
    let taken_over = fault.commit(cluster, intensity.pause).await?;
    let fault_lasted = began.elapsed();
    sleep(intensity.calm).await;
    let accepted = load.stop().await?;
    let deadline = Instant::now() + DELIVERED_WITHIN;
    while watch.arrived() < accepted.events.len() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
    let arrivals = watch.stop();
    let moves = moves.read(cluster)?;
    let (lost, doubled, reordered) =
        verdict::judge(run, &accepted, &all(&gateway, "emissions").await?);
    Ok(Verdict {
        fault,
        fault_lasted,
        taken_over,
        planned: moves::planned(&moves),
        began_at,
        moves,
        accepted: accepted.events.len(),
        retried: accepted.retried,
        longest_silence: arrivals.longest_silence(),
        players_silence: arrivals.players_silence(),
        slowest: arrivals.slowest(&accepted),
        lost,
        doubled,
        reordered,
    })
}
