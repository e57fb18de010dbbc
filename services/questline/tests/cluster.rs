//! A cluster of processes on real NATS and real Cassandra folds what `simulate` folds.

use std::path::PathBuf;

use cluster::{Cluster, Orders, Plan, compare};

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
        partitions: 8,
        event_clock: true,
        notified: None,
    };
    let mut cluster = Cluster::start(plan, |_| ()).await?;
    let sent = orders.send(&cluster, |_| ()).await?;
    assert_eq!(sent.months, MONTHS);
    let compared = compare(&cluster, &orders).await?;
    assert!(compared.players > 0 && compared.notified > 0 && compared.grants > 0);
    // The engine's successor takes over from the store what its predecessor left there and in the log; what comes again is known.
    cluster.engine.kill().await?;
    cluster.engine.start_again().await?;
    orders.send(&cluster, |_| ()).await?;
    compare(&cluster, &orders).await?;
    cluster.stop().await
}
