//! The HTTP API from a caller's side.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use types::Timestamp;

/// How long one request may take, its back-pressure not counted.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How often something is asked for that the server does not answer now, and how long it is waited first; then twice as long each time.
const ATTEMPTS: u32 = 6;
const WAIT_FIRST: Duration = Duration::from_millis(200);

/// A server, and a key to it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    base: String,
    key: String,
    http: reqwest::Client,
}

/// Why a call did not succeed.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    /// Not now: nothing of it was done, or doing it again is harmless. Try again, after so long where the server said it.
    #[error("{why}")]
    Later {
        /// What the server asks to wait.
        after: Option<Duration>,
        /// What went wrong.
        why: String,
    },
    /// The server refuses it, and will refuse it again.
    #[error("{status}: {detail} ({code})")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The problem's stable code.
        code: String,
        /// The problem's text.
        detail: String,
        /// The whole problem.
        problem: Box<Value>,
    },
}

/// What became of one event of a batch.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct EventResult {
    /// Its id, where it could be read.
    pub(crate) id: Option<String>,
    /// `accepted` or `rejected`.
    pub(crate) status: String,
    /// Why it was rejected.
    pub(crate) code: Option<String>,
    /// Why exactly.
    pub(crate) detail: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<EventResult>,
}

/// One page of players.
#[derive(Debug, Deserialize)]
pub(crate) struct PlayersPage {
    /// Player objects, as `simulate` writes them.
    pub(crate) players: Vec<Box<serde_json::value::RawValue>>,
    /// Where to go on; empty or absent at the end.
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`.
    pub(crate) fn new(base: &str, key: &str) -> Result<Self> {
        let mut builder = reqwest::Client::builder().timeout(REQUEST_TIMEOUT);
        if !base.starts_with("https:") {
            // Nothing needs to be trusted, nor this machine to have certificates.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().context("the HTTP client does not start")?;
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            http,
        })
    }

    /// Sends a batch of events, one a line.
    pub(crate) async fn events(&self, lines: Vec<u8>) -> Result<Vec<EventResult>, CallError> {
        let request = self
            .request(Method::POST, "/v1/events")
            .header("content-type", "application/x-ndjson")
            .body(lines);
        let results: Results = json(called(request).await?).await?;
        Ok(results.results)
    }

    /// Says that it is at least this late, in every partition. For servers on event time. With `wait`: returns when all before it is
    /// folded, and its emissions are with the gateways.
    pub(crate) async fn tick(&self, at: Timestamp, wait: bool) -> Result<(), CallError> {
        let query: &[(&str, &str)] = if wait { &[("wait", "applied")] } else { &[] };
        let request = self
            .request(Method::POST, "/v1/clock:tick")
            .query(query)
            .json(&serde_json::json!({"recorded_at": at}));
        called(request).await.map(drop)
    }

    /// A page of the players of the key's brand.
    pub(crate) async fn players(&self, token: &str, size: u32) -> Result<PlayersPage, CallError> {
        let request = self
            .request(Method::GET, "/v1/players")
            .query(&[("page_token", token), ("page_size", &size.to_string())]);
        json(called(request).await?).await
    }

    /// What stands at a path: segments are escaped.
    pub(crate) async fn get(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, CallError> {
        let request = self.request(Method::GET, &path(segments)).query(query);
        json(called(request).await?).await
    }

    /// The bytes that stand at a path.
    pub(crate) async fn get_bytes(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, CallError> {
        let request = self.request(Method::GET, &path(segments)).query(query);
        let bytes = called(request).await?.bytes().await;
        bytes.map(Into::into).map_err(|error| later(&error))
    }

    /// What stands at a path, as it comes.
    pub(crate) async fn pieces(&self, segments: &[&str]) -> Result<Response, CallError> {
        // However long it takes, as long as something comes.
        let request = self.request(Method::GET, &path(segments));
        called(request.timeout(Duration::from_secs(24 * 3_600))).await
    }

    /// Deletes what stands at a path.
    pub(crate) async fn delete(&self, segments: &[&str]) -> Result<Value, CallError> {
        json(called(self.request(Method::DELETE, &path(segments))).await?).await
    }

    /// Sets the draft of the brand's programme.
    pub(crate) async fn put_draft(&self, source: String) -> Result<Value, CallError> {
        let request = self
            .request(Method::PUT, "/v1/programme")
            .header("content-type", "application/yaml")
            .body(source);
        json(called(request).await?).await
    }

    /// A page of what a draft would mean for the brand's players.
    pub(crate) async fn preview(&self, source: String, token: &str) -> Result<Value, CallError> {
        let request = self
            .request(Method::POST, "/v1/programme:preview")
            .query(&[("page_token", token)])
            .header("content-type", "application/yaml")
            .body(source);
        json(called(request).await?).await
    }

    /// Publishes the draft.
    pub(crate) async fn publish(&self, said: &Value) -> Result<Value, CallError> {
        let request = self.request(Method::POST, "/v1/programme:publish");
        json(called(request.json(said)).await?).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key)
    }
}

/// Asks again while the server cannot answer.
pub(crate) async fn patiently<T, A>(ask: impl Fn() -> A) -> Result<T, CallError>
where
    A: Future<Output = Result<T, CallError>>,
{
    let mut wait = WAIT_FIRST;
    for _ in 1..ATTEMPTS {
        match ask().await {
            Err(CallError::Later { after, .. }) => {
                tokio::time::sleep(after.unwrap_or(wait)).await;
                wait *= 2;
            }
            answer => return answer,
        }
    }
    ask().await
}

/// A path of segments that may hold anything.
fn path(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        for byte in segment.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
                path.push(char::from(byte));
            } else {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    path
}

async fn called(request: RequestBuilder) -> Result<Response, CallError> {
    let response = request.send().await.map_err(|error| later(&error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let problem: Value = response.json().await.unwrap_or_default();
    let text = |name: &str| problem[name].as_str().unwrap_or("").to_owned();
    let detail = match text("detail") {
        empty if empty.is_empty() => text("title"),
        detail => detail,
    };
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let why = format!("{status}: {detail}");
        return Err(CallError::Later { after, why });
    }
    Err(CallError::Refused {
        status,
        code: text("code"),
        detail,
        problem: Box::new(problem),
    })
}

async fn json<T: for<'de> Deserialize<'de>>(response: Response) -> Result<T, CallError> {
    let bytes = response.bytes().await.map_err(|error| later(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| CallError::Refused {
        status: StatusCode::OK,
        code: "unexpected_answer".to_owned(),
        detail: error.to_string(),
        problem: Box::default(),
    })
}

fn later(error: &reqwest::Error) -> CallError {
    // The outer error only names the address; what happened stands at the bottom.
    let mut why: &dyn std::error::Error = error;
    while let Some(source) = why.source() {
        why = source;
    }
    let host = error.url().map(|url| url.origin().ascii_serialization());
    let why = match host.filter(|_| error.is_connect()) {
        Some(host) => format!("nobody answers at {host}: {why}"),
        None => why.to_string(),
    };
    CallError::Later { after: None, why }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn ids_with_any_characters_stay_one_segment() {
        assert_eq!(
            path(&["v1", "players", "a/b é?"]),
            "/v1/players/a%2Fb%20%C3%A9%3F"
        );
    }
}
