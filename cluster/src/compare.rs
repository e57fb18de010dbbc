//! The cluster against `simulate`: the same players, and the same emissions at the gateways.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::nodes::Cluster;
use crate::orders::{Orders, text};

/// What was found equal.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Players.
    pub players: usize,
    /// Emissions that the notifications gateway took.
    pub notified: usize,
    /// Grants that the bonus-engine gateway took.
    pub grants: usize,
}

/// Compares; the error names the first difference.
pub async fn compare(cluster: &Cluster, orders: &Orders) -> Result<Comparison> {
    let (players, emissions) = (
        cluster.folder().join("simulated-players.jsonl"),
        cluster.folder().join("simulated-emissions.jsonl"),
    );
    let args = [
        "simulate",
        "--programme",
        text(&orders.programme)?,
        "--events",
        text(&orders.file)?,
        "--mapping",
        text(&orders.mapping)?,
        "--players-out",
        text(&players)?,
        "--emissions-out",
        text(&emissions)?,
    ];
    cluster.questline(&args).await?;
    let expected = lines(&std::fs::read_to_string(&players)?)?;
    let found = cluster
        .questline(&["players", "--from", cluster.http(1)?, "--key", &cluster.key])
        .await?;
    let found = lines(&found)?;
    if let Some((ours, theirs)) = found.iter().zip(&expected).find(|(a, b)| a != b) {
        bail!("the cluster has {ours}\nsimulate has  {theirs}");
    }
    if found.len() != expected.len() {
        bail!(
            "the cluster has {} players, simulate {}",
            found.len(),
            expected.len()
        );
    }
    let simulated = lines(&std::fs::read_to_string(&emissions)?)?;
    let notified = cluster.notifications.url("notifications")?;
    let notified = same_ids(notified, &simulated, "mission_completed tier_changed").await?;
    let grants = cluster.bonus_engine.url("bonus-engine")?;
    let grants = same_ids(grants, &simulated, "grant_offered").await?;
    Ok(Comparison {
        players: found.len(),
        notified,
        grants,
    })
}

/// That a gateway holds exactly the emissions of these types that were simulated; how many.
async fn same_ids(gateway: &str, simulated: &[Value], types: &str) -> Result<usize> {
    let of_types = |one: &&Value| {
        let mut types = types.split(' ');
        types.any(|name| one["type"] == name)
    };
    let id = |one: &Value| one["id"].as_str().map(str::to_owned);
    let expected: BTreeSet<_> = simulated.iter().filter(of_types).map(id).collect();
    let held = all(gateway, "emissions").await?;
    let held: Vec<_> = held.iter().filter(of_types).map(id).collect();
    let found: BTreeSet<_> = held.iter().cloned().collect();
    if found.len() != held.len() {
        bail!("{gateway} holds an emission twice");
    }
    if found != expected {
        bail!(
            "{gateway} holds {} of {types}, simulate has {}; missing {:?}",
            found.len(),
            expected.len(),
            expected.difference(&found).take(3).collect::<Vec<_>>()
        );
    }
    Ok(found.len())
}

/// All that a gateway lists, page by page.
pub(crate) async fn all(gateway: &str, what: &str) -> Result<Vec<Value>> {
    let client = reqwest::Client::new();
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let url = format!("{gateway}/v1/{what}?page_size=1000&page_token={token}");
        let answer = client.get(&url).send().await?.error_for_status()?;
        let mut page: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let items = page[what].as_array_mut().context("a page without a list")?;
        all.append(items);
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok(all),
        }
    }
}

fn lines(text: &str) -> Result<Vec<Value>> {
    text.lines()
        .map(|line| serde_json::from_str(line).context("a line that is not JSON"))
        .collect()
}
