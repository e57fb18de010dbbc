//! A problem as a gRPC status: canonical code, `ErrorInfo`, `RetryInfo` where it passes, and what else a kind has to say.

use prost::Message;
use prost_types::Any;
use proto::programme::v1 as wire;
use serde_json::Value;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::problem::{Kind, Problem};

const DOMAIN: &str = "questline";
/// What changed elsewhere, and what changed here as well: details travel in a header, which clients bound at 8 KiB.
const CHANGES_MAX: usize = 3 * 1024;
const ALSO_YOURS_MAX: usize = 1024;

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let reason = problem.kind.code().to_uppercase();
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, []);
        if let Some(after) = problem.retry_after {
            details.set_retry_info(Some(after));
        }
        let code = code(problem.kind);
        let status = Self::with_error_details(code, problem.detail.clone(), details);
        if problem.kind != Kind::StaleBase {
            return status;
        }
        let Ok(mut whole) = tonic_types::Status::decode(status.details()) else {
            return status;
        };
        whole.details.push(Any {
            type_url: "type.googleapis.com/questline.programme.v1.StaleBase".to_owned(),
            value: stale_base(&problem).encode_to_vec(),
        });
        Self::with_details(code, problem.detail, whole.encode_to_vec().into())
    }
}

fn stale_base(problem: &Problem) -> wire::StaleBase {
    let said = |name: &str| problem.members.get(name).unwrap_or(&Value::Null);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let current = said("current");
    let (changes, more) = sentences(said("changes"), CHANGES_MAX);
    let (also_yours, more_yours) = sentences(said("also_yours"), ALSO_YOURS_MAX);
    let left_out = said("changes_left_out").as_u64().unwrap_or(0);
    wire::StaleBase {
        current: current.is_object().then(|| wire::Publication {
            number: current["number"].as_u64().unwrap_or(0),
            version: text(&current["version"]),
            base: text(&current["base"]),
            author: text(&current["author"]),
            // It may be as long as a header.
            note: String::new(),
            published_at: current["at"].as_str().and_then(|at| at.parse().ok()),
            source: String::new(),
        }),
        difference_of: text(said("difference_of")),
        changes,
        also_yours,
        left_out: u32::try_from(left_out)
            .unwrap_or(u32::MAX)
            .saturating_add(more)
            .saturating_add(more_yours),
    }
}

/// As many of the sentences as fit, and how many do not.
fn sentences(all: &Value, bytes_max: usize) -> (Vec<String>, u32) {
    let (mut said, mut bytes, mut left_out) = (Vec::new(), 0_usize, 0_u32);
    for sentence in all
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        bytes = bytes.saturating_add(sentence.len());
        if bytes > bytes_max {
            left_out = left_out.saturating_add(1);
        } else {
            said.push(sentence.to_owned());
        }
    }
    (said, left_out)
}

const fn code(kind: Kind) -> Code {
    match kind {
        Kind::Malformed
        | Kind::EmptyBatch
        | Kind::TooLarge
        | Kind::UnsupportedMediaType
        | Kind::InvalidProgramme => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Gone => Code::OutOfRange,
        Kind::NoSuchPath | Kind::MethodNotAllowed => Code::Unimplemented,
        Kind::LogClock | Kind::NoDraft | Kind::Unchanged | Kind::CannotFollow => {
            Code::FailedPrecondition
        }
        Kind::StaleBase | Kind::DraftChanged => Code::Aborted,
        Kind::Timeout => Code::DeadlineExceeded,
        Kind::RateLimited | Kind::Overloaded | Kind::LogFull => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}
