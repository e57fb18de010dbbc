//! Timers of very many players at one instant, and what events that come meanwhile have to wait.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use types::Timestamp;

use crate::figures::{Figure, Part};
use crate::latency::Summary;
use crate::live::{self, AT_MOST, PLAYERS, RATE};
use crate::offline;
use crate::receive::{Receiver, Seen};
use crate::send;
use crate::server::{LOOPBACK, Setup};

const PROGRAMME: &str = include_str!("midnight.yaml");
const BRAND: &str = "bench";

/// Measures with so many timers; files go below `folder`.
pub async fn measure(
    players: u32,
    seconds: u64,
    quick: bool,
    folder: &Path,
    say: &dyn Fn(&str),
) -> Result<Part> {
    let how = format!(
        "{players} players whose points expire at one midnight, none of them in memory when the server starts; {RATE} single events a second of {PLAYERS} players, open loop, each answered when it is applied; one run."
    );
    let mut part = Part::new("midnight", how, quick);
    let noon: Timestamp = "2026-01-05T00:00:00Z".parse()?;
    offline::one_order_each(&folder.join("data"), BRAND, players, "due", noon).await?;
    let receiver = Receiver::new(Seen::new()?);
    let setup = Setup {
        head: "clock = \"event\"\n",
        ready_within: AT_MOST,
        sink: Some(receiver.listen(LOOPBACK)?),
        types: "\"points_expired\"",
        ..Setup::new(folder, PROGRAMME, BRAND)
    };
    say("the log has a record of every player; folding them");
    let server = live::cold(&setup).await?;
    say("quiet: live events before midnight");
    // Most of those who play are also due.
    let mut traffic = live::traffic()?;
    let load = |at: &str, seconds| live::load(&server, at, seconds);
    send::run(&load("2026-01-05T12:00:00Z", 2), &mut traffic).await?;
    let quiet = send::run(&load("2026-01-05T12:00:00Z", seconds), &mut traffic).await?;
    say("midnight: the same events, past it");
    let past = load("2026-01-06T00:00:01Z", seconds);
    let events = send::run(&past, &mut traffic);
    let (sweep, took) = tokio::join!(events, all_fired(&receiver, u64::from(players)));
    let (sweep, took) = (sweep?, took?);
    add(&mut part, "quiet", "before midnight", &quiet.response);
    add(&mut part, "sweep", "from midnight on", &sweep.response);
    part.add(Figure::once(
        "midnight.missed",
        "live events that failed or could not be sent, from midnight on",
        "",
        (sweep.failed + sweep.skipped) as f64,
    ));
    part.add(Figure::once(
        "midnight.sweep_seconds",
        "from midnight until every timer has fired and its emission is acknowledged",
        "s",
        took.as_secs_f64(),
    ));
    part.add_ratio(
        "midnight.p99_over_quiet",
        "p99 from midnight on, over the one before",
        "midnight.sweep.p99_ms",
        "midnight.quiet.p99_ms",
    );
    Ok(part)
}

/// How long it takes until so many timers have fired, each with an emission.
async fn all_fired(receiver: &Receiver, timers: u64) -> Result<Duration> {
    let started = Instant::now();
    loop {
        let fired = receiver.with(|seen| seen.emissions());
        if fired >= timers {
            return Ok(started.elapsed());
        }
        let waited = started.elapsed();
        ensure!(
            waited < AT_MOST,
            "{fired} of {timers} timers fired within {waited:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn add(part: &mut Part, id: &str, when: &str, response: &Summary) {
    for (name, value) in [
        ("p50", response.p50_ms),
        ("p99", response.p99_ms),
        ("p99_9", response.p99_9_ms),
        ("max", response.max_ms),
    ] {
        let what = format!(
            "live events {when}, sent to applied, {}",
            name.replace('_', ".")
        );
        part.add(Figure::once(
            format!("midnight.{id}.{name}_ms"),
            what,
            "ms",
            value,
        ));
    }
}
