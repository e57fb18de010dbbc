//! JetStream's API: requests with one kind of error, whatever is asked.

use std::str::FromStr as _;
use std::time::Duration;

use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{Context, ContextBuilder, ErrorCode};
use async_nats::{Client, HeaderMap, Request};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use thiserror::Error;
use types::Timestamp;

/// How long one request waits for its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// The header that replaces all earlier messages of the subject.
const ROLLUP: (&str, &str) = ("Nats-Rollup", "sub");

/// Refusals of a cluster that finds itself again soon. The status 503 does not tell: a full stream has it too.
const PASSING: [ErrorCode; 6] = [
    ErrorCode::CLUSTER_NOT_AVAILABLE,
    ErrorCode::CLUSTER_NOT_LEADER,
    ErrorCode::CLUSTER_NOT_ACTIVE,
    ErrorCode::CLUSTER_NOT_ASSIGNED,
    ErrorCode::CLUSTER_INCOMPLETE,
    ErrorCode::STREAM_OFFLINE,
];

/// Why a request has no answer.
#[derive(Clone, Debug, Error)]
pub(crate) enum ApiError {
    /// No answer, or no leader yet. Ask again.
    #[error("{0}")]
    Unavailable(String),
    /// A definite no.
    #[error("{text}")]
    Refused {
        /// Which.
        code: ErrorCode,
        /// In words.
        text: String,
    },
}

impl ApiError {
    /// Whether it is this refusal.
    pub(crate) fn is(&self, wanted: ErrorCode) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == wanted)
    }
}

impl From<async_nats::jetstream::Error> for ApiError {
    fn from(error: async_nats::jetstream::Error) -> Self {
        let code = error.error_code();
        let text = error.to_string();
        let passing = PASSING.contains(&code);
        match passing {
            true => Self::Unavailable(text),
            false => Self::Refused { code, text },
        }
    }
}

/// A stored message.
#[derive(Debug, Deserialize)]
pub(crate) struct Stored {
    #[serde(rename = "seq")]
    pub(crate) sequence: u64,
    #[serde(rename = "data", default, deserialize_with = "base64_bytes")]
    pub(crate) body: Bytes,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Timestamp,
}

#[derive(Deserialize)]
struct Answer {
    message: Stored,
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    BASE64_STANDARD
        .decode(text)
        .map(Bytes::from)
        .map_err(D::Error::custom)
}

pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::from_str(&text).map_err(D::Error::custom)
}

/// Asks.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    context: Context,
}

impl Api {
    pub(crate) fn new(client: Client) -> Self {
        let context = ContextBuilder::new()
            .timeout(REQUEST_TIMEOUT)
            .build(client.clone());
        Self { client, context }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// A request below `$JS.API.`.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        subject: String,
        payload: &impl Serialize,
    ) -> Result<T, ApiError> {
        let response = self.context.request(subject.clone(), payload).await;
        match response {
            Ok(Response::Ok(answer)) => Ok(answer),
            Ok(Response::Err { error }) => Err(error.into()),
            Err(error) => Err(ApiError::Unavailable(match error.kind() {
                RequestErrorKind::NoResponders => {
                    "no JetStream answers for this account".to_owned()
                }
                RequestErrorKind::TimedOut => format!("no answer to {subject}"),
                _ => error.to_string(),
            })),
        }
    }

    /// The last message of a subject, as the stream's leader has it.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<Stored>, ApiError> {
        let asked = json!({ "last_by_subj": subject });
        let answer = self
            .ask::<Answer>(format!("STREAM.MSG.GET.{stream}"), &asked)
            .await;
        match answer {
            Ok(answer) => Ok(Some(answer.message)),
            Err(error) if error.is(ErrorCode::NO_MESSAGE_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces a subject's one message, if the last one is still at `expected` (0: there is none). False if it is not.
    pub(crate) async fn replace(
        &self,
        subject: String,
        expected: u64,
        body: Bytes,
    ) -> Result<bool, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(ROLLUP.0, ROLLUP.1);
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        Ok(self.put(subject, headers, body).await?.is_some())
    }

    /// Publishes a message and gives its sequence; `None` if the last one of its subject is not the one that the headers expect.
    pub(crate) async fn put(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Option<u64>, ApiError> {
        let request = Request::new()
            .headers(headers)
            .payload(body)
            .timeout(Some(REQUEST_TIMEOUT));
        match acknowledged(self.client.send_request(subject, request).await) {
            Ok(acknowledgement) => Ok(Some(acknowledgement.sequence)),
            Err(error)
                if error.is(ErrorCode::STREAM_WRONG_LAST_SEQUENCE)
                    || error.is(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// What a stream says to a message that it stored.
#[derive(Debug, Deserialize)]
pub(crate) struct Acknowledgement {
    pub(crate) stream: String,
    #[serde(rename = "seq")]
    pub(crate) sequence: u64,
}

/// The answer to a published message.
fn acknowledged(
    answer: Result<async_nats::Message, async_nats::RequestError>,
) -> Result<Acknowledgement, ApiError> {
    let message = answer.map_err(|error| ApiError::Unavailable(error.to_string()))?;
    read_acknowledgement(&message.payload)
}

/// An acknowledgement from its bytes.
pub(crate) fn read_acknowledgement(payload: &[u8]) -> Result<Acknowledgement, ApiError> {
    match serde_json::from_slice(payload) {
        Ok(Response::Ok(acknowledgement)) => Ok(acknowledgement),
        Ok(Response::Err { error }) => Err(error.into()),
        Err(error) => Err(ApiError::Unavailable(format!(
            "an answer that is no acknowledgement ({error})"
        ))),
    }
}
