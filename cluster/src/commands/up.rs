//! A real shop's year through a cluster, compared with `simulate`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use cluster::{Cluster, Orders, Plan, compare, steady, usage};
use tokio_util::sync::CancellationToken;

use super::{Server, say, unless_stopped};

/// What to start.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// End after the summary
    #[arg(long)]
    exit: bool,
    /// NATS servers: 1 or 3
    #[arg(long, default_value_t = 3)]
    nats: usize,
    /// Engine nodes, which share the partitions
    #[arg(long, default_value_t = 3)]
    engines: usize,
    /// Partitions of the log
    #[arg(long, default_value_t = 64)]
    partitions: u16,
    #[command(flatten)]
    server: Server,
}

impl Up {
    pub(crate) async fn run(self, stop: &CancellationToken) -> Result<()> {
        let binary = self.server.binary()?;
        let working = Box::pin(replayed(
            binary.clone(),
            self.nats,
            self.engines,
            self.partitions,
        ));
        let cluster = unless_stopped(stop, working).await?;
        if !self.exit {
            say("");
            say("It stays up until Ctrl-C:");
            say(&format!("  export KEY={}", cluster.key));
            say(&format!(
                "  curl -H \"Authorization: Bearer $KEY\" {}/v1/players/17850",
                cluster.http(0)?
            ));
            say(&format!(
                "  {} cluster status --at {}",
                binary.display(),
                cluster.engines[0].url("cluster")?
            ));
            stop.cancelled().await;
        }
        cluster.stop().await
    }
}

/// The cluster, after all of it.
async fn replayed(
    binary: PathBuf,
    nats: usize,
    engines: usize,
    partitions: u16,
) -> Result<Cluster> {
    let orders = Orders::bundled();
    let plan = Plan {
        binary,
        programme: orders.programme.clone(),
        brand: "online-retail".to_owned(),
        nats,
        engines,
        partitions,
        event_clock: true,
        notified: None,
    };
    let cluster = Cluster::start(plan, say).await?;
    say(&format!("files       {}", cluster.folder().display()));
    say("");
    let started = Instant::now();
    let sent = orders.send(&cluster, say).await?;
    let took = started.elapsed();
    // What moves while it is asked answers "not now".
    steady(&cluster).await?;
    let comparison = compare(&cluster, &orders).await?;
    say("");
    say(&format!(
        "{} rows in {} months through two ingest nodes in {:.1} s. The cluster equals simulate: {} players; the gateways hold\n\
         exactly its {} completions and tier changes, and its {} grants.",
        sent.rows,
        sent.months,
        took.as_secs_f64(),
        comparison.players,
        comparison.notified,
        comparison.grants
    ));
    say("");
    say("process            pid      CPU s   us/row   resident MiB");
    for one in usage(&cluster)? {
        let micros = one.cpu.as_secs_f64() * 1e6 / sent.rows as f64;
        say(&format!(
            "{:<16} {:>6} {:>9.2} {micros:>8.1} {:>14}",
            one.name,
            one.pid,
            one.cpu.as_secs_f64(),
            one.resident >> 20
        ));
    }
    Ok(cluster)
}
