//! Which of the formats a body is in, and the events in it.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use events::{
    BatchError, Code, Context, Lines, Rejection, array, cloudevents, envelope, parse_json,
};
use serde::de::IgnoredAny;

use crate::intake::Read;
use crate::problem::{Kind, Problem};

/// How a body says its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One event, or `{"events":[..]}`.
    Json,
    /// An event a line.
    Lines,
    /// One CloudEvent with everything in the body.
    CloudEvent,
    /// A list of them.
    CloudEvents,
    /// One CloudEvent with its attributes in `ce-` headers.
    CloudEventHeaders(Vec<(String, String)>),
}

impl Format {
    /// The format that a request announces.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let header = request.headers().get(CONTENT_TYPE);
        let content_type = header.map_or(Ok("application/json"), |value| value.to_str());
        let content_type = content_type.unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/cloudevents+json" => Ok(Self::CloudEvent),
            "application/cloudevents-batch+json" => Ok(Self::CloudEvents),
            _ if request.headers().contains_key("ce-specversion") => {
                Ok(Self::CloudEventHeaders(attributes(request, essence)))
            }
            "application/json" => Ok(Self::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Lines),
            other => Err(Problem::new(
                Kind::UnsupportedMediaType,
                format!(
                    "{other:?} is not taken: send application/json, application/x-ndjson or a CloudEvent"
                ),
            )),
        }
    }

    /// The events of a body, each on its own.
    pub(super) fn read(
        &self,
        body: &[u8],
        context: &Context<'_>,
        max: usize,
    ) -> Result<Vec<Read>, Problem> {
        match self {
            Self::Json => match envelope(body, max)? {
                Some(events) => Ok(events
                    .into_iter()
                    .map(|event| parse_json(event, context))
                    .collect()),
                None => single(parse_json(body, context), body),
            },
            Self::Lines => {
                let events: Vec<Read> = Lines::new(body)
                    .take(max + 1)
                    .map(|line| parse_json(line, context))
                    .collect();
                if events.len() > max {
                    return Err(BatchError::TooMany { max }.into());
                }
                Ok(events)
            }
            Self::CloudEvent => single(cloudevents::structured(body, context), body),
            Self::CloudEvents => {
                let events = array(body, max)?;
                Ok(events
                    .into_iter()
                    .map(|event| cloudevents::structured(event, context))
                    .collect())
            }
            Self::CloudEventHeaders(attributes) => {
                single(cloudevents::binary(attributes, body, context), body)
            }
        }
    }
}

// A body that is one event has no neighbours to spare: what is no JSON object, or may not be said, is the request's fault as a whole.
// What could be parsed and is no event all the same is answered as one of a batch is.
fn single(event: Read, body: &[u8]) -> Result<Vec<Read>, Problem> {
    let kind = match &event {
        Err(Rejection {
            code: Code::Malformed,
            ..
        }) if !is_object(body) => Kind::Malformed,
        Err(Rejection {
            code: Code::TooLarge,
            ..
        }) => Kind::TooLarge,
        Err(Rejection {
            code: Code::Forbidden,
            ..
        }) => Kind::Forbidden,
        _ => return Ok(vec![event]),
    };
    let detail = event
        .err()
        .map(|rejection| rejection.detail)
        .unwrap_or_default();
    Err(Problem::new(kind, detail))
}

fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<HashMap<Cow<'_, str>, IgnoredAny>>(body).is_ok()
}

// `ce-` headers without the prefix; in binary mode the content type is the data's.
fn attributes(request: &HttpRequest, content_type: &str) -> Vec<(String, String)> {
    let headers = request.headers().iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("ce-")?;
        Some((
            name.to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        ))
    });
    let data = ("datacontenttype".to_owned(), content_type.to_owned());
    headers.chain(std::iter::once(data)).collect()
}
