//! What is shown when the replay is over.

use programme::model::Programme;
use serde_json::Value;

use super::latency::quantile;
use super::replay::Replay;
use super::standings::Standings;
use crate::client::Client;
use crate::console::grouped;
use crate::exit::Failure;
use crate::serve::Running;

/// Players on a page.
const PAGE: u32 = 500;

/// Asks the server, as anybody would, and puts the answers together.
pub(crate) async fn summary(
    running: &Running,
    client: &Client,
    programme: &Programme,
    replay: &Replay,
) -> Result<Vec<String>, Failure> {
    let mut lines = standings(client, programme).await?;
    lines.push(String::new());
    lines.extend(sending(replay));
    lines.extend(latency(running));
    for gateway in ["notifications", "bonus-engine"] {
        let Some(url) = running.url(gateway) else {
            continue;
        };
        let totals = Client::new(url, "")?
            .get(&["v1", "emissions"], &[("page_size", "1")])
            .await
            .map_err(Failure::failed)?;
        lines.push(format!("{gateway:<14} {}", told(&totals["totals"])));
    }
    Ok(lines)
}

async fn standings(client: &Client, programme: &Programme) -> Result<Vec<String>, Failure> {
    let points = programme.points.first().map_or("", |points| &*points.id);
    let mut standings = Standings::default();
    let mut token = String::new();
    loop {
        let page = client
            .players(&token, PAGE)
            .await
            .map_err(Failure::failed)?;
        for player in &page.players {
            let player: Value = serde_json::from_str(player.get()).map_err(Failure::failed)?;
            standings.add(&player, points);
        }
        match page.next_page_token {
            Some(next) if !next.is_empty() => token = next,
            _ => return Ok(standings.lines(programme)),
        }
    }
}

fn sending(replay: &Replay) -> Vec<String> {
    let sent = &replay.sent;
    let of_this_run = sent.sent - sent.resumed_at;
    let rate = of_this_run as f64 / sent.took.as_secs_f64().max(0.001);
    let mut lines = vec![format!(
        "Events         {} sent, {} accepted; {} of them now, in {:.1} s: {} a second, durable, folded and delivered",
        grouped(sent.sent),
        grouped(sent.accepted),
        grouped(of_this_run),
        sent.took.as_secs_f64(),
        grouped(rate as u64)
    )];
    for (code, count) in &sent.rejected {
        lines.push(format!("Rejected       {:>8}  {code}", grouped(*count)));
    }
    lines.extend(
        replay
            .rejected
            .iter()
            .map(|event| format!("{:>24} {event}", "")),
    );
    for (reason, count) in &sent.left_out {
        lines.push(format!("Left out       {:>8}  {reason}", grouped(*count)));
    }
    lines
}

fn latency(running: &Running) -> Option<String> {
    let metrics = running.metrics();
    let name = telemetry::names::DELIVERY_LATENCY;
    let ms = |q| quantile(&metrics, name, q).map(|seconds| seconds * 1_000.0);
    Some(format!(
        "Latency        accepted to delivered: p50 {:.1} ms, p99 {:.1} ms, at full speed",
        ms(0.5)?,
        ms(0.99)?
    ))
}

/// `received 4,000, distinct 4,000, alarms 0`.
fn told(totals: &Value) -> String {
    let fields = totals
        .as_object()
        .map_or_else(Vec::new, |fields| fields.iter().collect());
    let parts: Vec<String> = fields
        .into_iter()
        .map(|(name, count)| {
            format!(
                "{} {}",
                name.replace('_', " "),
                grouped(count.as_u64().unwrap_or(0))
            )
        })
        .collect();
    parts.join(", ")
}
