//! The operator's endpoint: one call, and what its answer means.

use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::json;
use telemetry::names;
use thiserror::Error;

use crate::backoff::Backoff;
use crate::grant::{Ask, Call, Grant, Outcome};
use crate::webhook::{self, NotASecret, Signer};

/// An answer is read up to here: a reason is a sentence.
const REASON_BYTES: usize = 500;

/// Whom to call, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OperatorConfig {
    /// Where grants are posted.
    pub url: String,
    /// Signs the calls: `whsec_<base64>`.
    #[serde(default)]
    pub secret: Option<String>,
    /// An answer that takes longer is unknown.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Calls at a time.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// Between attempts.
    #[serde(default)]
    pub backoff: Backoff,
}

impl OperatorConfig {
    /// The operator at an address, everything else as it is by default.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            secret: None,
            timeout_ms: timeout_ms(),
            concurrency: concurrency(),
            backoff: Backoff::default(),
        }
    }
}

fn timeout_ms() -> u64 {
    10_000
}

fn concurrency() -> usize {
    32
}

/// Why the operator can't be called.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// The secret.
    #[error(transparent)]
    Secret(#[from] NotASecret),
    /// The address, or the client.
    #[error("{0}")]
    Client(#[from] reqwest::Error),
    /// The address.
    #[error("{0} is not an http:// address")]
    Url(String),
}

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The operator said what it did.
    Known(Outcome),
    /// It may or may not have done it: ask again, with the same key.
    Unknown(String),
}

/// The operator.
#[derive(Debug)]
pub(crate) struct Operator {
    client: reqwest::Client,
    url: reqwest::Url,
    signer: Option<Signer>,
}

impl Operator {
    pub(crate) fn new(config: &OperatorConfig) -> Result<Self, OperatorError> {
        let url = reqwest::Url::parse(&config.url);
        let url = url.map_err(|_| OperatorError::Url(config.url.clone()))?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_millis(config.timeout_ms))
            // A redirected POST may become a GET: an operator that moved is an outcome unknown.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let signer = config.secret.as_deref().map(Signer::new).transpose()?;
        Ok(Self {
            client,
            url,
            signer,
        })
    }

    /// Makes the call once.
    pub(crate) async fn call(&self, grant: &Grant, call: &Call) -> Attempt {
        let begun = Instant::now();
        let attempt = self.post(grant, call).await;
        let outcome = match &attempt {
            Attempt::Known(Outcome::Done) => "done",
            Attempt::Known(Outcome::Refused(_)) => "refused",
            Attempt::Unknown(_) => "unknown",
        };
        metrics::counter!(names::BONUS_CALLS, "outcome" => outcome).increment(1);
        metrics::histogram!(names::BONUS_CALL_DURATION, "outcome" => outcome)
            .record(begun.elapsed().as_secs_f64());
        attempt
    }

    async fn post(&self, grant: &Grant, call: &Call) -> Attempt {
        let kind = match call.ask {
            Ask::Credit => "grant.credit",
            Ask::Revoke => "grant.revoke",
        };
        // The same bytes in every attempt: an operator may compare them.
        let body = json!({
            "type": kind, "idempotency_key": call.key, "brand": grant.brand, "player": grant.player,
            "grant_id": grant.grant_id, "reward": grant.reward, "emission": grant.emission,
        });
        let body = body.to_string();
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", &call.key);
        if !grant.traceparent.is_empty() {
            request = request.header("traceparent", &grant.traceparent);
        }
        if let Some(signer) = &self.signer {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let now = now.map_or(0, |now| now.as_secs());
            request = request
                .header(webhook::ID, &call.key)
                .header(webhook::TIMESTAMP, now)
                .header(
                    webhook::SIGNATURE,
                    signer.sign(&call.key, now, body.as_bytes()),
                );
        }
        match request.body(body).send().await {
            Err(error) => Attempt::Unknown(error.to_string()),
            Ok(response) => {
                let status = response.status();
                let text = response.text().await.unwrap_or_default();
                judge(status, &text)
            }
        }
    }
}

/// What an answer means. Time-outs, "too early", "too many", a call with this key still running, and every server error leave the
/// outcome unknown.
fn judge(status: StatusCode, text: &str) -> Attempt {
    let unknown = matches!(status.as_u16(), 408 | 409 | 425 | 429);
    if status.is_success() {
        Attempt::Known(Outcome::Done)
    } else if status.is_client_error() && !unknown {
        let text: String = text.chars().take(REASON_BYTES).collect();
        Attempt::Known(Outcome::Refused(format!("{}: {text}", status.as_u16())))
    } else {
        Attempt::Unknown(format!("answered {status}"))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::{Attempt, Outcome, judge};

    #[test]
    fn answers_are_done_refused_or_unknown() {
        for (status, expected) in [
            (200, "done"),
            (202, "done"),
            (302, "unknown"),
            (400, "refused"),
            (404, "refused"),
            (408, "unknown"),
            (409, "unknown"),
            (422, "refused"),
            (429, "unknown"),
            (500, "unknown"),
            (503, "unknown"),
        ] {
            let got = match judge(StatusCode::from_u16(status).unwrap(), "why") {
                Attempt::Known(Outcome::Done) => "done",
                Attempt::Known(Outcome::Refused(reason)) => {
                    assert_eq!(reason, format!("{status}: why"));
                    "refused"
                }
                Attempt::Unknown(_) => "unknown",
            };
            assert_eq!(got, expected, "{status}");
        }
    }
}
