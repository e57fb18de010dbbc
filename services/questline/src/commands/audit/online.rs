//! The audit of a running server, through its API.
//!
//! Nothing is compared that was asked for at two moments. A player's view has what is due by now, its journal what a sweep or the next
//! event has written of that: so the balances held against a journal are those that come with its newest entries, which the player's
//! actor gives in one answer. The older entries never change.

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
            let id = player["player"].as_str().unwrap_or("");
            let (player, ledger) = journal(client, id).await?;
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

/// The sum of a player's journal, and the player as the newest entry of it leaves it.
async fn journal(client: &Client, id: &str) -> Result<(Value, Ledger), Failure> {
    let mut ledger = Ledger::default();
    let mut player = Value::Null;
    let mut token = String::new();
    loop {
        let query = [("page_token", token.as_str())];
        let segments = ["v1", "players", id, "journal"];
        let mut page = client
            .get(&segments, &query)
            .await
            .map_err(Failure::failed)?;
        if token.is_empty() {
            player = page["player"].take();
        }
        if !player.is_object() {
            return Err(Failure::failed(format!(
                "player {id}: the server does not say what its journal comes to; is it of an earlier version?"
            )));
        }
        for entry in page["entries"].as_array().map_or(&[][..], Vec::as_slice) {
            ledger
                .add(entry)
                .map_err(|why| Failure::failed(format!("player {id}: {why}")))?;
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok((player, ledger)),
        }
    }
}
