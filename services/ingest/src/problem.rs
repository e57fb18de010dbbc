//! Why a request as a whole was refused: one list for HTTP (RFC 9457) and gRPC.

use std::time::Duration;

use events::BatchError;
use ports::{AppendError, ReadError};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::queries::QueryError;

/// Why a request was refused. Nothing of it was accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{detail}")]
pub struct Problem {
    /// Which kind.
    pub kind: Kind,
    /// What exactly, for people.
    pub detail: String,
    /// When trying again may help.
    pub retry_after: Option<Duration>,
    /// What there is more to say about it, by name.
    pub members: Map<String, Value>,
}

/// The kinds of problems, each with a stable code and a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The body, or a parameter, is not what was asked for.
    Malformed,
    /// A batch without events.
    EmptyBatch,
    /// No key, or one that nobody has.
    Unauthenticated,
    /// The key lacks the scope, or its brand has no programme here.
    Forbidden,
    /// No such player or event; another brand's look the same.
    NotFound,
    /// It was there, and is not kept any more.
    Gone,
    /// No such path.
    NoSuchPath,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// Time is the log's here, and cannot be set.
    LogClock,
    /// There is no draft to publish.
    NoDraft,
    /// The draft is not the one that is meant.
    DraftChanged,
    /// The draft was made from another version than the one that is published.
    StaleBase,
    /// The draft is the version in effect.
    Unchanged,
    /// The draft cannot take the place of the version in effect.
    CannotFollow,
    /// The draft is no programme.
    InvalidProgramme,
    /// The body came too slowly.
    Timeout,
    /// A limit of size or number.
    TooLarge,
    /// A content type that is not taken.
    UnsupportedMediaType,
    /// The key sends faster than it may.
    RateLimited,
    /// More is under way than the server holds.
    Overloaded,
    /// The log takes nothing now.
    Unavailable,
    /// The log is full.
    LogFull,
    /// Something that should not happen.
    Internal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 23] = [
        Self::Malformed,
        Self::EmptyBatch,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Gone,
        Self::NoSuchPath,
        Self::MethodNotAllowed,
        Self::LogClock,
        Self::NoDraft,
        Self::DraftChanged,
        Self::StaleBase,
        Self::Unchanged,
        Self::CannotFollow,
        Self::InvalidProgramme,
        Self::Timeout,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RateLimited,
        Self::Overloaded,
        Self::Unavailable,
        Self::LogFull,
        Self::Internal,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::EmptyBatch => "empty_batch",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Gone => "gone",
            Self::NoSuchPath => "no_such_path",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::LogClock => "log_clock",
            Self::NoDraft => "no_draft",
            Self::DraftChanged => "draft_changed",
            Self::StaleBase => "stale_base",
            Self::Unchanged => "unchanged",
            Self::CannotFollow => "cannot_follow",
            Self::InvalidProgramme => "invalid_programme",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::LogFull => "log_full",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::EmptyBatch => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::NoSuchPath => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::LogClock
            | Self::NoDraft
            | Self::DraftChanged
            | Self::StaleBase
            | Self::Unchanged
            | Self::CannotFollow => 409,
            Self::Gone => 410,
            Self::InvalidProgramme => 422,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimited => 429,
            Self::Overloaded | Self::Unavailable | Self::LogFull => 503,
            Self::Internal => 500,
        }
    }

    /// The title, the same for every problem of the kind.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::EmptyBatch => "The batch has no events",
            Self::Unauthenticated => "A valid API key is needed",
            Self::Forbidden => "The API key may not do this",
            Self::NotFound => "Not found",
            Self::Gone => "Not kept any more",
            Self::NoSuchPath => "No such path",
            Self::MethodNotAllowed => "The path has no such method",
            Self::LogClock => "The server runs on the log's clock",
            Self::NoDraft => "There is no draft",
            Self::DraftChanged => "The draft is another one",
            Self::StaleBase => "Another version was published since",
            Self::Unchanged => "Nothing would change",
            Self::CannotFollow => "The draft cannot follow the programme in effect",
            Self::InvalidProgramme => "The draft is no valid programme",
            Self::Timeout => "The request came too slowly",
            Self::TooLarge => "The request is over a limit",
            Self::UnsupportedMediaType => "The content type is not taken",
            Self::RateLimited => "Too many events for this key",
            Self::Overloaded => "Too much is under way",
            Self::Unavailable => "The service is not available now",
            Self::LogFull => "The log is full",
            Self::Internal => "Internal error",
        }
    }
}

impl Problem {
    /// A problem that trying again does not help.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after: None,
            members: Map::new(),
        }
    }

    /// The same, with one thing more said.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// A problem that passes.
    pub fn later(kind: Kind, detail: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after: Some(retry_after),
            members: Map::new(),
        }
    }

    /// More is under way than the server holds.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self::later(Kind::Overloaded, detail, Duration::from_secs(1))
    }
}

impl From<&AppendError> for Problem {
    fn from(error: &AppendError) -> Self {
        let detail = error.to_string();
        match error {
            AppendError::Full => Self::later(Kind::LogFull, detail, Duration::from_secs(30)),
            AppendError::Unavailable(_) | AppendError::Unknown(_) => {
                Self::later(Kind::Unavailable, detail, Duration::from_secs(1))
            }
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Overloaded => Self::overloaded(error.to_string()),
            QueryError::Moving | QueryError::Stopping => {
                Self::later(Kind::Unavailable, error.to_string(), Duration::from_secs(1))
            }
        }
    }
}

impl From<BatchError> for Problem {
    fn from(error: BatchError) -> Self {
        let kind = match error {
            BatchError::Malformed(_) => Kind::Malformed,
            BatchError::TooMany { .. } => Kind::TooLarge,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Truncated { first } => Self::new(
                Kind::Gone,
                format!("the log begins after {first}: what stood before was cut off"),
            ),
            ReadError::OtherIncarnation => Self::new(
                Kind::NotFound,
                "the log never gave this position: begin again with `GET /v1/log`",
            ),
            ReadError::Gap { .. } => Self::new(Kind::Internal, error.to_string()),
            ReadError::Unavailable(_) => {
                let after = Duration::from_secs(1);
                Self::later(Kind::Unavailable, error.to_string(), after)
            }
        }
    }
}
