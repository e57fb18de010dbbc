//! The operator's endpoint: one call, and what its answer means.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, ClientBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use telemetry::{names, trace};
use thiserror::Error;

use crate::backoff::Backoff;
use crate::grant::{Ask, Call, Grant, Outcome};
use crate::webhook::{self, NotASecret, Signer};

/// An answer is read up to here: a reason is a sentence.
const REASON_BYTES: usize = 500;

/// Whom to call, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OperatorConfig {
    /// Where grants are posted: `https://…`, or `http://…` on a network that is trusted.
    pub url: String,
    /// PEM certificates that the operator's is trusted by; absent: those that the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
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
            ca_file: None,
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
    #[error("{0} is not an https:// or http:// address")]
    Url(String),
    /// The certificates.
    #[error("ca_file {}: {why}", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
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
        let url = reqwest::Url::parse(&config.url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| OperatorError::Url(config.url.clone()))?;
        let client = trusting(&url, config.ca_file.as_deref())?
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
        // The operator's part of the trace hangs under this call's.
        let here = trace::current().map(|here| here.to_string());
        let traceparent = here.as_ref().unwrap_or(&grant.traceparent);
        if !traceparent.is_empty() {
            request = request.header("traceparent", traceparent);
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
            Err(error) => Attempt::Unknown(with_causes(&error)),
            Ok(response) => {
                let status = response.status();
                let text = response.text().await.unwrap_or_default();
                judge(status, &text)
            }
        }
    }
}

/// With what is under it: that a certificate is not trusted is in no other line.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(under) = cause {
        text.push_str(": ");
        text.push_str(&under.to_string());
        cause = under.source();
    }
    text
}

/// A client that trusts the certificates in the file, or the system's.
fn trusting(url: &reqwest::Url, ca_file: Option<&Path>) -> Result<ClientBuilder, OperatorError> {
    let builder = reqwest::Client::builder();
    let Some(file) = ca_file else {
        // Without TLS nothing needs to be trusted, nor the system to have certificates.
        return Ok(match url.scheme() {
            "https" => builder,
            _ => builder.tls_certs_only([]),
        });
    };
    let wrong = |why: String| OperatorError::CaFile {
        file: file.to_owned(),
        why,
    };
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let certificates =
        Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("there is no PEM certificate in it".to_owned()));
    }
    Ok(builder.tls_certs_only(certificates))
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
