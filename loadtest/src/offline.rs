//! A data folder whose log is written while no server runs: what a server finds when it starts.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use embedded::{ClockMode, DataFolder, Options};
use ports::{Entity, Entry, EventLog, StateStore};
use types::{BrandId, Event, Partition, PlayerId, Timestamp};

/// Entries of one log message.
const BATCH: usize = 512;
/// Players whose snapshots are looked at.
const SAMPLE: u32 = 5_000;

/// Appends one order of each player to the log in `data`, all recorded at one time; the folder is made on event time.
pub async fn one_order_each(
    data: &Path,
    brand: &str,
    players: u32,
    id: &str,
    at: Timestamp,
) -> Result<()> {
    let (data, brand): (_, BrandId) = (data.to_owned(), brand.parse()?);
    let id = id.to_owned();
    let opened = move || {
        let mut options = Options::new(Arc::new(move || at));
        options.clock = Some(ClockMode::Event);
        DataFolder::open(&data, options)
    };
    let folder = tokio::task::spawn_blocking(opened)
        .await?
        .context("the data folder")?;
    let log = Arc::clone(&folder.log);
    let mut waiting: Vec<Vec<Entry>> = vec![Vec::new(); usize::from(log.partitions())];
    for number in 0..players {
        let player = PlayerId::new(&format!("p{number:07}"))?;
        let partition = events::partition_of(&brand, &player, log.partitions());
        let entries = &mut waiting[usize::from(partition.0)];
        entries.push(Entry {
            recorded_at: Some(at),
            body: order(&brand, player, &id, at)?,
        });
        if entries.len() >= BATCH {
            log.append(partition, std::mem::take(entries)).await?;
        }
    }
    for (partition, entries) in (0..).map(Partition).zip(waiting) {
        if !entries.is_empty() {
            log.append(partition, entries).await?;
        }
    }
    Ok(())
}

/// Mean bytes of the snapshots that lie in `data`, of some of its players.
pub async fn mean_snapshot(data: &Path, brand: &str, players: u32) -> Result<f64> {
    let (data, brand): (_, BrandId) = (data.to_owned(), brand.parse()?);
    let opened = move || DataFolder::open(&data, Options::new(Arc::new(|| Timestamp::MIN)));
    let folder = tokio::task::spawn_blocking(opened)
        .await?
        .context("the data folder")?;
    let partitions = folder.log.partitions();
    let (mut found, mut bytes) = (0u64, 0usize);
    for number in 0..players.min(SAMPLE) {
        let player = PlayerId::new(&format!("p{number:07}"))?;
        let partition = events::partition_of(&brand, &player, partitions);
        let entity = Entity {
            brand: brand.clone(),
            player,
        };
        let rows = folder.state.snapshots(partition, &[entity]).await?;
        for row in rows.into_iter().flatten() {
            found += 1;
            bytes += row.len();
        }
    }
    ensure!(found > 0, "no player has a snapshot");
    Ok(bytes as f64 / found as f64)
}

fn order(brand: &BrandId, player: PlayerId, id: &str, at: Timestamp) -> Result<Bytes> {
    let event = Event {
        id: format!("{id}-{player}").parse()?,
        source: "load".parse()?,
        kind: "order".into(),
        player,
        occurred_at: at,
        amount: Some("25.00".parse()?),
        currency: Some("GBP".parse()?),
        refers_to: None,
        rate: None,
        attributes: [(
            "country".into(),
            types::Value::Text("United Kingdom".into()),
        )]
        .into(),
        sealed: None,
    };
    Ok(events::record::encode(brand, at, &event, None))
}
