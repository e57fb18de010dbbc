//! What an event costs each process, and the store, under loads of few who play often and many who play seldom.

use std::time::Duration;

use anyhow::{Result, bail};
use cluster::{Cluster, Cost as Counted, Crowd, Plan, cost};
use loadtest::end_to_end::{BRAND, PROGRAMME};
use tokio_util::sync::CancellationToken;

use super::{Server, say, unless_stopped};

/// The most CPU time that an engine node may use for an event, in microseconds.
const MOST_US: f64 = 6.0;

/// Under which loads.
#[derive(Debug, clap::Args)]
pub(crate) struct Cost {
    /// Players, and events a second of each
    #[arg(long, value_name = "PLAYERS@EACH", default_values = ["100@10", "100000@0.01"])]
    load: Vec<Crowd>,
    /// Seconds of each load before it is counted
    #[arg(long, default_value_t = 20)]
    warm: u64,
    /// Seconds over which it is counted
    #[arg(long, default_value_t = 60)]
    over: u64,
    /// Engine nodes, which share the partitions
    #[arg(long, default_value_t = 1)]
    engines: usize,
    /// NATS servers: 1 or 3
    #[arg(long, default_value_t = 1)]
    nats: usize,
    /// Partitions of the log
    #[arg(long, default_value_t = 64)]
    partitions: u16,
    /// Fail where the engine nodes use more than 6 us of CPU time an event
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    server: Server,
}

impl Cost {
    pub(crate) async fn run(self, stop: &CancellationToken) -> Result<()> {
        unless_stopped(stop, Box::pin(self.all())).await
    }

    async fn all(self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let programme = folder.path().join("cost.yaml");
        std::fs::write(&programme, PROGRAMME)?;
        let plan = Plan {
            binary: self.server.binary()?,
            programme,
            brand: BRAND.to_owned(),
            nats: self.nats,
            engines: self.engines,
            partitions: self.partitions,
            event_clock: false,
            notified: None,
        };
        let cluster = Cluster::start(plan, say).await?;
        let (warm, over) = (self.warm, self.over);
        let mut most: f64 = 0.0;
        for (run, crowd) in (1..).zip(self.load) {
            let (warm, over) = (Duration::from_secs(warm), Duration::from_secs(over));
            let counted = cost(&cluster, run, crowd, warm, over).await?;
            if counted.events == 0 {
                bail!("{crowd}: nothing was accepted");
            }
            most = most.max(told(crowd, &counted));
        }
        cluster.stop().await?;
        match self.check && most > MOST_US {
            true => bail!("the engine nodes use {most:.1} us an event, and {MOST_US} is the most"),
            false => Ok(()),
        }
    }
}

/// Says it; what the engine nodes use for an event, in microseconds.
fn told(crowd: Crowd, counted: &Counted) -> f64 {
    let events = counted.events as f64;
    say("");
    say(&format!(
        "{} players at {} events/s each: {:.0} events/s accepted",
        crowd.players,
        crowd.each,
        events / counted.lasted.as_secs_f64()
    ));
    say("process           CPU us/event");
    let mut engines = 0.0;
    for (name, cpu) in &counted.cpu {
        let us = cpu.as_secs_f64() * 1e6 / events;
        say(&format!("{name:<16} {us:>13.2}"));
        if name.starts_with("engine") {
            engines += us;
        }
    }
    say("written           rows/event");
    for (table, rows) in &counted.rows {
        say(&format!("{table:<16} {:>11.4}", *rows as f64 / events));
    }
    engines
}
