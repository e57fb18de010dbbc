//! What an event costs each process, and how many rows of the store it comes to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep};

use crate::load::{Load, Traffic};
use crate::nodes::Cluster;
use crate::usage::usage;

/// Rows of a checkpoint, by table.
const ROWS: &str = "questline_store_rows_total{";
/// Heads that were set.
const HEADS: &str = "questline_store_heads_set_total{";

/// So many players, each of whom plays so often: `100@10` are a hundred at ten events a second each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crowd {
    /// How many, over both ingest nodes.
    pub players: u32,
    /// Events a second of each.
    pub each: f64,
}

impl Crowd {
    /// Events a second of all.
    pub fn rate(self) -> u32 {
        (f64::from(self.players) * self.each).round() as u32
    }
}

impl FromStr for Crowd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not PLAYERS@EVENTS_A_SECOND_EACH, as 100@10");
        let (players, each) = text.split_once('@').ok_or_else(wrong)?;
        let crowd = Self {
            players: players.parse().map_err(|_| wrong())?,
            each: each.parse().map_err(|_| wrong())?,
        };
        // A node has half of the players, and sends whole events a second.
        match crowd.players >= 2 && crowd.each.is_finite() && crowd.rate() >= 2 {
            true => Ok(crowd),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.players, self.each)
    }
}

/// What was counted.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Events accepted meanwhile.
    pub events: u64,
    /// For how long it was counted.
    pub lasted: Duration,
    /// CPU time of each process.
    pub cpu: Vec<(String, Duration)>,
    /// Rows written by the engine nodes, by table; heads set are `shard_head`.
    pub rows: BTreeMap<String, u64>,
}

/// Has the crowd play for a while, and counts over some time of it. `run` parts its events from those of other runs.
pub async fn cost(
    cluster: &Cluster,
    run: u32,
    crowd: Crowd,
    warm: Duration,
    over: Duration,
) -> Result<Cost> {
    let traffic = Traffic {
        rate: crowd.rate(),
        players: crowd.players,
    };
    let load = Load::start(cluster, run, traffic)?;
    sleep(warm).await;
    let (before, rows_before) = (usage(cluster)?, rows(cluster).await?);
    let (began, from) = (Instant::now(), load.accepted());
    sleep(over).await;
    let (after, rows_after) = (usage(cluster)?, rows(cluster).await?);
    let (lasted, to) = (began.elapsed(), load.accepted());
    load.stop().await?;
    let cpu = before.into_iter().zip(after);
    let rows = rows_after.into_iter().map(|(table, count)| {
        let before = rows_before.get(&table).copied().unwrap_or_default();
        (table, count - before)
    });
    Ok(Cost {
        events: to - from,
        lasted,
        cpu: cpu
            .map(|(before, after)| (after.name, after.cpu - before.cpu))
            .collect(),
        rows: rows.collect(),
    })
}

/// What the engine nodes have written so far, by table.
async fn rows(cluster: &Cluster) -> Result<BTreeMap<String, u64>> {
    let mut all = BTreeMap::new();
    for engine in &cluster.engines {
        let url = format!("{}/metrics", engine.url("admin")?);
        let text = reqwest::get(url).await?.error_for_status()?.text().await?;
        for (table, count) in text.lines().filter_map(row) {
            *all.entry(table).or_default() += count;
        }
    }
    (!all.is_empty())
        .then_some(all)
        .context("no engine node counts rows")
}

/// Table and count of a line of metrics.
fn row(line: &str) -> Option<(String, u64)> {
    let (labels, count) = line.rsplit_once(' ')?;
    let table = match (labels.strip_prefix(ROWS), labels.starts_with(HEADS)) {
        (Some(labels), _) => labels.split('"').nth(1)?,
        (None, true) if labels.contains("\"applied\"") => "shard_head",
        _ => return None,
    };
    Some((table.to_owned(), count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Crowd, row};

    #[test]
    fn a_crowd_is_how_many_and_how_often_each() {
        let crowd: Crowd = "100000@0.01".parse().unwrap();
        assert_eq!((crowd.players, crowd.rate()), (100_000, 1_000));
        assert_eq!(crowd.to_string(), "100000@0.01");
        for wrong in ["100", "a@1", "1@10", "100@x", "100@0.001", "100@inf", "@"] {
            assert!(wrong.parse::<Crowd>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn rows_and_heads_are_counted_by_table() {
        let table = [
            (
                "questline_store_rows_total{type=\"player_state\"} 12",
                Some(("player_state", 12)),
            ),
            (
                "questline_store_heads_set_total{outcome=\"applied\"} 3",
                Some(("shard_head", 3)),
            ),
            (
                "questline_store_heads_set_total{outcome=\"refused\"} 3",
                None,
            ),
            ("# TYPE questline_store_rows_total counter", None),
            ("questline_store_row_bytes_total{type=\"journal\"} 12", None),
        ];
        for (line, expected) in table {
            let expected = expected.map(|(table, count)| (table.to_owned(), count));
            assert_eq!(row(line), expected, "{line}");
        }
    }
}
