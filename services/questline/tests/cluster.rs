//! A cluster of processes on real NATS and real Cassandra folds what `simulate` folds.

use std::path::PathBuf;

use cluster::{Cluster, Orders, Plan, compare, steady, taken};

/// A start of the year, so that it is over soon; `make cluster` sends all of it.
const MONTHS: usize = 2;

#[tokio::test]
async fn the_first_months_through_two_ingest_nodes_equal_simulate() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let orders = Orders::bundled().first(MONTHS, folder.path())?;
    let plan = Plan {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_questline")),
        programme: orders.programme.clone(),
        brand: "online-retail".to_owned(),
        nats: 3,
        engines: 3,
        partitions: 8,
        event_clock: true,
        notified: None,
    };
    let mut cluster = Cluster::start(plan, |_| ()).await?;
    let sent = orders.send(&cluster, |_| ()).await?;
    assert_eq!(sent.months, MONTHS);
    let compared = compare(&cluster, &orders).await?;
    assert!(compared.players > 0 && compared.notified > 0 && compared.grants > 0);
    // Others take over from the store what a node left there and in the log; what comes again is known.
    let owners = steady(&cluster).await?;
    let of = |engine: usize| {
        let held = owners.iter().filter(|(_, (holder, _))| *holder == engine);
        held.map(|(partition, _)| *partition).collect::<Vec<_>>()
    };
    cluster.engines[0].kill().await?;
    taken(&cluster, &of(0), 0).await?;
    orders.send(&cluster, |_| ()).await?;
    compare(&cluster, &orders).await?;
    cluster.engines[0].start_again().await?;
    steady(&cluster).await?;
    // One that stands still does not know it; awake again it finds out, and what it still says changes nothing.
    cluster.engines[1].pause().await?;
    taken(&cluster, &of(1), 1).await?;
    orders.send(&cluster, |_| ()).await?;
    cluster.engines[1].wake().await?;
    compare(&cluster, &orders).await?;
    steady(&cluster).await?;
    let status = cluster
        .questline(&[
            "cluster",
            "status",
            "--at",
            cluster.engines[2].url("cluster")?,
        ])
        .await?;
    assert!(status.contains("8 of 8 partitions are owned"), "{status}");
    assert!(
        status.contains("engine-1") && status.contains("engine-2"),
        "{status}"
    );
    cluster.stop().await
}
