//! A start after a loss: a snapshot of every player, and a record of every player that none of them has.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use types::Timestamp;

use crate::cpu;
use crate::figures::{Figure, Part};
use crate::offline;
use crate::server::{Server, Setup};

const PROGRAMME: &str = include_str!("end_to_end.yaml");
const BRAND: &str = "bench";
/// No start takes longer.
const AT_MOST: Duration = Duration::from_secs(900);

/// Measures the start of a server over so many snapshots and as many records; files go below `folder`.
pub async fn measure(players: u32, quick: bool, folder: &Path, say: &dyn Fn(&str)) -> Result<Part> {
    let how = format!(
        "{players} snapshots in the store and one record of each of those players behind them in the log; one run."
    );
    let mut part = Part::new("recovery", how, quick);
    let data = folder.join("data");
    let at = |day: &str| -> Result<Timestamp> { Ok(format!("2026-01-{day}T09:00:00Z").parse()?) };
    offline::one_order_each(&data, BRAND, players, "first", at("05")?).await?;
    let setup = Setup {
        head: "clock = \"event\"\n",
        ready_within: AT_MOST,
        ..Setup::new(folder, PROGRAMME, BRAND)
    };
    say("the log has a record of every player; folding them into snapshots");
    let server = Server::start(&setup).await?;
    server.drained(AT_MOST).await?;
    server.stop(AT_MOST).await?;
    offline::one_order_each(&data, BRAND, players, "second", at("06")?).await?;
    say("the log has a second record of every player; starting over it");
    let started = Instant::now();
    let server = Server::start(&setup).await?;
    let owned = started.elapsed();
    server.drained(AT_MOST).await?;
    let caught_up = started.elapsed();
    let figure = |id: &str, what: &str, unit: &str, value: f64| {
        Figure::once(format!("recovery.{id}"), what, unit, value)
    };
    part.add(figure(
        "owned_seconds",
        "from its start until every partition has its owner",
        "s",
        owned.as_secs_f64(),
    ));
    part.add(figure(
        "ready_seconds",
        "until every record is folded",
        "s",
        caught_up.as_secs_f64(),
    ));
    let cpu = cpu::of_process(server.pid())?;
    part.add(figure(
        "cpu_us_per_record",
        "CPU of the server",
        "us/record",
        cpu.as_secs_f64() * 1e6 / f64::from(players),
    ));
    let resident = cpu::resident_bytes(server.pid())?;
    part.add(figure(
        "resident_mib",
        "resident memory then",
        "MiB",
        resident as f64 / f64::from(1 << 20),
    ));
    Ok(part)
}
