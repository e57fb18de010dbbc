//! One request with events to a server, over HTTP or gRPC, and what became of each event.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use proto::ingest::v1::ingest_service_client::IngestServiceClient;
use proto::ingest::v1::{PublishRequest, PublishResponse, PublishStatus};
use serde::Deserialize;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use types::Position;

/// A request that has no answer by then has none.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The code of an event that may or may not be in the log.
const UNAVAILABLE: &str = "unavailable";

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// In the log: partition, and place in it.
    Accepted(u16, Position),
    /// Not in the log.
    Refused,
    /// Nobody knows: no answer came, or one that leaves it open.
    Unknown,
}

/// An HTTP client with connections to spare.
pub fn http(connections: usize) -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .pool_max_idle_per_host(connections)
        .timeout(TIMEOUT)
        .build()
        .context("HTTP client")
}

/// Posts events; the answer's status and body, or `None` where none came.
pub async fn post(
    client: &reqwest::Client,
    url: &str,
    key: &str,
    body: String,
) -> Option<(reqwest::StatusCode, Bytes)> {
    let request = client
        .post(url)
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(body);
    let answer = request.send().await.ok()?;
    let status = answer.status();
    Some((status, answer.bytes().await.ok()?))
}

/// A request's events.
#[derive(Clone, Debug)]
pub enum Body {
    /// The body of an HTTP request.
    Json(String),
    /// A gRPC message.
    Proto(PublishRequest),
}

/// Where a stream's requests go; clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
    grpc: Option<IngestServiceClient<Channel>>,
    authorization: MetadataValue<Ascii>,
}

impl Client {
    /// A client with a key. `grpc` is needed for what goes over gRPC only; it is connected when first used.
    pub fn new(http: reqwest::Client, to: &str, grpc: Option<&str>, key: &str) -> Result<Self> {
        let channel = |address: &str| {
            let endpoint = Endpoint::from_str(address)
                .with_context(|| format!("{address} is no gRPC address: http://HOST:PORT"))?;
            anyhow::Ok(IngestServiceClient::new(
                endpoint.timeout(TIMEOUT).tcp_nodelay(true).connect_lazy(),
            ))
        };
        Ok(Self {
            http,
            url: format!("{}/v1/events", to.trim_end_matches('/')),
            key: key.to_owned(),
            grpc: grpc.map(channel).transpose()?,
            authorization: format!("Bearer {key}")
                .parse()
                .context("a key has plain letters")?,
        })
    }

    /// Sends so many events; what became of each, in order, and the first reason why one was not taken.
    pub async fn send(&self, body: Body, events: usize) -> (Vec<Fate>, Option<String>) {
        match body {
            Body::Json(body) => match post(&self.http, &self.url, &self.key, body).await {
                None => all(Fate::Unknown, events, "no answer"),
                Some((status, bytes)) => answered(status.as_u16(), &bytes, events),
            },
            Body::Proto(message) => match self.publish(message).await {
                Ok(answer) => published(answer, events),
                Err(status) => refused(&status, events),
            },
        }
    }

    async fn publish(&self, message: PublishRequest) -> Result<PublishResponse, tonic::Status> {
        let none = || tonic::Status::failed_precondition("no gRPC address was given");
        let mut client = self.grpc.clone().ok_or_else(none)?;
        let mut request = Request::new(message);
        let key = self.authorization.clone();
        request.metadata_mut().insert("authorization", key);
        Ok(client.publish(request).await?.into_inner())
    }
}

fn all(fate: Fate, events: usize, why: impl Into<String>) -> (Vec<Fate>, Option<String>) {
    (vec![fate; events], Some(why.into()))
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Vec<EventResult<'a>>,
}

#[derive(Deserialize)]
struct EventResult<'a> {
    status: &'a str,
    position: Option<&'a str>,
    code: Option<&'a str>,
}

