//! Asks a server for a whole preview.

use ingest_service::preview::Preview;
use programme::model::Programme;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{CallError, Client, patiently};
use crate::exit::Failure;

/// What a draft would mean.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The version that is in effect.
    pub(crate) base: Option<String>,
    /// Why the draft could not be published as it is.
    pub(crate) cannot_follow: Vec<String>,
    /// For all players.
    pub(crate) sums: Preview,
}

#[derive(Deserialize)]
struct Page {
    base: Option<String>,
    cannot_follow: Vec<String>,
    preview: Preview,
    next_page_token: String,
}

/// Every page, added up. `looked_at` is told of players that were looked at.
pub(crate) async fn whole(
    client: &Client,
    draft: &Programme,
    looked_at: &mut dyn FnMut(u64),
) -> Result<Seen, Failure> {
    let mut token = String::new();
    let mut sums = Preview::default();
    loop {
        let source = draft.source.to_string();
        let answer = patiently(|| client.preview(source.clone(), &token)).await;
        let page: Page = serde_json::from_value(answer.map_err(failed)?)
            .map_err(|why| Failure::failed(format!("the server's preview: {why}")))?;
        looked_at(page.preview.players);
        sums.add(page.preview);
        if page.next_page_token.is_empty() {
            return Ok(Seen {
                base: page.base,
                cannot_follow: page.cannot_follow,
                sums,
            });
        }
        token = page.next_page_token;
    }
}

/// What the server finds wrong with the draft is said as `check` says it.
fn failed(error: CallError) -> Failure {
    let CallError::Refused { code, problem, .. } = &error else {
        return Failure::failed(error);
    };
    if code != "invalid_programme" {
        return Failure::failed(error);
    }
    let faults = problem["errors"].as_array().into_iter().flatten();
    let lines = faults.map(|fault: &Value| {
        let message = fault["message"].as_str().unwrap_or("");
        format!("\n{}:{}: {message}", fault["line"], fault["column"])
    });
    Failure::bad_input(format!("{error}{}", lines.collect::<String>()))
}
