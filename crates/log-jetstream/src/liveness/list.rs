//! Everything that stands in the bucket, in one request: the last message of each key, all as of one sequence.

use std::time::Duration;

use async_nats::{HeaderMap, Message, StatusCode};
use futures::StreamExt as _;
use ports::Records;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::records::{self, collect};
use crate::api::{Api, ApiError};
use crate::layout::Layout;

/// How long a listing may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// There is no message.
const NOTHING: u16 = 404;
/// All messages were sent.
const END: u16 = 204;

/// The records, as one of the bucket's servers has them; entries that are not ours are left out, and their number is given.
pub(super) async fn list(api: &Api, layout: &Layout) -> Result<(Records, usize), ApiError> {
    let deadline = Instant::now() + TIMEOUT;
    let client = api.client();
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.map_err(unavailable)?;
    let asked = json!({ "multi_last": [records::every_subject(layout)] });
    let subject = format!("$JS.API.DIRECT.GET.KV_{}", layout.nodes_bucket());
    client
        .publish_with_reply(subject, inbox, asked.to_string().into())
        .await
        .map_err(unavailable)?;
    let mut records = Records::default();
    let (mut foreign, mut left) = (0, None);
    loop {
        let answer = timeout_at(deadline, answers.next()).await;
        let answer = answer.map_err(|_| ApiError::Unavailable("no listing".to_owned()))?;
        let answer = answer.ok_or_else(|| ApiError::Unavailable("closed".to_owned()))?;
        match answer.status.map(|status| status.as_u16()) {
            None | Some(200) => {}
            Some(NOTHING) => return Ok((records, foreign)),
            Some(END) if left.unwrap_or(0) == 0 => {
                records.suspicions.sort_by_key(|told| told.revision);
                return Ok((records, foreign));
            }
            Some(_) => return Err(refused(&answer)),
        }
        let (subject, sequence, pending) = read_headers(&answer)
            .ok_or_else(|| ApiError::Unavailable("a listing without its headers".to_owned()))?;
        // Of what is still to come after each message, one less each time: none was lost on the way.
        if left.is_some_and(|left: u64| left.checked_sub(1) != Some(pending)) {
            return Err(ApiError::Unavailable("a listing with holes".to_owned()));
        }
        left = Some(pending);
        if !collect(layout, &mut records, subject, sequence, &answer.payload) {
            foreign += 1;
        }
    }
}

fn read_headers(answer: &Message) -> Option<(&str, u64, u64)> {
    let headers: &HeaderMap = answer.headers.as_ref()?;
    let number = |name| headers.get(name)?.as_str().parse().ok();
    Some((
        headers.get("Nats-Subject")?.as_str(),
        number("Nats-Sequence")?,
        number("Nats-Num-Pending")?,
    ))
}

fn refused(answer: &Message) -> ApiError {
    let status = answer.status.unwrap_or(StatusCode::OK);
    let why = answer.description.as_deref().unwrap_or_default();
    match status {
        StatusCode::NO_RESPONDERS => ApiError::Unavailable("the bucket has no leader".to_owned()),
        _ => ApiError::Unavailable(format!("no listing: {status} {why}")),
    }
}

fn unavailable(error: impl std::fmt::Display) -> ApiError {
    ApiError::Unavailable(error.to_string())
}