/// What an HTTP answer says. A refusal as a whole (4xx) says that nothing was taken; a 5xx may come after the log was written.
fn answered(status: u16, bytes: &[u8], events: usize) -> (Vec<Fate>, Option<String>) {
    let why = || format!("HTTP {status}: {}", excerpt(bytes));
    match status {
        202 => match serde_json::from_slice::<Answer<'_>>(bytes) {
            Ok(answer) if answer.results.len() == events => {
                let why = answer.results.iter().find_map(|result| result.code);
                let fates = answer.results.iter().map(|result| {
                    let place = result.position.and_then(place);
                    fate(result.status == "rejected", place, result.code)
                });
                (fates.collect(), why.map(str::to_owned))
            }
            _ => all(Fate::Unknown, events, why()),
        },
        400..500 => all(Fate::Refused, events, why()),
        _ => all(Fate::Unknown, events, why()),
    }
}

fn published(answer: PublishResponse, events: usize) -> (Vec<Fate>, Option<String>) {
    if answer.results.len() != events {
        return all(Fate::Unknown, events, "an answer of another length");
    }
    let coded = answer.results.iter().find(|result| !result.code.is_empty());
    let why = coded.map(|result| result.code.clone());
    let fates = answer.results.iter().map(|result| {
        let place = result.position.as_ref().and_then(|place| {
            let position = Position {
                sequence: place.sequence,
                index: place.index,
            };
            Some((u16::try_from(place.partition).ok()?, position))
        });
        let code = (!result.code.is_empty()).then_some(result.code.as_str());
        fate(result.status() == PublishStatus::Rejected, place, code)
    });
    (fates.collect(), why)
}

/// The same for gRPC: of what the server says before it writes, and of everything else.
fn refused(status: &tonic::Status, events: usize) -> (Vec<Fate>, Option<String>) {
    let fate = match status.code() {
        Code::InvalidArgument
        | Code::Unauthenticated
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Unimplemented => Fate::Refused,
        _ => Fate::Unknown,
    };
    all(
        fate,
        events,
        format!("gRPC {:?}: {}", status.code(), status.message()),
    )
}

fn fate(rejected: bool, place: Option<(u16, Position)>, code: Option<&str>) -> Fate {
    match (place, rejected) {
        (Some((partition, position)), false) => Fate::Accepted(partition, position),
        (_, true) if code != Some(UNAVAILABLE) => Fate::Refused,
        _ => Fate::Unknown,
    }
}

/// A place as answers say it: `PARTITION/SEQUENCE.INDEX`.
fn place(text: &str) -> Option<(u16, Position)> {
    let (partition, position) = text.split_once('/')?;
    let (sequence, index) = position.split_once('.')?;
    let position = Position {
        sequence: sequence.parse().ok()?,
        index: index.parse().ok()?,
    };
    Some((partition.parse().ok()?, position))
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use types::Position;

    use super::{Fate, answered};

    #[test]
    fn an_answer_says_what_became_of_each_event_and_doubt_stays_doubt() {
        let at = |sequence, index| Fate::Accepted(3, Position { sequence, index });
        let table: [(u16, &str, Vec<Fate>); 6] = [
            (
                202,
                r#"{"results":[{"id":"a","status":"accepted","position":"3/7.0"},{"id":"b","status":"accepted","position":"3/7.1"}]}"#,
                vec![at(7, 0), at(7, 1)],
            ),
            (
                202,
                r#"{"results":[{"id":"a","status":"rejected","code":"bad_time","detail":"d"},{"id":"b","status":"rejected","code":"unavailable"}]}"#,
                vec![Fate::Refused, Fate::Unknown],
            ),
            (202, r#"{"results":[]}"#, vec![Fate::Unknown; 2]),
            (202, "no JSON", vec![Fate::Unknown; 2]),
            (429, "{}", vec![Fate::Refused; 2]),
            (503, "{}", vec![Fate::Unknown; 2]),
        ];
        for (status, body, expected) in table {
            assert_eq!(
                answered(status, body.as_bytes(), 2).0,
                expected,
                "{status} {body}"
            );
        }
    }
}
