//! The audit of a running server, through its API.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::Findings;
use crate::client::Client;
use crate::commands::block_on;
use crate::console::Progress;
use crate::exit::Failure;
use crate::ledger::Ledger;

/// Players on a page.
const PAGE: u32 = 500;
/// How often a player is looked at whose balances are not the sums: several sweeps long.
const LOOKS: u32 = 12;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

pub(super) fn audit(url: &str, key: &str) -> Result<Findings, Failure> {
    let client = Client::new(url, key)?;
    block_on(all(&client))
}

async fn all(client: &Client) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let mut progress = Progress::new("auditing players", 0);
    let mut token = String::new();
    loop {
        let page = client
            .players(&token, PAGE)
            .await
            .map_err(Failure::failed)?;
        for player in &page.players {
            let player: Value = serde_json::from_str(player.get()).context("a player")?;
            let id = player["player"].as_str().unwrap_or("").to_owned();
            let (player, ledger) = at_rest(client, player, &id).await?;
            findings.compare(&player, &ledger)?;
            progress.add(1);
        }
        match page.next_page_token {
            Some(next) if !next.is_empty() => token = next,
            _ => break,
        }
    }
    progress.finish();
    Ok(findings)
}

/// The player and its journal as of one moment: events come between two questions, and what is due by time is seen at once but written
/// down by a sweep. So where they differ they are asked for again.
async fn at_rest(client: &Client, mut player: Value, id: &str) -> Result<(Value, Ledger), Failure> {
    let mut looks = 1;
    loop {
        let ledger = ledger(client, id).await?;
        if looks == LOOKS || ledger.differences(&player).is_empty() {
            return Ok((player, ledger));
        }
        looks += 1;
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let asked = client.get(&["v1", "players", id], &[]).await;
        player = asked.map_err(Failure::failed)?;
    }
}

async fn ledger(client: &Client, player: &str) -> Result<Ledger, Failure> {
    let mut ledger = Ledger::default();
    let mut token = String::new();
    loop {
        let query = [("page_token", token.as_str())];
        let segments = ["v1", "players", player, "journal"];
        let page = client
            .get(&segments, &query)
            .await
            .map_err(Failure::failed)?;
        for entry in page["entries"].as_array().map_or(&[][..], Vec::as_slice) {
            ledger
                .add(entry)
                .map_err(|why| Failure::failed(format!("player {player}: {why}")))?;
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok(ledger),
        }
    }
}
