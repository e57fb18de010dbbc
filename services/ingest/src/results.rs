//! What became of each event of a request.

use std::borrow::Cow;
use std::fmt;

use events::Rejection;
use serde::Serialize;
use serde_json::value::RawValue;
use types::{EventId, Partition, Position, Text};

use crate::queries::Applied;

/// What became of one event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventResult {
    /// Its id, where one could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Text>,
    pub(crate) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) emissions: Option<Vec<Box<RawValue>>>,
}

/// Which way an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Durable in the log.
    Accepted,
    /// Not in the log.
    Rejected,
    /// In the log and folded.
    Folded(Applied),
}

/// A place in the log: partition, sequence of the message, index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Partition, pub(crate) Position);

impl EventResult {
    pub(crate) fn accepted(id: &EventId, place: Place) -> Self {
        Self {
            id: Some(id.as_str().into()),
            status: Status::Accepted,
            position: Some(place),
            code: None,
            detail: None,
            emissions: None,
        }
    }

    pub(crate) fn rejected(rejection: &Rejection) -> Self {
        Self {
            id: rejection.id.as_deref().map(Text::from),
            status: Status::Rejected,
            position: None,
            code: Some(Cow::Borrowed(rejection.code.as_str())),
            detail: Some(rejection.detail.clone()),
            emissions: None,
        }
    }

    /// Other events of the request are durable and this one is not: it alone is to be sent again.
    pub(crate) fn failed(id: &EventId, detail: String) -> Self {
        Self {
            id: Some(id.as_str().into()),
            status: Status::Rejected,
            position: None,
            code: Some(Cow::Borrowed(UNAVAILABLE)),
            detail: Some(format!("send this event again: {detail}")),
            emissions: None,
        }
    }
}

/// The code of an event that was valid and did not become durable, while others of its request did.
pub(crate) const UNAVAILABLE: &str = "unavailable";

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Folded(applied) => applied.as_str(),
        }
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
