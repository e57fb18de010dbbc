//! `questline explain`: why an event counted, or did not, rule by rule.

use clap::Parser;
use serde_json::Value;

use super::{Server, block_on};
use crate::console::say;
use crate::exit::Failure;

/// Which event, on which server.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline explain --key ql_... --player 17850 shop/536365
  questline explain --key ql_... --player 17850 shop/536365 --json

The answer is what was stored when the event was folded, and names the programme's version of then.")]
pub(crate) struct Args {
    #[command(flatten)]
    server: Server,
    /// The player
    #[arg(long)]
    player: String,
    /// The event: its source, a slash, its id
    event: String,
    /// Print the server's answer as it is
    #[arg(long)]
    json: bool,
}

/// Asks, and says it in lines for people.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Some((source, id)) = args.event.split_once('/') else {
        return Err(Failure::bad_usage(
            "name the event as SOURCE/ID, as in shop/536365",
        ));
    };
    let client = args.server.client()?;
    let segments = ["v1", "players", &args.player, "events", source, id];
    let answer = block_on(async { client.get(&segments, &[]).await.map_err(Failure::failed) })?;
    if args.json {
        say(answer)?;
        return Ok(());
    }
    for line in told(&answer) {
        say(line)?;
    }
    Ok(())
}

fn told(answer: &Value) -> Vec<String> {
    // The entry itself, with what reversed it beside it.
    let entry = answer
        .get("event")
        .filter(|entry| entry.is_object())
        .unwrap_or(answer);
    let text = |name: &str| entry[name].as_str().unwrap_or("?");
    let mut lines = vec![
        format!(
            "{} {}: {}",
            text("event_type"),
            entry["cause"]["event"].as_str().unwrap_or("?"),
            text("outcome")
        ),
        format!(
            "  occurred {}, recorded {}",
            text("occurred_at"),
            text("recorded_at")
        ),
    ];
    if let Some(amount) = entry["amount"].as_str() {
        let currency = entry["currency"].as_str().unwrap_or("");
        lines.push(
            format!("  amount {amount} {currency}")
                .trim_end()
                .to_owned(),
        );
    }
    if let Some(unmatched) = entry["unmatched"].as_str() {
        lines.push(format!("  nothing was found for {unmatched} of it"));
    }
    for judged in items(&entry["rules"]) {
        let (kind, name) = match judged["rule"].as_str() {
            Some(rule) => ("rule", rule),
            None => ("mission", judged["mission"].as_str().unwrap_or("?")),
        };
        let detail = judged["detail"]
            .as_str()
            .map_or(String::new(), |detail| format!(": {detail}"));
        let reason = judged["reason"].as_str().unwrap_or("?").replace('_', " ");
        lines.push(format!("  {kind} {name}: {reason}{detail}"));
    }
    for effect in items(&entry["effects"]) {
        lines.push(format!("  -> {}", flat(effect)));
    }
    for later in items(&answer["reversed_by"]) {
        let cause = later["cause"]["event"].as_str().unwrap_or("?");
        let at = later["recorded_at"].as_str().unwrap_or("?");
        lines.push(format!("  reversed by {cause} at {at}"));
    }
    lines.push(format!("  programme version {}", text("programme_version")));
    lines
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn flat(effect: &Value) -> String {
    let Some(fields) = effect.as_object() else {
        return effect.to_string();
    };
    let kind = effect["type"].as_str().unwrap_or("?");
    let rest = fields
        .iter()
        .filter(|(name, _)| *name != "type")
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!(" {name}={value}")
        });
    std::iter::once(kind.to_owned()).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::told;

    #[test]
    fn an_answer_is_told_rule_by_rule() {
        let answer = json!({
            "cause": {"event": "shop/1"}, "event_type": "order", "outcome": "applied",
            "occurred_at": "2011-01-01T00:00:00Z", "recorded_at": "2011-01-01T00:00:01Z",
            "amount": "5", "currency": "GBP", "programme_version": "v",
            "rules": [
                {"rule": "order_xp", "reason": "counted"},
                {"mission": "big", "reason": "when_error", "detail": "no such key"}
            ],
            "effects": [{"type": "points_earned", "amount": "50", "points": "xp"}],
        });
        let expected = [
            "order shop/1: applied",
            "  occurred 2011-01-01T00:00:00Z, recorded 2011-01-01T00:00:01Z",
            "  amount 5 GBP",
            "  rule order_xp: counted",
            "  mission big: when error: no such key",
            "  -> points_earned amount=50 points=xp",
            "  programme version v",
        ];
        assert_eq!(told(&answer), expected);
    }
}
